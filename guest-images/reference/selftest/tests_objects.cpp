// SPDX-License-Identifier: MIT
// selftest/tests_objects.cpp
//
// Ob*, Ps*, Cm, the loader's lists and Ex* about time: what a driver asks of the executive beside requests.
#include "rd_executive.hpp"
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(NTSTATUS, NtClose, HANDLE)
RD_IMPORT(NTSTATUS, ObCloseHandle, HANDLE, KPROCESSOR_MODE)
RD_IMPORT(void, ObDereferenceObjectDeferDelete, PVOID)
RD_IMPORT(void, ObDereferenceObjectDeferDeleteWithTag, PVOID, ULONG)
RD_IMPORT(POBJECT_TYPE, ObGetObjectType, PVOID)
RD_IMPORT(NTSTATUS, ObOpenObjectByPointerWithTag, PVOID, ULONG, PACCESS_STATE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, ULONG, PHANDLE)
RD_IMPORT(NTSTATUS, ObReferenceObjectByHandleWithTag, HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, ULONG, PVOID*, PVOID)
RD_IMPORT(NTSTATUS, ObReferenceObjectByPointerWithTag, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, ULONG)
RD_IMPORT(LONG_PTR, ObfReferenceObjectWithTag, PVOID, ULONG)
RD_IMPORT(LONG_PTR, ObfDereferenceObjectWithTag, PVOID, ULONG)
RD_IMPORT(NTSTATUS, ZwMakeTemporaryObject, HANDLE)
RD_IMPORT(PEPROCESS, IoGetCurrentProcess)
RD_IMPORT(PEPROCESS, PsGetThreadProcess, PETHREAD)
RD_IMPORT(HANDLE, PsGetThreadProcessId, PETHREAD)
RD_IMPORT(NTSTATUS, PsSetCreateThreadNotifyRoutine, PVOID)
RD_IMPORT(NTSTATUS, PsRemoveCreateThreadNotifyRoutine, PVOID)
RD_IMPORT(NTSTATUS, PsSetCreateProcessNotifyRoutine, PVOID, BOOLEAN)
RD_IMPORT(KPROCESSOR_MODE, ExGetPreviousMode)
RD_IMPORT(void, ExSystemTimeToLocalTime, PLARGE_INTEGER, PLARGE_INTEGER)
RD_IMPORT(void, ExLocalTimeToSystemTime, PLARGE_INTEGER, PLARGE_INTEGER)
RD_IMPORT(PKEVENT, IoCreateNotificationEvent, PUNICODE_STRING, PHANDLE)
RD_IMPORT(NTSTATUS, ZwOpenKeyEx, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG)
RD_IMPORT(NTSTATUS, RtlCreateRegistryKey, ULONG, PWSTR)
RD_IMPORT(PVOID, ExEnterCriticalRegionAndAcquireSharedWaitForExclusive, PERESOURCE)
RD_IMPORT(void, ExReleaseFastMutexUnsafe, PFAST_MUTEX)
extern "C" POBJECT_TYPE* *__imp_CmKeyObjectType, **__imp_ExSemaphoreObjectType, **__imp_IoAdapterObjectType, **__imp_IoDeviceObjectType,
    **__imp_IoDriverObjectType, **__imp_IoFileObjectType, **__imp_PsProcessType, **__imp_SeTokenObjectType;
extern "C" PEPROCESS* __imp_PsInitialSystemProcess;
extern "C" LIST_ENTRY* __imp_PsLoadedModuleList;
extern "C" PERESOURCE __imp_PsLoadedModuleResource;

