// SPDX-License-Identifier: MIT
// selftest/tests_hal.cpp
//
// hal.dll: time, PCI configuration space, DMA adapters; and the PnP manager's view of the devices.
#include "rd_pnp.hpp"
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(ULONG, HalGetBusData, BUS_DATA_TYPE, ULONG, ULONG, PVOID, ULONG)
RD_IMPORT(ULONG, HalGetBusDataByOffset, BUS_DATA_TYPE, ULONG, ULONG, PVOID, ULONG, ULONG)
RD_IMPORT(ULONG, HalSetBusData, BUS_DATA_TYPE, ULONG, ULONG, PVOID, ULONG)
RD_IMPORT(ULONG, HalSetBusDataByOffset, BUS_DATA_TYPE, ULONG, ULONG, PVOID, ULONG, ULONG)
RD_IMPORT(ULONG, HalGetInterruptVector, INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY)
RD_IMPORT(BOOLEAN, HalTranslateBusAddress, INTERFACE_TYPE, ULONG, PHYSICAL_ADDRESS, PULONG, PPHYSICAL_ADDRESS)
RD_IMPORT(void, HalDisplayString, PCSZ)
RD_IMPORT(void, KeFlushWriteBuffer)
RD_IMPORT(PDMA_ADAPTER, HalGetAdapter, PDEVICE_DESCRIPTION, PULONG)
RD_IMPORT(PDMA_ADAPTER, IoGetDmaAdapter, PDEVICE_OBJECT, PDEVICE_DESCRIPTION, PULONG)
RD_IMPORT(void, HalPutDmaAdapter, PDMA_ADAPTER)
RD_IMPORT(PVOID, HalAllocateCommonBuffer, PDMA_ADAPTER, ULONG, PPHYSICAL_ADDRESS, BOOLEAN)
RD_IMPORT(void, HalFreeCommonBuffer, PDMA_ADAPTER, ULONG, PHYSICAL_ADDRESS, PVOID, BOOLEAN)
RD_IMPORT(ULONG, HalReadDmaCounter, PDMA_ADAPTER)
RD_IMPORT(BOOLEAN, IoFlushAdapterBuffers, PDMA_ADAPTER, PMDL, PVOID, PVOID, ULONG, BOOLEAN)
RD_IMPORT(void, IoFreeAdapterChannel, PDMA_ADAPTER)
RD_IMPORT(void, IoFreeMapRegisters, PDMA_ADAPTER, PVOID, ULONG)
RD_IMPORT(PHYSICAL_ADDRESS, IoMapTransfer, PDMA_ADAPTER, PMDL, PVOID, PVOID, PULONG, BOOLEAN)
RD_IMPORT(NTSTATUS, IoGetDeviceProperty, PDEVICE_OBJECT, DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)
RD_IMPORT(NTSTATUS, IoOpenDeviceRegistryKey, PDEVICE_OBJECT, ULONG, ACCESS_MASK, PHANDLE)
RD_IMPORT(void, IoInvalidateDeviceRelations, PDEVICE_OBJECT, DEVICE_RELATION_TYPE)
RD_IMPORT(NTSTATUS, IoRegisterDeviceInterface, PDEVICE_OBJECT, const GUID*, PUNICODE_STRING, PUNICODE_STRING)
RD_IMPORT(NTSTATUS, IoSetDeviceInterfaceState, PUNICODE_STRING, BOOLEAN)
RD_IMPORT(NTSTATUS, IoGetDeviceInterfaces, const GUID*, PDEVICE_OBJECT, ULONG, PWSTR*)
RD_IMPORT(NTSTATUS, IoRegisterPlugPlayNotification, IO_NOTIFICATION_EVENT_CATEGORY, ULONG, PVOID, PDRIVER_OBJECT, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE, PVOID, PVOID*)
RD_IMPORT(NTSTATUS, IoUnregisterPlugPlayNotification, PVOID)

