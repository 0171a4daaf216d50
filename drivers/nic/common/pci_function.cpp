// SPDX-License-Identifier: MIT
// nic/common/pci_function.cpp: see pci_function.hpp.
#include "pci_function.hpp"

namespace nic
{

namespace
{
constexpr uint32_t kCommandOffset = 0x04, kBarOffset = 0x10;
constexpr uint16_t kCommandBusMaster = 0x0004;
constexpr uint32_t kBarIsPort = 0x1, kBarTypeMask = 0x6, kBarIs64Bit = 0x4;
constexpr ULONG kTag = pool_tag("RdPc");
} // namespace

NDIS_STATUS
PciFunction::read(NDIS_HANDLE miniport, NDIS_HANDLE configuration)
{
    miniport_ = miniport;
    // The slot number is NDIS's to know: it reads the function the miniport was started for.
    if (NdisReadPciSlotInformation(miniport, 0, 0, config_, kConfigBytes) != kConfigBytes ||
        vendor() == 0xffff) {
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    }
    NDIS_STATUS status;
    UINT bytes = 0;
    NdisMQueryAdapterResources(&status, configuration, nullptr, &bytes);
    if (bytes == 0) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    PVOID memory = nullptr;
    if (NdisAllocateMemoryWithTag(&memory, bytes, kTag) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_RESOURCES;
    }
    auto *resources = static_cast<NDIS_RESOURCE_LIST *>(memory);
    NdisMQueryAdapterResources(&status, configuration, resources, &bytes);
    if (status == NDIS_STATUS_SUCCESS) {
        match(*resources);
        status = interrupt_.present ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCE_CONFLICT;
    }
    NdisFreeMemory(memory, 0, 0);
    return status;
}

void
PciFunction::match(const NDIS_RESOURCE_LIST &resources)
{
    for (ULONG i = 0; i < resources.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR &resource = resources.PartialDescriptors[i];
        if (resource.Type == CmResourceTypeInterrupt) {
            interrupt_.present = true;
            interrupt_.level = resource.u.Interrupt.Level;
            interrupt_.vector = resource.u.Interrupt.Vector;
            interrupt_.latched = (resource.Flags & CM_RESOURCE_INTERRUPT_LATCHED) != 0;
            continue;
        }
        const bool port = resource.Type == CmResourceTypePort;
        if (!port && resource.Type != CmResourceTypeMemory) {
            continue;
        }
        const auto start = static_cast<uint64_t>(resource.u.Generic.Start.QuadPart);
        for (uint32_t number = 0; number < kBars; ++number) {
            if (!bars_[number].present && start != 0 && bar_address(number, port) == start) {
                bars_[number] = {true, port, start, resource.u.Generic.Length};
                break;
            }
        }
    }
}

uint32_t
PciFunction::config32(uint32_t at) const
{
    return static_cast<uint32_t>(config_[at]) | static_cast<uint32_t>(config_[at + 1]) << 8 |
           static_cast<uint32_t>(config_[at + 2]) << 16 |
           static_cast<uint32_t>(config_[at + 3]) << 24;
}

uint64_t
PciFunction::bar_address(uint32_t number, bool port) const
{
    const uint32_t low = config32(kBarOffset + 4 * number);
    if (((low & kBarIsPort) != 0) != port) {
        return 0;
    }
    if (port) {
        return low & ~3u;
    }
    uint64_t address = low & ~15u;
    if ((low & kBarTypeMask) == kBarIs64Bit && number + 1 < kBars) {
        address |= static_cast<uint64_t>(config32(kBarOffset + 4 * (number + 1))) << 32;
    }
    return address;
}

void
PciFunction::enable_bus_master()
{
    uint16_t command = 0;
    NdisReadPciSlotInformation(miniport_, 0, kCommandOffset, &command, sizeof(command));
    if ((command & kCommandBusMaster) == 0) {
        command |= kCommandBusMaster;
        NdisWritePciSlotInformation(miniport_, 0, kCommandOffset, &command, sizeof(command));
    }
}

} // namespace nic
