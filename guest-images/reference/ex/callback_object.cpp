// SPDX-License-Identifier: MIT
// ex/callback_object.cpp
//
// Callback objects: named lists of routines that whoever notifies calls.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/callback-objects
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

POBJECT_TYPE callback_type;

struct Callback {
    LIST_ENTRY registrations;
    bool allow_multiple;
    KSPIN_LOCK lock;
};

struct Registration {
    LIST_ENTRY entry;
    Callback* callback;  // referenced
    PCALLBACK_FUNCTION function;
    PVOID context;
    LONG running;
    bool going;
};

constexpr ULONG kTag = 'kBlC';

/// Registrations in order, each held while it runs: `at` null for the first.
Registration* next(Callback* callback, Registration* at) {
    KIRQL irql;
    KeAcquireSpinLock(&callback->lock, &irql);
    PLIST_ENTRY entry = at ? at->entry.Flink : callback->registrations.Flink;
    Registration* found = nullptr;
    for (; entry != &callback->registrations && !found; entry = entry->Flink) {
        Registration* one = CONTAINING_RECORD(entry, Registration, entry);
        if (!one->going) found = one;
    }
    if (found) ++found->running;
    if (at) --at->running;
    KeReleaseSpinLock(&callback->lock, irql);
    return found;
}

/// The object as ours; anything else stops the guest.
Callback* callback_of(PVOID object, const char* function, ULONG64 caller) {
    if (ObGetObjectType(object) != callback_type)
        RdBugCheckText(function, 0x18, reinterpret_cast<ULONG_PTR>(callback_type), reinterpret_cast<ULONG_PTR>(object), 0, caller);
    return static_cast<Callback*>(object);
}

/// One of the system's own, which drivers open to be told. Nobody sets the time, sleeps or adds processors here, so nothing is
/// ever told through them.
void create_system_callback(PCWSTR text) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, nullptr, nullptr);
    PCALLBACK_OBJECT callback;
    if (!NT_SUCCESS(ExCreateCallback(&callback, &attributes, TRUE, TRUE))) KiFatal("no memory for \\Callback", 0x5D, 0, 0, 0, 0);
    ObfDereferenceObject(callback);
}

}  // namespace

extern "C" {

VOID ExpCreateCallbackType() {
    OB_TYPE_INFO info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    info.Tag = kTag;
    if (!NT_SUCCESS(ObCreateType(L"Callback", &info, &callback_type))) KiFatal("no memory for the type Callback", 0x5D, 0, 0, 0, 0);
    static const WCHAR* const names[] = {L"\\Callback\\SetSystemTime", L"\\Callback\\PowerState", L"\\Callback\\ProcessorAdd"};
    for (const WCHAR* name : names) create_system_callback(name);
}

/// Opens the named callback object or, with Create, makes it. Free with ObDereferenceObject. PASSIVE_LEVEL.
NTSTATUS NTAPI ExCreateCallback(PCALLBACK_OBJECT* CallbackObject, POBJECT_ATTRIBUTES ObjectAttributes, BOOLEAN Create, BOOLEAN AllowMultipleCallbacks) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ExCreateCallback");
    PVOID object;
    if (ObjectAttributes->ObjectName) {
        const NTSTATUS status = ObLookupObject(
            ObjectAttributes->RootDirectory, ObjectAttributes->ObjectName, ObjectAttributes->Attributes, callback_type, KernelMode, 0, nullptr, &object);
        if (NT_SUCCESS(status) || !Create) {
            *CallbackObject = static_cast<PCALLBACK_OBJECT>(object);
            return status;
        }
    }
    NTSTATUS status = ObCreateObject(KernelMode, callback_type, ObjectAttributes, KernelMode, nullptr, sizeof(Callback), 0, 0, &object);
    if (!NT_SUCCESS(status)) return status;
    auto* callback = static_cast<Callback*>(object);
    InitializeListHead(&callback->registrations);
    KeInitializeSpinLock(&callback->lock);
    callback->allow_multiple = AllowMultipleCallbacks;
    ObfReferenceObject(object);
    HANDLE handle;
    status = ObInsertObject(object, nullptr, 0, 0, nullptr, &handle);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(object);
        return status;
    }
    if (!(ObjectAttributes->Attributes & OBJ_PERMANENT)) ObMakeTemporaryObject(object);
    ZwClose(handle);
    *CallbackObject = static_cast<PCALLBACK_OBJECT>(object);
    return STATUS_SUCCESS;
}

/// Null: no memory, or a second registration where one is allowed. <= APC_LEVEL.
PVOID NTAPI ExRegisterCallback(PCALLBACK_OBJECT CallbackObject, PCALLBACK_FUNCTION CallbackFunction, PVOID CallbackContext) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExRegisterCallback");
    Callback* callback = callback_of(CallbackObject, "ExRegisterCallback: not a callback object", KI_CALLER);
    auto* made = static_cast<Registration*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Registration), kTag));
    if (!made) return nullptr;
    *made = {{}, callback, CallbackFunction, CallbackContext, 0, false};
    KIRQL irql;
    KeAcquireSpinLock(&callback->lock, &irql);
    const bool taken = callback->allow_multiple || IsListEmpty(&callback->registrations);
    if (taken) InsertTailList(&callback->registrations, &made->entry);
    KeReleaseSpinLock(&callback->lock, irql);
    if (!taken) {
        ExFreePoolWithTag(made, kTag);
        return nullptr;
    }
    ObfReferenceObject(callback);
    return made;
}

/// Returns when the routine does not run and will not run again. <= APC_LEVEL.
VOID NTAPI ExUnregisterCallback(PVOID CallbackRegistration) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExUnregisterCallback");
    auto* one = static_cast<Registration*>(CallbackRegistration);
    Callback* callback = one->callback;
    for (bool removed = false; !removed;) {
        KIRQL irql;
        KeAcquireSpinLock(&callback->lock, &irql);
        one->going = true;
        removed = one->running == 0;
        if (removed) RemoveEntryList(&one->entry);
        KeReleaseSpinLock(&callback->lock, irql);
        LARGE_INTEGER pause = {.QuadPart = -10000};
        if (!removed) KeDelayExecutionThread(KernelMode, FALSE, &pause);
    }
    ExFreePoolWithTag(one, kTag);
    ObfDereferenceObject(callback);
}

/// Calls every routine in the order of registration. <= DISPATCH_LEVEL, at which the routines run too.
VOID NTAPI ExNotifyCallback(PCALLBACK_OBJECT CallbackObject, PVOID Argument1, PVOID Argument2) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExNotifyCallback");
    Callback* callback = callback_of(CallbackObject, "ExNotifyCallback: not a callback object", KI_CALLER);
    for (Registration* one = next(callback, nullptr); one; one = next(callback, one))
        one->function(one->context, Argument1, Argument2);
}

}  // extern "C"
