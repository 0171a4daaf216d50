// SPDX-License-Identifier: MIT
// io/pnp/pci_scan.cpp
//
// Which functions there are, and what their base address registers decode. The firmware has assigned both.
#include "device_node.hpp"
#include "pci_config.hpp"

namespace pnp {

namespace {

constexpr unsigned kDevices = 32, kFunctions = 8, kBridgeDepthMax = 8;

using Found = void (*)(PciAddress, const PciIdentity&);

void scan_bus(uint8_t bus, unsigned depth, Found found);

/// False when there is no such function.
bool scan_function(PciAddress at, unsigned depth, Found found, bool* multi_function) {
    UCHAR header[config_header_bytes];
    if (read_config16(at, config_vendor) == kNoVendor) return false;
    read_config(at, 0, header, sizeof header);
    *multi_function = (header[config_header_type] & kHeaderMultiFunction) != 0;
    found(at, identify(header));
    if ((header[config_header_type] & kHeaderTypeMask) == kHeaderBridge && depth < kBridgeDepthMax) {
        const uint8_t behind = header[config_secondary_bus];
        if (behind > at.bus) scan_bus(behind, depth + 1, found);  // 0: the firmware has not set the bridge up
    }
    return true;
}

void scan_bus(uint8_t bus, unsigned depth, Found found) {
    for (uint8_t device = 0; device < kDevices; ++device) {
        bool multi = false, ignored;
        if (!scan_function({bus, device, 0}, depth, found, &multi) || !multi) continue;
        for (uint8_t function = 1; function < kFunctions; ++function)
            scan_function({bus, device, function}, depth, found, &ignored);
    }
}

}  // namespace

void scan_buses(Found found) { scan_bus(0, 0, found); }

void read_bars(PciAddress at, Bar (&bars)[kBars]) {
    uint32_t values[kBars], masks[kBars];
    const uint16_t command = read_config16(at, config_command);
    write_config16(at, config_command, command & ~(kCommandPort | kCommandMemory));
    for (uint32_t i = 0; i < kBars; ++i) {
        const uint32_t offset = config_bars + 4 * i;
        values[i] = read_config32(at, offset);
        write_config32(at, offset, 0xffffffff);
        masks[i] = read_config32(at, offset);
        write_config32(at, offset, values[i]);
    }
    write_config16(at, config_command, command);
    for (uint32_t i = 0; i < kBars; ++i) bars[i] = decode_bar(values, masks, i);
}

}  // namespace pnp
