// SPDX-License-Identifier: MIT
// io/pnp/place.cpp
//
// Resources for a function that came after the firmware had done its work: addresses for its base address registers, and the
// interrupt line its pin is routed to.
#include "device_node.hpp"
#include "pci_config.hpp"
#include "windows.hpp"

namespace pnp {

namespace {

constexpr ULONG kTakenMax = 192;
constexpr USHORT kIntel = 0x8086, kPiix3 = 0x7000;
constexpr uint32_t kRouteControl = 0x60;  // PIRQRC[A:D] of the ISA bridge (82371SB, 2.2.7)

/// What is decoded by others, of one kind. Under PnpLock, which also guards the array.
struct Taken {
    Range range[kTakenMax];
    unsigned count;

    void collect(Bar::Kind kind) {
        count = 0;
        for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink)
            for (const Bar& bar : CONTAINING_RECORD(entry, DeviceNode, entry)->bars)
                if (bar.kind == kind && bar.address != 0 && count < kTakenMax) range[count++] = {bar.address, bar.bytes};
    }
};
Taken taken;

bool place_bar(const DeviceNode& node, uint32_t number, Bar& bar) {
    taken.collect(bar.kind);
    if (taken.count == kTakenMax) return false;
    bar.address = find_room(bar.kind == Bar::Kind::port ? kPortWindow : kMemoryWindow, bar.bytes, taken.range, taken.count);
    if (bar.address == 0) return false;
    const uint32_t offset = config_bars + 4 * number;
    write_config32(node.address, offset, static_cast<uint32_t>(bar.address));
    if (bar.wide) write_config32(node.address, offset + 4, static_cast<uint32_t>(bar.address >> 32));
    return true;
}

uint8_t line_of(const DeviceNode& node) {
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink) {
        const DeviceNode& bridge = *CONTAINING_RECORD(entry, DeviceNode, entry);
        if (bridge.id.vendor != kIntel || bridge.id.device != kPiix3) continue;
        uint8_t routes[4];
        read_config(bridge.address, kRouteControl, routes, sizeof routes);
        return routed_line(node.id.interrupt_pin, node.address.device, routes);
    }
    return kNoInterruptLine;
}

}  // namespace

NTSTATUS place_node(DeviceNode& node) {
    if (node.address.bus != 0) return STATUS_SUCCESS;  // behind a bridge: its windows are the firmware's
    for (uint32_t i = 0; i < kBars; ++i)
        if (node.bars[i].kind != Bar::Kind::none && node.bars[i].address == 0 && !place_bar(node, i, node.bars[i])) {
            node.bars[i] = {};
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    if (node.id.interrupt_pin != 0 && !node.id.has_interrupt()) {
        node.id.interrupt_line = line_of(node);
        write_config(node.address, config_interrupt_line, &node.id.interrupt_line, 1);
    }
    return STATUS_SUCCESS;
}

}  // namespace pnp
