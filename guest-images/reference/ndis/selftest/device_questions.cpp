// SPDX-License-Identifier: MIT
// ndis/selftest/device_questions.cpp
//
// What a miniport asks of its device and its registry key in MiniportInitialize, with the answers the documentation promises.
#include "ndis/selftest/card.hpp"

namespace ndistest {

namespace {

constexpr ULONG kBufferBytes = 3 * PAGE_SIZE;

/// The port range the IDE controller's base address register decodes.
const char* find_ports(NDIS_HANDLE configuration, ULONG& first, ULONG& count) {
    static UCHAR room[512];
    auto* list = reinterpret_cast<PNDIS_RESOURCE_LIST>(room);
    NDIS_STATUS status;
    UINT bytes = 0;
    NdisMQueryAdapterResources(&status, configuration, list, &bytes);
    RD_EXPECT(status == NDIS_STATUS_RESOURCES && bytes != 0 && bytes <= sizeof room);
    NdisMQueryAdapterResources(&status, configuration, list, &bytes);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS);
    count = 0;
    for (ULONG i = 0; i < list->Count; ++i) {
        if (list->PartialDescriptors[i].Type != CmResourceTypePort) continue;
        first = static_cast<ULONG>(list->PartialDescriptors[i].u.Port.Start.QuadPart);
        count = list->PartialDescriptors[i].u.Port.Length;
    }
    RD_EXPECT(count != 0);
    return nullptr;
}

const char* ports(NDIS_HANDLE miniport, NDIS_HANDLE configuration) {
    ULONG first, count;
    if (const char* wrong = find_ports(configuration, first, count)) return wrong;
    PVOID offset;
    RD_EXPECT(NdisMRegisterIoPortRange(&offset, miniport, first, count) == NDIS_STATUS_SUCCESS);
    NdisMDeregisterIoPortRange(miniport, first, count, offset);
    RD_EXPECT(NdisMRegisterIoPortRange(&offset, miniport, first + count, count) != NDIS_STATUS_SUCCESS);
    PVOID mapped;
    RD_EXPECT(NdisMMapIoSpace(&mapped, miniport, {.QuadPart = 0xfee00000}, PAGE_SIZE) != NDIS_STATUS_SUCCESS);  // not the adapter's
    return nullptr;
}

const char* pci_slot(NDIS_HANDLE miniport, NDIS_HANDLE configuration) {
    USHORT id[2] = {};
    RD_EXPECT(NdisReadPciSlotInformation(miniport, 0, 0, id, sizeof id) == sizeof id && id[0] == kVendor && id[1] == kDevice);
    id[0] = 0;
    RD_EXPECT(NdisImmediateReadPciSlotInformation(configuration, 0, 0, id, 2) == 2 && id[0] == kVendor);
    UCHAR was, line = 0x5a;
    constexpr ULONG latency = 0x0d;
    RD_EXPECT(NdisReadPciSlotInformation(miniport, 0, latency, &was, 1) == 1);
    RD_EXPECT(NdisWritePciSlotInformation(miniport, 0, latency, &line, 1) == 1);
    RD_EXPECT(NdisImmediateWritePciSlotInformation(configuration, 0, latency, &was, 1) == 1);
    PNDIS_RESOURCE_LIST assigned;
    RD_EXPECT(NdisMPciAssignResources(miniport, 0, &assigned) == NDIS_STATUS_SUCCESS && assigned->Count != 0);
    return nullptr;
}

const char* registry(NDIS_HANDLE configuration) {
    NDIS_STATUS status;
    NDIS_HANDLE key;
    NdisOpenConfiguration(&status, &key, configuration);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS);
    NDIS_STRING name;
    PNDIS_CONFIGURATION_PARAMETER value;
    NdisInitUnicodeString(&name, L"DriverDesc");
    NdisReadConfiguration(&status, &value, key, &name, NdisParameterString);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS && value->ParameterType == NdisParameterString && value->ParameterData.StringData.Length != 0);
    NdisInitUnicodeString(&name, L"SelfTest");
    NDIS_CONFIGURATION_PARAMETER written = {};
    written.ParameterType = NdisParameterInteger;
    written.ParameterData.IntegerData = 4711;
    NdisWriteConfiguration(&status, key, &name, &written);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS);
    NdisReadConfiguration(&status, &value, key, &name, NdisParameterInteger);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS && value->ParameterData.IntegerData == 4711);
    NdisInitUnicodeString(&name, L"NoSuchValue");
    NdisReadConfiguration(&status, &value, key, &name, NdisParameterInteger);
    RD_EXPECT(status == NDIS_STATUS_FAILURE);
    PVOID address;
    UINT bytes;
    NdisReadNetworkAddress(&status, &address, &bytes, key);
    RD_EXPECT(status != NDIS_STATUS_SUCCESS);  // nobody has configured one
    NdisCloseConfiguration(key);
    return nullptr;
}

