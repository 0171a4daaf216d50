// SPDX-License-Identifier: MIT
// selftest/provoke_unload.cpp
//
// What a driver leaves behind when its Unload returns: noticed then (unload=stop), or when its code runs.
#include "selftest/provoke.hpp"

namespace {

KTIMER timer;
ERESOURCE resource;
NPAGED_LOOKASIDE_LIST list;
volatile bool forever = true;

VOID NTAPI on_timer(PKDPC, PVOID, PVOID, PVOID) {}
VOID NTAPI on_work(PVOID) {}

VOID NTAPI sleep_twice(PVOID) {
    provoke::pause(50);
    while (forever) provoke::pause(100);
}

void start_thread(PKSTART_ROUTINE routine) {
    HANDLE handle;
    PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, routine, nullptr);
    ZwClose(handle);
}

/// Announces the image's beginning and end as values 2 and 3.
void announce_image() {
    const auto* begin = static_cast<const UCHAR*>(provoke::driver()->DriverStart);
    provoke::value(2, begin);
    provoke::value(3, begin + provoke::driver()->DriverSize);
}

void announce_image_and_size() {
    provoke::value(2, static_cast<const UCHAR*>(provoke::driver()->DriverStart));
    provoke::value(3, ULONG64{provoke::driver()->DriverSize});
}

}  // namespace

/// In pool, so that the timer itself outlives the image and only its routine is gone.
extern "C" VOID provoke_timer_fires_after_unload() {
    struct Alarm {
        KTIMER timer;
        KDPC dpc;
    };
    auto* alarm = static_cast<Alarm*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Alarm), provoke::kTag));
    KeInitializeTimer(&alarm->timer);
    KeInitializeDpc(&alarm->dpc, on_timer, nullptr);
    provoke::value(1, reinterpret_cast<ULONG64>(&on_timer));
    LARGE_INTEGER due = {.QuadPart = -100 * 10000};
    KeSetTimer(&alarm->timer, due, &alarm->dpc);
}

extern "C" VOID provoke_thread_runs_after_unload() { start_thread(sleep_twice); }

/// Queued by Unload behind items that keep every worker of the queue busy with the kernel's code, so that the image goes first.
extern "C" VOID provoke_work_item_runs_after_unload() {
    provoke::value(1, reinterpret_cast<ULONG64>(&on_work));
    provoke::at_unload([] {
        provoke::keep_workers_busy();
        auto* item = static_cast<PWORK_QUEUE_ITEM>(ExAllocatePoolWithTag(NonPagedPool, sizeof(WORK_QUEUE_ITEM), provoke::kTag));
        ExInitializeWorkItem(item, on_work, nullptr);
        ExQueueWorkItem(item, DelayedWorkQueue);
    });
}

extern "C" VOID provoke_timer_left() {
    provoke::value(1, &timer);
    announce_image();
    LARGE_INTEGER due = {.QuadPart = -100 * 1000 * 10000LL};
    KeInitializeTimer(&timer);
    KeSetTimer(&timer, due, nullptr);
}

extern "C" VOID provoke_thread_left() {
    provoke::value(1, reinterpret_cast<ULONG64>(&sleep_twice));
    start_thread(sleep_twice);
}

extern "C" VOID provoke_device_left() {
    PDEVICE_OBJECT device;
    IoCreateDevice(provoke::driver(), 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    provoke::value(1, reinterpret_cast<ULONG64>(provoke::driver()->MajorFunction[IRP_MJ_CREATE]));
}

extern "C" VOID provoke_pool_left() {
    for (int block = 0; block < 3; ++block) ExAllocatePoolWithTag(block ? NonPagedPool : PagedPool, 100, provoke::kTag);
}

extern "C" VOID provoke_resource_left() {
    provoke::value(1, &resource);
    announce_image_and_size();
    ExInitializeResourceLite(&resource);
}

extern "C" VOID provoke_lookaside_list_left() {
    provoke::value(1, &list);
    announce_image_and_size();
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, 0, 64, provoke::kTag, 0);
}

/// Found at Unload at the latest.
extern "C" VOID provoke_freed_pool_written_before_unload() {
    auto* block = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, 700, provoke::kTag));
    provoke::value(1, block);
    provoke::value(2, block + 699);
    ExFreePoolWithTag(block, provoke::kTag);
    provoke::hide(block)[699] = 0x58;
}

extern "C" VOID provoke_unload_returns_raised() {
    provoke::value(1, provoke::driver());
    provoke::at_unload([] {
        KIRQL before;
        KeRaiseIrql(DISPATCH_LEVEL, &before);
    });
}
