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

constexpr ULONG kTags = RTL_NUMBER_OF(kTrackingTags);

struct Blocks {
    ULONG64 live[kTags];
};

Blocks tracking_blocks() {
    static RD_POOL_TAG tags[256];
    const ULONG count = RdQueryPoolTags(tags, RTL_NUMBER_OF(tags));
    Blocks blocks = {};
    for (ULONG i = 0; i < count && i < RTL_NUMBER_OF(tags); ++i)
        for (ULONG tag = 0; tag < kTags; ++tag)
            if (tags[i].Tag == kTrackingTags[tag])
                blocks.live[tag] = tags[i].NonPagedAllocations - tags[i].NonPagedFrees + tags[i].PagedAllocations - tags[i].PagedFrees;
    return blocks;
}

/// The first tag of which there is more than before; kTags: none.
ULONG grown(const Blocks& before, const Blocks& now) {
    for (ULONG tag = 0; tag < kTags; ++tag)
        if (now.live[tag] > before.live[tag]) return tag;
    return kTags;
}

Blocks blocks_before;

/// Nothing that NDIS tracks outlives the last deregistration (contract S9). Work items may still be on their way.
const char* nothing_left() {
    ULONG tag = kTags;
    for (ULONG waited = 0; waited < 1000 && (tag = grown(blocks_before, tracking_blocks())) != kTags; ++waited) NdisMSleep(1000);
    if (tag == kTags) return nullptr;
    DbgPrint("ndistest: tag %.4s: %I64u blocks, %I64u before\n", &kTrackingTags[tag], tracking_blocks().live[tag], blocks_before.live[tag]);
    return "blocks of NDIS's tracking tags are left";
}
const RD_SELF_TEST memory_tests[] = {{"miniport.nothing_left", nothing_left}, {nullptr, nullptr}};

/// The least of some moments: work of the boot may still be on its way.
Blocks settled_blocks() {
    Blocks least = tracking_blocks();
    for (ULONG moment = 0; moment < 20; ++moment) {
        NdisMSleep(1000);
        const Blocks now = tracking_blocks();
        for (ULONG tag = 0; tag < kTags; ++tag)
            if (now.live[tag] < least.live[tag]) least.live[tag] = now.live[tag];
    }
    return least;
}

void run() {
    blocks_before = settled_blocks();
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
