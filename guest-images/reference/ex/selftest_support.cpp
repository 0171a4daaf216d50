// SPDX-License-Identifier: MIT
// ex/selftest_support.cpp
//
// Work items, callbacks, events with handles, what the system says about itself; processes and threads as objects.
#include "ex/selftest_thread.hpp"
#include "io/selftest.hpp"
#include "ps/ps.hpp"
#include "rtl/literal.hpp"

namespace {

using selftest::milliseconds;
using selftest::wait_for;

struct Work {
    WORK_QUEUE_ITEM item;
    KEVENT done;
    ULONG rounds, left, uncounted;
    KIRQL irql;
};

VOID NTAPI work(PVOID context) {
    auto* work_item = static_cast<Work*>(context);
    work_item->irql = KeGetCurrentIrql();
    ++work_item->rounds;
    if (ExQueryWorkItemCount() == 0) ++work_item->uncounted;  // the one that runs counts
    if (--work_item->left)
        ExQueueWorkItem(&work_item->item, DelayedWorkQueue);  // out of its own routine
    else
        KeSetEvent(&work_item->done, 0, FALSE);
}

const char* test_work_items() {
    Work items[12] = {};
    const WORK_QUEUE_TYPE types[] = {CriticalWorkQueue, DelayedWorkQueue, HyperCriticalWorkQueue};
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    for (ULONG index = 0; index < RTL_NUMBER_OF(items); ++index) {
        KeInitializeEvent(&items[index].done, NotificationEvent, FALSE);
        items[index].left = 5;
        ExInitializeWorkItem(&items[index].item, work, &items[index]);
        ExQueueWorkItem(&items[index].item, types[index % 3]);
    }
    KeLowerIrql(irql);
    for (Work& item : items)
        KI_EXPECT(wait_for(&item.done) && item.rounds == 5 && item.uncounted == 0 && item.irql == PASSIVE_LEVEL);
    KI_EXPECT(ExWaitForWorkers(5000) && ExQueryWorkItemCount() == 0);
    return nullptr;
}

LONG notified, order;
VOID NTAPI on_notify(PVOID context, PVOID first, PVOID second) {
    notified += static_cast<LONG>(reinterpret_cast<LONG_PTR>(first) + reinterpret_cast<LONG_PTR>(second));
    order = order * 10 + static_cast<LONG>(reinterpret_cast<LONG_PTR>(context));
}

const char* test_callbacks() {
    notified = order = 0;
    UNICODE_STRING name = rtl::counted(L"\\Callback\\Selftest");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, nullptr, nullptr);
    PCALLBACK_OBJECT callback, same;
    KI_EXPECT(ExCreateCallback(&callback, &attributes, FALSE, TRUE) == STATUS_OBJECT_NAME_NOT_FOUND);
    KI_EXPECT(NT_SUCCESS(ExCreateCallback(&callback, &attributes, TRUE, TRUE)));
    KI_EXPECT(NT_SUCCESS(ExCreateCallback(&same, &attributes, FALSE, TRUE)) && same == callback);
    PVOID one = ExRegisterCallback(callback, on_notify, reinterpret_cast<PVOID>(1));
    PVOID two = ExRegisterCallback(callback, on_notify, reinterpret_cast<PVOID>(2));
    KI_EXPECT(one && two);
    ExNotifyCallback(callback, reinterpret_cast<PVOID>(3), reinterpret_cast<PVOID>(4));
    KI_EXPECT(notified == 14 && order == 12);
    ExUnregisterCallback(one);
    ExNotifyCallback(callback, nullptr, reinterpret_cast<PVOID>(1));
    KI_EXPECT(notified == 15 && order == 122);
    ExUnregisterCallback(two);
    ObMakeTemporaryObject(callback);
    ObfDereferenceObject(same);
    ObfDereferenceObject(callback);
    KI_EXPECT(ExCreateCallback(&callback, &attributes, FALSE, TRUE) == STATUS_OBJECT_NAME_NOT_FOUND);
    name = rtl::counted(L"\\Callback\\PowerState");
    KI_EXPECT(NT_SUCCESS(ExCreateCallback(&callback, &attributes, FALSE, TRUE)));
    ObfDereferenceObject(callback);
    return nullptr;
}