namespace {

constexpr ULONG kTag = 'tsts';

HANDLE make_event(PCWSTR name = nullptr) {
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name ? &text : nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE handle = nullptr;
    ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
    return handle;
}

const char* test_tagged_references() {
    const HANDLE handle = make_event();
    PVOID object, wrong;
    RD_EXPECT(crt::ObReferenceObjectByHandleWithTag(handle, 0, *ExEventObjectType, KernelMode, kTag, &object, nullptr) == STATUS_SUCCESS);
    RD_EXPECT(crt::ObReferenceObjectByHandleWithTag(handle, 0, **__imp_IoFileObjectType, KernelMode, kTag, &wrong, nullptr) == STATUS_OBJECT_TYPE_MISMATCH);
    RD_EXPECT(crt::ObGetObjectType(object) == *ExEventObjectType);
    crt::ObfReferenceObjectWithTag(object, kTag);
    RD_EXPECT(crt::ObReferenceObjectByPointerWithTag(object, 0, *ExEventObjectType, KernelMode, kTag) == STATUS_SUCCESS);
    HANDLE second = nullptr;
    RD_EXPECT(
        crt::ObOpenObjectByPointerWithTag(object, OBJ_KERNEL_HANDLE, nullptr, EVENT_ALL_ACCESS, nullptr, KernelMode, kTag, &second) ==
        STATUS_SUCCESS);
    RD_EXPECT(crt::ObCloseHandle(second, KernelMode) == STATUS_SUCCESS && crt::NtClose(handle) == STATUS_SUCCESS);
    crt::ObfDereferenceObjectWithTag(object, kTag);
    crt::ObDereferenceObjectDeferDeleteWithTag(object, kTag);
    crt::ObDereferenceObjectDeferDelete(object);  // the last one
    return nullptr;
}

const char* test_types() {
    POBJECT_TYPE* const types[] = {*__imp_CmKeyObjectType, *__imp_ExSemaphoreObjectType, *__imp_IoAdapterObjectType, *__imp_IoDeviceObjectType,
                                   *__imp_IoDriverObjectType, *__imp_IoFileObjectType, *__imp_PsProcessType, *__imp_SeTokenObjectType};
    for (ULONG one = 0; one < RTL_NUMBER_OF(types); ++one) RD_EXPECT(types[one]);
    return nullptr;
}

const char* test_named_events() {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\BaseNamedObjects\\selftest-event");
    HANDLE handle = nullptr, again = nullptr;
    const PKEVENT event = crt::IoCreateNotificationEvent(&name, &handle);
    RD_EXPECT(event && KeReadStateEvent(event) == 1);  // made signalled
    RD_EXPECT(crt::IoCreateNotificationEvent(&name, &again) == event);
    ZwClose(again);
    RD_EXPECT(crt::ZwMakeTemporaryObject(handle) == STATUS_SUCCESS);
    ZwClose(handle);
    return nullptr;
}

const char* test_processes() {
    const PEPROCESS system = *__imp_PsInitialSystemProcess;
    const auto self = reinterpret_cast<PETHREAD>(KeGetCurrentThread());
    RD_EXPECT(system && crt::IoGetCurrentProcess() == system && crt::PsGetThreadProcess(self) == system);
    RD_EXPECT(crt::PsGetThreadProcessId(self) == PsGetCurrentProcessId() && crt::ExGetPreviousMode() == KernelMode);
    return nullptr;
}

volatile LONG threads_seen;
VOID NTAPI on_thread(HANDLE, HANDLE, BOOLEAN) { InterlockedIncrement(&threads_seen); }
VOID NTAPI on_process(HANDLE, HANDLE, BOOLEAN) {}
VOID NTAPI end_at_once(PVOID) { PsTerminateSystemThread(STATUS_SUCCESS); }

const char* test_notifications() {
    const auto routine = reinterpret_cast<PVOID>(&on_thread);
    const auto process = reinterpret_cast<PVOID>(&on_process);
    RD_EXPECT(crt::PsSetCreateThreadNotifyRoutine(routine) == STATUS_SUCCESS);
    HANDLE thread;
    RD_EXPECT(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, end_at_once, nullptr) == STATUS_SUCCESS);
    ZwWaitForSingleObject(thread, FALSE, nullptr);
    ZwClose(thread);
    RD_EXPECT(crt::PsRemoveCreateThreadNotifyRoutine(routine) == STATUS_SUCCESS);
    RD_EXPECT(crt::PsRemoveCreateThreadNotifyRoutine(routine) != STATUS_SUCCESS);
    RD_EXPECT(crt::PsSetCreateProcessNotifyRoutine(process, FALSE) == STATUS_SUCCESS);
    RD_EXPECT(crt::PsSetCreateProcessNotifyRoutine(process, TRUE) == STATUS_SUCCESS);
    return nullptr;
}

const char* test_loaded_modules() {
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(__imp_PsLoadedModuleResource, TRUE);
    ULONG modules = 0;
    for (PLIST_ENTRY at = __imp_PsLoadedModuleList->Flink; at != __imp_PsLoadedModuleList && modules < 1000; at = at->Flink) ++modules;
    ExReleaseResourceLite(__imp_PsLoadedModuleResource);
    KeLeaveCriticalRegion();
    RD_EXPECT(modules >= 4 && modules < 1000);
    char text[64];
    RD_EXPECT(RdLastLoadError(text, sizeof text) == 0);  // this driver was the last
    return nullptr;
}

const char* test_registry_forms() {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\selftest-key");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    HANDLE key;
    RD_EXPECT(ZwOpenKey(&key, KEY_ALL_ACCESS, &attributes) == STATUS_OBJECT_NAME_NOT_FOUND);
    RD_EXPECT(crt::RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, const_cast<PWSTR>(L"selftest-key")) == STATUS_SUCCESS);
    RD_EXPECT(ZwOpenKey(&key, KEY_ALL_ACCESS, &attributes) == STATUS_SUCCESS && ZwFlushKey(key) == STATUS_SUCCESS);
    ZwClose(key);
    RD_EXPECT(crt::ZwOpenKeyEx(&key, KEY_ALL_ACCESS, &attributes, 0) == STATUS_SUCCESS && ZwDeleteKey(key) == STATUS_SUCCESS);
    ZwClose(key);
    RD_EXPECT(crt::ZwOpenKeyEx(&key, KEY_ALL_ACCESS, &attributes, 0) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_executive_rest() {
    LARGE_INTEGER system = {.QuadPart = 130000000000000000}, local, back;
    crt::ExSystemTimeToLocalTime(&system, &local);
    crt::ExLocalTimeToSystemTime(&local, &back);
    RD_EXPECT(back.QuadPart == system.QuadPart);
    ERESOURCE resource;
    ExInitializeResourceLite(&resource);
    crt::ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(&resource);
    const bool shared = KeAreApcsDisabled() && ExIsResourceAcquiredSharedLite(&resource) == 1;
    ExReleaseResourceLite(&resource);
    KeLeaveCriticalRegion();
    ExDeleteResourceLite(&resource);
    FAST_MUTEX mutex;
    ExInitializeFastMutex(&mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    const bool busy = !ExTryToAcquireFastMutex(&mutex);
    crt::ExReleaseFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
    RD_EXPECT(busy && shared);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST object_tests[] = {
    {"ob.tagged-references", test_tagged_references},
    {"ob.types", test_types},
    {"ob.named-events", test_named_events},
    {"ps.processes", test_processes},
    {"ps.notifications", test_notifications},
    {"ldr.loaded-modules", test_loaded_modules},
    {"cm.key-forms", test_registry_forms},
    {"ex.rest", test_executive_rest},
    {nullptr, nullptr},
};

}  // namespace selftest