namespace {

const char* test_counter() {
    LARGE_INTEGER frequency = {};
    const LARGE_INTEGER before = KeQueryPerformanceCounter(&frequency);
    KeStallExecutionProcessor(50);
    const LARGE_INTEGER after = KeQueryPerformanceCounter(nullptr);
    RD_EXPECT(frequency.QuadPart > 0);
    RD_EXPECT(after.QuadPart - before.QuadPart >= frequency.QuadPart * 50 / 1000000);
    ULONG64 ours = 0;
    RD_EXPECT(RdQueryCounter(&ours) >= static_cast<ULONG64>(after.QuadPart) && ours == static_cast<ULONG64>(frequency.QuadPart));
    crt::KeFlushWriteBuffer();
    return nullptr;
}

/// The host bridge of QEMU's pc machine is at 0.0.0.
const char* test_bus_data() {
    USHORT ids[2] = {};
    RD_EXPECT(crt::HalGetBusData(PCIConfiguration, 0, 0, ids, sizeof ids) == sizeof ids && ids[0] == 0x8086 && ids[1] == 0x1237);
    RD_EXPECT(crt::HalGetBusDataByOffset(PCIConfiguration, 0, 0, &ids[1], 0, 2) == 2 && ids[1] == 0x8086);
    RD_EXPECT(crt::HalGetBusData(PCIConfiguration, 0, 31, ids, sizeof ids) == 2 && ids[0] == 0xFFFF);  // nothing is there
    RD_EXPECT(crt::HalGetBusData(Cmos, 0, 0, ids, sizeof ids) == 0 && crt::HalSetBusData(PCIConfiguration, 0, 31, ids, 4) == 0);
    UCHAR line = 0;
    RD_EXPECT(crt::HalGetBusDataByOffset(PCIConfiguration, 0, 1, &line, 0x3C, 1) == 1);
    RD_EXPECT(crt::HalSetBusDataByOffset(PCIConfiguration, 0, 1, &line, 0x3C, 1) == 1);  // what it was
    return nullptr;
}

const char* test_bus_addresses() {
    KIRQL irql = 0;
    KAFFINITY affinity = 0;
    PHYSICAL_ADDRESS bus = {.QuadPart = 0xFEBC0000}, translated = {};
    ULONG space = 0;
    RD_EXPECT(crt::HalGetInterruptVector(PCIBus, 0, 11, 11, &irql, &affinity) != 0 && irql > DISPATCH_LEVEL && affinity != 0);
    RD_EXPECT(crt::HalTranslateBusAddress(PCIBus, 0, bus, &space, &translated) && translated.QuadPart == bus.QuadPart && space == 0);
    crt::HalDisplayString("hal: a line\n");
    return nullptr;
}

const char* test_dma() {
    DEVICE_DESCRIPTION description = {};
    description.Version = DEVICE_DESCRIPTION_VERSION;
    description.Master = description.ScatterGather = description.Dma32BitAddresses = TRUE;
    description.InterfaceType = PCIBus;
    description.MaximumLength = 0x10000;
    ULONG registers = 0;
    PDMA_ADAPTER adapter = crt::HalGetAdapter(&description, &registers);
    RD_EXPECT(adapter && registers >= 17);
    PHYSICAL_ADDRESS logical;
    auto* buffer = static_cast<UCHAR*>(crt::HalAllocateCommonBuffer(adapter, 2 * PAGE_SIZE, &logical, TRUE));
    RD_EXPECT(buffer && buffer[PAGE_SIZE] == 0 && logical.QuadPart == MmGetPhysicalAddress(buffer).QuadPart);
    PMDL mdl = IoAllocateMdl(buffer, 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
    MmBuildMdlForNonPagedPool(mdl);
    ULONG length = 2 * PAGE_SIZE;
    const PHYSICAL_ADDRESS mapped = crt::IoMapTransfer(adapter, mdl, nullptr, buffer + 100, &length, TRUE);
    RD_EXPECT(mapped.QuadPart == logical.QuadPart + 100 && length > 0 && length <= 2 * PAGE_SIZE - 100);
    RD_EXPECT(crt::IoFlushAdapterBuffers(adapter, mdl, nullptr, buffer, length, TRUE) && crt::HalReadDmaCounter(adapter) == 0);
    crt::IoFreeMapRegisters(adapter, nullptr, 1);
    crt::IoFreeAdapterChannel(adapter);
    IoFreeMdl(mdl);
    crt::HalFreeCommonBuffer(adapter, 2 * PAGE_SIZE, logical, buffer, TRUE);
    crt::HalPutDmaAdapter(adapter);
    adapter = crt::IoGetDmaAdapter(nullptr, &description, &registers);
    RD_EXPECT(adapter);
    crt::HalPutDmaAdapter(adapter);
    return nullptr;
}

PDEVICE_OBJECT some_pdo() {
    static RD_PNP_DEVICE devices[16];
    return RdPnpQueryDevices(devices, 16) ? devices[0].Pdo : nullptr;
}

const char* test_device_properties() {
    const PDEVICE_OBJECT pdo = some_pdo();
    RD_EXPECT(pdo);
    WCHAR ids[300];
    ULONG length = 0, number = 77;
    RD_EXPECT(crt::IoGetDeviceProperty(pdo, DevicePropertyHardwareID, 2, ids, &length) == STATUS_BUFFER_TOO_SMALL && length > 20);
    RD_EXPECT(crt::IoGetDeviceProperty(pdo, DevicePropertyHardwareID, sizeof ids, ids, &length) == STATUS_SUCCESS);
    RD_EXPECT(ids[0] == L'P' && ids[1] == L'C' && ids[2] == L'I' && ids[length / 2 - 1] == 0 && ids[length / 2 - 2] == 0);
    RD_EXPECT(crt::IoGetDeviceProperty(pdo, DevicePropertyBusNumber, sizeof number, &number, &length) == STATUS_SUCCESS && number == 0);
    HANDLE key;
    RD_EXPECT(crt::IoOpenDeviceRegistryKey(pdo, PLUGPLAY_REGKEY_DEVICE, KEY_READ, &key) == STATUS_SUCCESS && ZwClose(key) == STATUS_SUCCESS);
    crt::IoInvalidateDeviceRelations(pdo, BusRelations);
    RdPnpRescan();
    RD_EXPECT(some_pdo() == pdo);
    PDEVICE_OBJECT ours;
    IoCreateDevice(selftest::driver_object, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &ours);
    const NTSTATUS started = RdPnpStartDevice(ours), stopped = RdPnpStopDevice(ours);
    const NTSTATUS property = crt::IoGetDeviceProperty(ours, DevicePropertyBusNumber, sizeof number, &number, &length);
    IoDeleteDevice(ours);
    RD_EXPECT(started == STATUS_NO_SUCH_DEVICE && stopped == STATUS_NO_SUCH_DEVICE && property == STATUS_INVALID_DEVICE_REQUEST);
    return nullptr;
}

constexpr GUID kInterface = {0x52444531, 0x1234, 0x5678, {1, 2, 3, 4, 5, 6, 7, 8}};
volatile LONG arrivals;

NTSTATUS NTAPI on_interface(PVOID, PVOID) {
    InterlockedIncrement(&arrivals);
    return STATUS_SUCCESS;
}

const char* test_interfaces() {
    UNICODE_STRING link = {};
    PVOID entry = nullptr;
    PWSTR list = nullptr;
    arrivals = 0;
    RD_EXPECT(
        crt::IoRegisterPlugPlayNotification(
            EventCategoryDeviceInterfaceChange, 0, const_cast<GUID*>(&kInterface), selftest::driver_object, on_interface, nullptr, &entry) ==
        STATUS_SUCCESS);
    RD_EXPECT(crt::IoRegisterDeviceInterface(some_pdo(), &kInterface, nullptr, &link) == STATUS_SUCCESS && link.Length);
    RD_EXPECT(crt::IoGetDeviceInterfaces(&kInterface, nullptr, 0, &list) == STATUS_SUCCESS && list[0] == 0);  // not enabled yet
    ExFreePool(list);
    RD_EXPECT(crt::IoSetDeviceInterfaceState(&link, TRUE) == STATUS_SUCCESS);
    RD_EXPECT(crt::IoGetDeviceInterfaces(&kInterface, nullptr, 0, &list) == STATUS_SUCCESS && list[0] == L'\\');
    ExFreePool(list);
    RD_EXPECT(crt::IoSetDeviceInterfaceState(&link, FALSE) == STATUS_SUCCESS);
    LARGE_INTEGER moment = {.QuadPart = -50 * 10000};
    for (int wait = 0; wait < 40 && arrivals < 2; ++wait) KeDelayExecutionThread(KernelMode, FALSE, &moment);
    RD_EXPECT(arrivals == 2);  // it came, and went
    RD_EXPECT(crt::IoUnregisterPlugPlayNotification(entry) == STATUS_SUCCESS);
    RtlFreeUnicodeString(&link);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST hal_tests[] = {
    {"hal.counter", test_counter},
    {"hal.bus-data", test_bus_data},
    {"hal.bus-addresses", test_bus_addresses},
    {"hal.dma", test_dma},
    {"io.device-properties", test_device_properties},
    {"io.interfaces", test_interfaces},
    {nullptr, nullptr},
};

}  // namespace selftest