const char* test_event_handles() {
    UNICODE_STRING name = rtl::counted(L"\\BaseNamedObjects\\SelftestEvent");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    HANDLE handles[2], opened;
    PKEVENT event = IoCreateSynchronizationEvent(&name, &handles[0]);
    KI_EXPECT(event && KeReadStateEvent(event) != 0);  // made signalled
    HANDLE again;
    KI_EXPECT(IoCreateSynchronizationEvent(&name, &again) == event);
    ZwClose(again);
    LARGE_INTEGER none = {}, soon = milliseconds(5);
    KI_EXPECT(ZwWaitForSingleObject(handles[0], FALSE, &none) == STATUS_SUCCESS);
    KI_EXPECT(ZwWaitForSingleObject(handles[0], FALSE, &soon) == STATUS_TIMEOUT);
    KI_EXPECT(NT_SUCCESS(ZwOpenEvent(&opened, EVENT_MODIFY_STATE, &attributes)));
    LONG before = 7;
    KI_EXPECT(NT_SUCCESS(ZwSetEvent(opened, &before)) && before == 0);
    KI_EXPECT(NT_SUCCESS(ZwCreateEvent(&handles[1], EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE)));
    KI_EXPECT(ZwWaitForMultipleObjects(2, handles, WaitAll, FALSE, &soon) == STATUS_TIMEOUT);
    KI_EXPECT(NT_SUCCESS(ZwSetEvent(handles[1], nullptr)));
    KI_EXPECT(ZwWaitForMultipleObjects(2, handles, WaitAll, FALSE, &soon) == STATUS_SUCCESS);
    KI_EXPECT(ZwWaitForMultipleObjects(2, handles, WaitAny, FALSE, &soon) == STATUS_WAIT_1);
    KI_EXPECT(NT_SUCCESS(ZwResetEvent(handles[1], &before)) && before != 0 && NT_SUCCESS(ZwClearEvent(handles[1])));
    ZwClose(opened);
    ZwClose(handles[1]);
    ZwClose(handles[0]);
    KI_EXPECT(ZwOpenEvent(&opened, EVENT_MODIFY_STATE, &attributes) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_system_information() {
    RD_SYSTEM_COUNTS counts;
    ULONG needed = 0;
    KI_EXPECT(ZwQuerySystemInformation(RD_SYSTEM_COUNTS_CLASS, &counts, 4, &needed) == STATUS_INFO_LENGTH_MISMATCH);
    KI_EXPECT(needed == sizeof counts);
    KI_EXPECT(NT_SUCCESS(ZwQuerySystemInformation(RD_SYSTEM_COUNTS_CLASS, &counts, sizeof counts, nullptr)));
    KI_EXPECT(counts.Threads > 10 && counts.Handles == ObQueryHandleCount());
    KI_EXPECT(ZwQuerySystemInformation(11, nullptr, 0, &needed) == STATUS_INFO_LENGTH_MISMATCH && needed > 296);
    auto* modules = static_cast<RD_MODULES*>(ExAllocatePoolWithTag(NonPagedPool, needed, 'tseT'));
    KI_EXPECT(modules && NT_SUCCESS(ZwQuerySystemInformation(11, modules, needed, &needed)));
    const RD_MODULE_INFORMATION kernel = modules->Modules[0];
    ExFreePoolWithTag(modules, 'tseT');
    KI_EXPECT(kernel.ImageBase == KiLoaderBlock.KernelBase && kernel.OffsetToFileName == 21);
    ZwQuerySystemInformation(22, nullptr, 0, &needed);
    needed += 256;
    auto* tags = static_cast<RD_POOL_TAGS*>(ExAllocatePoolWithTag(NonPagedPool, needed, 'tseT'));
    KI_EXPECT(tags && NT_SUCCESS(ZwQuerySystemInformation(22, tags, needed, nullptr)));
    bool found = false;
    for (ULONG index = 0; index < tags->Count; ++index)
        found |= tags->TagInfo[index].Tag == 'tseT' && tags->TagInfo[index].NonPagedUsed >= needed;
    ExFreePoolWithTag(tags, 'tseT');
    KI_EXPECT(found && ZwQuerySystemInformation(12345, nullptr, 0, &needed) == STATUS_INVALID_INFO_CLASS);
    ULONG basic[16];
    KI_EXPECT(NT_SUCCESS(ZwQuerySystemInformation(0, basic, sizeof basic, nullptr)) && basic[2] == PAGE_SIZE);
    return nullptr;
}

const char* test_version_and_uuid() {
    ULONG major, minor, build;
    KI_EXPECT(!PsGetVersion(&major, &minor, &build, nullptr) && major == 5 && minor == 2 && build == 3790);
    RTL_OSVERSIONINFOW version = {};
    version.dwOSVersionInfoSize = sizeof version;
    KI_EXPECT(NT_SUCCESS(RtlGetVersion(&version)) && version.dwMajorVersion == 5 && version.dwBuildNumber == 3790);
    UUID one, two;
    KI_EXPECT(NT_SUCCESS(ExUuidCreate(&one)) && NT_SUCCESS(ExUuidCreate(&two)) && !RtlEqualMemory(&one, &two, sizeof one));
    KI_EXPECT((one.Data3 & 0xF000) == 0x4000 && (one.Data4[0] & 0xC0) == 0x80);
    return nullptr;
}

const char* test_threads() {
    struct Shared {
        KEVENT go;
        HANDLE id;
    } s = {};
    KeInitializeEvent(&s.go, NotificationEvent, FALSE);
    selftest::Thread thread;
    KI_EXPECT(thread.start(
        [](PVOID context) {
            static_cast<Shared*>(context)->id = PsGetCurrentThreadId();
            wait_for(&static_cast<Shared*>(context)->go);
        },
        &s));
    const HANDLE id = PsGetThreadId(static_cast<PETHREAD>(thread.object()));
    PETHREAD found;
    KI_EXPECT(NT_SUCCESS(PsLookupThreadByThreadId(id, &found)) && found == thread.object());
    ObfDereferenceObject(found);
    HANDLE handle;
    KI_EXPECT(NT_SUCCESS(ObOpenObjectByPointer(thread.object(), 0, nullptr, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &handle)));
    LARGE_INTEGER none = {};
    KI_EXPECT(ZwWaitForSingleObject(handle, FALSE, &none) == STATUS_TIMEOUT);
    LONG priority = LOW_REALTIME_PRIORITY;
    KI_EXPECT(NT_SUCCESS(ZwSetInformationThread(handle, ThreadPriority, &priority, sizeof priority)));
    KI_EXPECT(KeQueryPriorityThread(static_cast<PKTHREAD>(thread.object())) == LOW_REALTIME_PRIORITY);
    priority = 99;
    KI_EXPECT(ZwSetInformationThread(handle, ThreadPriority, &priority, sizeof priority) == STATUS_INVALID_PARAMETER);
    KI_EXPECT(ZwSetInformationThread(handle, ThreadPriority, &priority, 2) == STATUS_INFO_LENGTH_MISMATCH);
    KeSetEvent(&s.go, 0, FALSE);
    KI_EXPECT(thread.join() && s.id == id && ZwWaitForSingleObject(handle, FALSE, &none) == STATUS_SUCCESS);
    ZwClose(handle);
    KI_EXPECT(PsLookupThreadByThreadId(id, &found) == STATUS_INVALID_PARAMETER);
    PEPROCESS process;
    KI_EXPECT(NT_SUCCESS(PsLookupProcessByProcessId(PsGetCurrentProcessId(), &process)) && process == PsGetCurrentProcess());
    KI_EXPECT(PsGetProcessId(process) == reinterpret_cast<HANDLE>(4));
    ObfDereferenceObject(process);
    return nullptr;
}

ULONG images;
VOID NTAPI on_image(PUNICODE_STRING, HANDLE, PIMAGE_INFO information) {
    if (information->ImageSize == 0x1234) ++images;
}

const char* test_image_notification() {
    images = 0;
    UNICODE_STRING name = rtl::counted(L"\\nothing.sys");
    KI_EXPECT(NT_SUCCESS(PsSetLoadImageNotifyRoutine(on_image)));
    PsCallImageNotifyRoutines(&name, nullptr, 0x1234);
    KI_EXPECT(NT_SUCCESS(PsRemoveLoadImageNotifyRoutine(on_image)));
    PsCallImageNotifyRoutines(&name, nullptr, 0x1234);
    KI_EXPECT(images == 1 && PsRemoveLoadImageNotifyRoutine(on_image) == STATUS_PROCEDURE_NOT_FOUND);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST ExSupportTests[] = {
    {"ex.work-items", test_work_items}, {"ex.callback-objects", test_callbacks},
    {"ex.event-handles", test_event_handles}, {"ex.system-information", test_system_information},
    {"ex.version-and-uuids", test_version_and_uuid}, {"ps.thread-objects", test_threads},
    {"ps.image-notification", test_image_notification},
    {nullptr, nullptr},
};
