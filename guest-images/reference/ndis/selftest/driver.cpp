// SPDX-License-Identifier: MIT
// ndis/selftest/driver.cpp
//
// ndistest.sys: a miniport and a protocol that test NDIS on each other. With selftest=1 on the kernel's command line the PnP manager
// gives it the board's IDE controller; the kernel then opens its control device (NdisMRegisterDevice), and the tests run in that call.
#include "ndis/selftest/crimes.hpp"
#include "ndis/selftest/run.hpp"
#include "rd_pnp.hpp"

namespace ndistest {

namespace {

constexpr ULONG kDevicesMax = 64;

PDEVICE_OBJECT find_device() {
    static RD_PNP_DEVICE devices[kDevicesMax];
    const ULONG count = RdPnpQueryDevices(devices, kDevicesMax);
    for (ULONG i = 0; i < count && i < kDevicesMax; ++i)
        if (devices[i].Vendor == kVendor && devices[i].Device == kDevice) return devices[i].Pdo;
    return nullptr;
}

/// Tags of what NDIS allocates to track protocols, bindings, filters and requests (ndis/ndisp.hpp).
constexpr ULONG kTrackingTags[] = {'orPN', 'npON', 'tlFN', 'dnBN', 'qeRN', 'mrFN', 'krWN'};

ULONG64 live_tracking_blocks() {
    static RD_POOL_TAG tags[256];
    const ULONG count = RdQueryPoolTags(tags, RTL_NUMBER_OF(tags));
    ULONG64 live = 0;
    for (ULONG i = 0; i < count && i < RTL_NUMBER_OF(tags); ++i)
        for (const ULONG tag : kTrackingTags)
            if (tags[i].Tag == tag)
                live += tags[i].NonPagedAllocations - tags[i].NonPagedFrees + tags[i].PagedAllocations - tags[i].PagedFrees;
    return live;
}

ULONG64 blocks_before;

/// Nothing that NDIS tracks outlives the last deregistration (contract S9). Work items may still be on their way.
const char* nothing_left() {
    for (ULONG waited = 0; live_tracking_blocks() > blocks_before && waited < 1000; ++waited) NdisMSleep(1000);
    return live_tracking_blocks() == blocks_before ? nullptr : "blocks of NDIS's tracking tags are left, or too many were freed";
}
const RD_SELF_TEST memory_tests[] = {{"miniport.nothing_left", nothing_left}, {nullptr, nullptr}};

void run() {
    blocks_before = live_tracking_blocks();
    const RD_SELF_TEST* const first[] = {library_tests, deserialized_tests};
    RdRunSelfTests("miniport", first, 2);
    card.serialized = true;
    if (!enable_card(false) || !enable_card(true)) DbgPrint("ndistest: the adapter did not start as a serialised one\n");
    const RD_SELF_TEST* const second[] = {serialized_tests, memory_tests};
    RdRunSelfTests("serialized", second, 2);
    enable_card(false);
}

NTSTATUS NTAPI dispatch(PDEVICE_OBJECT, PIRP irp) {
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_CREATE && !commit_crime()) run();
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

NTSTATUS make_control_device(NDIS_HANDLE wrapper) {
    static PDRIVER_DISPATCH functions[IRP_MJ_MAXIMUM_FUNCTION + 1];
    functions[IRP_MJ_CREATE] = functions[IRP_MJ_CLEANUP] = functions[IRP_MJ_CLOSE] = dispatch;
    NDIS_STRING name, link;
    NdisInitUnicodeString(&name, L"\\Device\\NdisSelfTest");
    NdisInitUnicodeString(&link, L"\\DosDevices\\NdisSelfTest");
    PDEVICE_OBJECT device;
    NDIS_HANDLE handle;
    // Twice: one that has been deregistered has left its names.
    NDIS_STATUS status = NdisMRegisterDevice(wrapper, &name, &link, functions, &device, &handle);
    if (status == NDIS_STATUS_SUCCESS) status = NdisMDeregisterDevice(handle);
    if (status == NDIS_STATUS_SUCCESS) status = NdisMRegisterDevice(wrapper, &name, &link, functions, &device, &handle);
    return static_cast<NTSTATUS>(status);
}

}  // namespace

bool enable_card(bool enable) {
    const PDEVICE_OBJECT pdo = find_device();
    return pdo && NT_SUCCESS(enable ? RdPnpStartDevice(pdo) : RdPnpStopDevice(pdo)) && card.present == enable;
}

}  // namespace ndistest

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    NDIS_HANDLE wrapper;
    const NTSTATUS status = ndistest::register_card(driver, registry_path, wrapper);
    return NT_SUCCESS(status) ? ndistest::make_control_device(wrapper) : status;
}
