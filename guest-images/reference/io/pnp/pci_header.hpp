// SPDX-License-Identifier: MIT
// io/pnp/pci_header.hpp
//
// A PCI function's configuration header as facts: identity, and which resources its base address registers decode.
// Pure (PCI Local Bus Specification 3.0, 6.1, 6.2.5): compiled natively by tests/unit/nic.
#pragma once
#include <stdint.h>

namespace pnp {

constexpr uint32_t kBars = 6;

/// Offsets in configuration space.
enum ConfigOffset : uint32_t {
    config_vendor = 0x00,
    config_device = 0x02,
    config_command = 0x04,
    config_revision = 0x08,
    config_header_type = 0x0e,
    config_bars = 0x10,
    config_secondary_bus = 0x19,
    config_subsystem_vendor = 0x2c,
    config_subsystem = 0x2e,
    config_interrupt_line = 0x3c,
    config_interrupt_pin = 0x3d,
    config_header_bytes = 0x40,
    config_bytes = 0x100,
};
constexpr uint16_t kCommandPort = 0x0001, kCommandMemory = 0x0002, kCommandMaster = 0x0004,
                   kCommandNoInterrupt = 0x0400;
constexpr uint8_t kHeaderMultiFunction = 0x80, kHeaderTypeMask = 0x7f, kHeaderEndpoint = 0,
                  kHeaderBridge = 1;
constexpr uint16_t kNoVendor = 0xffff;
constexpr uint8_t kNoInterruptLine = 0xff;

/// What one base address register decodes.
struct Bar {
    enum class Kind : uint8_t { none, port, memory } kind = Kind::none;
    bool prefetchable = false;
    bool wide = false;  ///< 64 bits: the next register is its upper half.
    uint64_t address = 0;
    uint64_t bytes = 0;
};

/// Decodes the register `number` of six, given their values and what they read back as after all ones were written to
/// them. A register that is unused, or the upper half of its neighbour, decodes nothing; one that nobody has assigned an
/// address has the address 0.
constexpr Bar decode_bar(const uint32_t (&values)[kBars], const uint32_t (&masks)[kBars], uint32_t number) {
    constexpr uint32_t is_port = 1, type_mask = 6, type_64 = 4, is_prefetchable = 8;
    Bar bar;
    for (uint32_t i = 0; i < number; ++i) {
        const bool wide = (values[i] & (is_port | type_mask)) == type_64;
        if (wide && i + 1 == number) return bar;  // somebody's upper half
        i += wide ? 1 : 0;
    }
    const uint32_t value = values[number], mask = masks[number];
    if (mask == 0 || mask == 0xffffffff) return bar;
    if (value & is_port) {
        const uint32_t bits = mask & ~3u;
        bar.address = value & ~3u;
        bar.bytes = bits & (~bits + 1);  // devices may leave the upper 16 bits at zero
        bar.kind = bits != 0 ? Bar::Kind::port : Bar::Kind::none;
        return bar;
    }
    uint64_t bits = mask & ~15u;
    bar.address = value & ~15u;
    bar.prefetchable = (value & is_prefetchable) != 0;
    bar.wide = (value & type_mask) == type_64 && number + 1 < kBars;
    if (bar.wide) {
        bits |= uint64_t{masks[number + 1]} << 32;
        bar.address |= uint64_t{values[number + 1]} << 32;
    }
    bar.bytes = bits & (~bits + 1);
    bar.kind = bits != 0 ? Bar::Kind::memory : Bar::Kind::none;
    return bar;
}

/// Where a function is.
struct PciAddress {
    uint8_t bus = 0, device = 0, function = 0;

    /// bus<<8 | device<<3 | function: as rd_ndis_adapters and the registry say it.
    constexpr uint32_t number() const { return uint32_t{bus} << 8 | uint32_t{device} << 3 | function; }
    constexpr bool operator==(const PciAddress& other) const { return number() == other.number(); }
};

/// Who a function is, and what it decodes.
struct PciIdentity {
    uint16_t vendor = kNoVendor, device = 0, subsystem_vendor = 0, subsystem = 0;
    uint8_t revision = 0, base_class = 0, sub_class = 0, programming = 0;
    uint8_t interrupt_pin = 0, interrupt_line = kNoInterruptLine;

    constexpr bool operator==(const PciIdentity& other) const {
        return vendor == other.vendor && device == other.device && subsystem == other.subsystem &&
               subsystem_vendor == other.subsystem_vendor && revision == other.revision;
    }
    constexpr bool has_interrupt() const {
        return interrupt_pin != 0 && interrupt_line != 0 && interrupt_line != kNoInterruptLine;
    }
};

/// Reads the identity out of the first 64 bytes of configuration space.
constexpr PciIdentity identify(const uint8_t* header) {
    const auto word = [header](uint32_t at) { return static_cast<uint16_t>(header[at] | header[at + 1] << 8); };
    PciIdentity id;
    id.vendor = word(config_vendor);
    id.device = word(config_device);
    id.revision = header[config_revision];
    id.programming = header[config_revision + 1];
    id.sub_class = header[config_revision + 2];
    id.base_class = header[config_revision + 3];
    if ((header[config_header_type] & kHeaderTypeMask) == kHeaderEndpoint) {
        id.subsystem_vendor = word(config_subsystem_vendor);
        id.subsystem = word(config_subsystem);
    }
    id.interrupt_line = header[config_interrupt_line];
    id.interrupt_pin = header[config_interrupt_pin];
    return id;
}

}  // namespace pnp
