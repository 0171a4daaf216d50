// SPDX-License-Identifier: MIT
// io/pnp/resources.cpp
//
// CM_RESOURCE_LISTs of a function: what its base address registers decode and where its interrupt arrives. Bus addresses are
// processor addresses on this machine, so raw and translated differ in the interrupt alone.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/raw-and-translated-resources
#include "device_node.hpp"

namespace pnp {

namespace {

constexpr ULONG kTag = 'eRpP';

bool is_placed(const Bar& bar) { return bar.kind != Bar::Kind::none && bar.address != 0; }

void describe_bar(const Bar& bar, CM_PARTIAL_RESOURCE_DESCRIPTOR& resource) {
    resource.ShareDisposition = CmResourceShareDeviceExclusive;
    if (bar.kind == Bar::Kind::port) {
        resource.Type = CmResourceTypePort;
        resource.Flags = CM_RESOURCE_PORT_IO | CM_RESOURCE_PORT_POSITIVE_DECODE;
        resource.u.Port.Start.QuadPart = static_cast<LONGLONG>(bar.address);
        resource.u.Port.Length = static_cast<ULONG>(bar.bytes);
        return;
    }
    resource.Type = CmResourceTypeMemory;
    resource.Flags = CM_RESOURCE_MEMORY_READ_WRITE | (bar.prefetchable ? CM_RESOURCE_MEMORY_PREFETCHABLE : 0);
    resource.u.Memory.Start.QuadPart = static_cast<LONGLONG>(bar.address);
    resource.u.Memory.Length = static_cast<ULONG>(bar.bytes);
}

void describe_interrupt(UCHAR line, bool translated, CM_PARTIAL_RESOURCE_DESCRIPTOR& resource) {
    resource.Type = CmResourceTypeInterrupt;
    resource.ShareDisposition = CmResourceShareShared;
    resource.Flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    ULONG level = line, vector = line;
    KAFFINITY affinity = ~KAFFINITY{0};
    KIRQL irql = 0;
    if (translated && NT_SUCCESS(RdTranslateInterrupt(line, &vector, &irql))) {
        level = irql;
        affinity = KeQueryActiveProcessors();
    }
    resource.u.Interrupt.Level = level;
    resource.u.Interrupt.Vector = vector;
    resource.u.Interrupt.Affinity = affinity;
}

}  // namespace

PCM_RESOURCE_LIST build_resources(const DeviceNode& node, bool translated) {
    ULONG count = node.id.has_interrupt() ? 1 : 0;
    for (const Bar& bar : node.bars) count += is_placed(bar) ? 1 : 0;
    if (count == 0) return nullptr;
    const SIZE_T bytes = sizeof(CM_RESOURCE_LIST) + (count - 1) * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
    auto* list = static_cast<PCM_RESOURCE_LIST>(ExAllocatePoolWithTag(PagedPool, bytes, kTag));
    if (!list) return nullptr;
    RtlZeroMemory(list, bytes);
    list->Count = 1;
    CM_FULL_RESOURCE_DESCRIPTOR& full = list->List[0];
    full.InterfaceType = PCIBus;
    full.BusNumber = node.address.bus;
    full.PartialResourceList.Version = 1;
    full.PartialResourceList.Revision = 1;
    full.PartialResourceList.Count = count;
    CM_PARTIAL_RESOURCE_DESCRIPTOR* next = full.PartialResourceList.PartialDescriptors;
    for (const Bar& bar : node.bars)
        if (is_placed(bar)) describe_bar(bar, *next++);
    if (node.id.has_interrupt()) describe_interrupt(node.id.interrupt_line, translated, *next);
    return list;
}

}  // namespace pnp