const char* map_buffer(NDIS_HANDLE miniport) {
    static UCHAR bytes[kBufferBytes];
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    PNDIS_BUFFER buffer;
    NdisAllocateBufferPool(&status, &pool, 1);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS);
    NdisAllocateBuffer(&status, &buffer, pool, bytes + 5, kBufferBytes - 5);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS);
    NDIS_PHYSICAL_ADDRESS_UNIT units[8];
    UINT room, count = 0;
    ULONG total = 0;
    NdisGetBufferPhysicalArraySize(buffer, &room);
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisMStartBufferPhysicalMapping(miniport, buffer, 0, TRUE, units, &count);
    KeLowerIrql(irql);
    RD_EXPECT(count != 0 && count <= room && room <= RTL_NUMBER_OF(units));
    for (UINT i = 0; i < count; ++i) total += units[i].Length;
    RD_EXPECT(total == kBufferBytes - 5);
    RD_EXPECT(units[0].PhysicalAddress.QuadPart == MmGetPhysicalAddress(bytes + 5).QuadPart);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    NdisMCompleteBufferPhysicalMapping(miniport, buffer, 0);
    KeLowerIrql(irql);
    NdisFreeBuffer(buffer);
    NdisFreeBufferPool(pool);
    return nullptr;
}

const char* dma(NDIS_HANDLE miniport) {
    RD_EXPECT(NdisMAllocateMapRegisters(miniport, 0, NDIS_DMA_32BITS, 2, kBufferBytes) == NDIS_STATUS_SUCCESS);
    RD_EXPECT(NdisMAllocateMapRegisters(miniport, 0, NDIS_DMA_32BITS, 2, kBufferBytes) == NDIS_STATUS_RESOURCE_CONFLICT);
    RD_EXPECT(NdisMGetDmaAlignment(miniport) != 0 && NdisMReadDmaCounter(miniport) == 0);
    if (const char* wrong = map_buffer(miniport)) return wrong;
    PVOID shared;
    NDIS_PHYSICAL_ADDRESS physical;
    NdisMAllocateSharedMemory(miniport, 5000, TRUE, &shared, &physical);
    RD_EXPECT(shared && physical.QuadPart != 0 && physical.QuadPart == MmGetPhysicalAddress(shared).QuadPart);
    NdisMFreeSharedMemory(miniport, 5000, TRUE, shared, physical);
    NdisMFreeMapRegisters(miniport);
    return nullptr;
}

const char* names(NDIS_HANDLE miniport) {
    PDEVICE_OBJECT pdo = nullptr, device = nullptr, next = nullptr;
    PCM_RESOURCE_LIST raw = nullptr, translated = nullptr;
    NdisMGetDeviceProperty(miniport, &pdo, &device, &next, &raw, &translated);
    RD_EXPECT(pdo && device && next && raw && translated && device != pdo);
    NDIS_STRING name;
    RD_EXPECT(NdisMQueryAdapterInstanceName(&name, miniport) == NDIS_STATUS_SUCCESS && name.Length != 0);
    NdisFreeString(name);
    NdisMRegisterAdapterShutdownHandler(miniport, &name, [](PVOID) {});
    NdisMDeregisterAdapterShutdownHandler(miniport);
    NdisWriteErrorLogEntry(miniport, NDIS_ERROR_CODE_DRIVER_FAILURE, 1, 4711);
    return nullptr;
}

}  // namespace

const char* ask_of_device(NDIS_HANDLE miniport, NDIS_HANDLE configuration) {
    if (const char* wrong = ports(miniport, configuration)) return wrong;
    if (const char* wrong = pci_slot(miniport, configuration)) return wrong;
    if (const char* wrong = registry(configuration)) return wrong;
    if (const char* wrong = dma(miniport)) return wrong;
    return names(miniport);
}

}  // namespace ndistest
