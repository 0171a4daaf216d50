// SPDX-License-Identifier: MIT
// ex/event_object.cpp
//
// Events as objects with handles and names, and waiting for handles.
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

/// An event referenced by its handle.
NTSTATUS with_event(HANDLE handle, ACCESS_MASK access, ob::Reference<KEVENT>& event) {
    return ObReferenceObjectByHandle(handle, access, *ExEventObjectType, KernelMode, event.receive(), nullptr);
}

/// IoCreate*Event: opens the named one, or makes it signalled. The event lives as long as its handle.
PKEVENT named_event(PUNICODE_STRING name, PHANDLE handle, EVENT_TYPE type, const char* function) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, function);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_OPENIF | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    if (!NT_SUCCESS(ZwCreateEvent(handle, EVENT_ALL_ACCESS, &attributes, type, TRUE))) return nullptr;
    ob::Reference<KEVENT> event;
    if (!NT_SUCCESS(with_event(*handle, 0, event))) return nullptr;
    return event.get();  // the handle keeps it
}

NTSTATUS wait_object(HANDLE handle, ob::Reference<void>& object, PVOID* dispatcher) {
    const NTSTATUS status = ObReferenceObjectByHandle(handle, SYNCHRONIZE, nullptr, KernelMode, object.receive(), nullptr);
    if (!NT_SUCCESS(status)) return status;
    *dispatcher = ObGetWaitObject(object.get());
    return *dispatcher ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}

}  // namespace

extern "C" {

extern POBJECT_TYPE ObpMutantType;

/// The types of dispatcher objects with handles. Semaphores and mutants have no Zw functions here: their types are there so
/// that ObReferenceObjectByHandle with ExSemaphoreObjectType refuses what is none.
VOID ExpCreateEventType() {
    OB_TYPE_INFO info = {};
    info.Tag = 'nevE';
    info.MinimumBody = sizeof(KEVENT);
    info.ValidAccess = EVENT_ALL_ACCESS;
    info.Mapping = {STANDARD_RIGHTS_READ | EVENT_QUERY_STATE, STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
                    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, EVENT_ALL_ACCESS};
    NTSTATUS status = ObCreateType(L"Event", &info, ExEventObjectType);
    info.Tag = 'ameS';
    info.MinimumBody = sizeof(KSEMAPHORE);
    if (NT_SUCCESS(status)) status = ObCreateType(L"Semaphore", &info, ExSemaphoreObjectType);
    info.Tag = 'atuM';
    info.MinimumBody = sizeof(KMUTANT);
    if (NT_SUCCESS(status)) status = ObCreateType(L"Mutant", &info, &ObpMutantType);
    if (!NT_SUCCESS(status)) KiFatal("no memory for the types of events", 0x5D, static_cast<ULONG>(status), 0, 0, 0);
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwcreateevent
NTSTATUS NTAPI ZwCreateEvent(
    PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, EVENT_TYPE EventType, BOOLEAN InitialState) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwCreateEvent");
    if (EventType != NotificationEvent && EventType != SynchronizationEvent) return STATUS_INVALID_PARAMETER;
    PVOID event;
    const NTSTATUS status =
        ObCreateObject(KernelMode, *ExEventObjectType, ObjectAttributes, KernelMode, nullptr, sizeof(KEVENT), 0, 0, &event);
    if (!NT_SUCCESS(status)) return status;
    KeInitializeEvent(static_cast<PRKEVENT>(event), EventType, InitialState);
    return ObInsertObject(event, nullptr, DesiredAccess, 0, nullptr, EventHandle);
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwopenevent
NTSTATUS NTAPI ZwOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwOpenEvent");
    return ObOpenObjectByName(ObjectAttributes, *ExEventObjectType, KernelMode, nullptr, DesiredAccess, nullptr, EventHandle);
}

/// PASSIVE_LEVEL. *PreviousState may be null.
NTSTATUS NTAPI ZwSetEvent(HANDLE EventHandle, PLONG PreviousState) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwSetEvent");
    ob::Reference<KEVENT> event;
    const NTSTATUS status = with_event(EventHandle, EVENT_MODIFY_STATE, event);
    if (!NT_SUCCESS(status)) return status;
    const LONG before = KeSetEvent(event.get(), IO_NO_INCREMENT, FALSE);
    if (PreviousState) *PreviousState = before;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI ZwResetEvent(HANDLE EventHandle, PLONG PreviousState) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwResetEvent");
    ob::Reference<KEVENT> event;
    const NTSTATUS status = with_event(EventHandle, EVENT_MODIFY_STATE, event);
    if (!NT_SUCCESS(status)) return status;
    const LONG before = KeResetEvent(event.get());
    if (PreviousState) *PreviousState = before;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI ZwClearEvent(HANDLE EventHandle) { return ZwResetEvent(EventHandle, nullptr); }

/// The event of that name, made signalled when there is none; it goes with its handle. Null: no memory, or the name is no
/// event's. PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatenotificationevent
PKEVENT NTAPI IoCreateNotificationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle) {
    return named_event(EventName, EventHandle, NotificationEvent, "IoCreateNotificationEvent");
}
PKEVENT NTAPI IoCreateSynchronizationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle) {
    return named_event(EventName, EventHandle, SynchronizationEvent, "IoCreateSynchronizationEvent");
}

/// Waits for a handle of anything that can be waited for. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwwaitforsingleobject
NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwWaitForSingleObject");
    ob::Reference<void> object;
    PVOID dispatcher;
    const NTSTATUS status = wait_object(Handle, object, &dispatcher);
    return NT_SUCCESS(status) ? KeWaitForSingleObject(dispatcher, UserRequest, KernelMode, Alertable, Timeout) : status;
}

/// At most MAXIMUM_WAIT_OBJECTS. PASSIVE_LEVEL.
NTSTATUS NTAPI ZwWaitForMultipleObjects(
    ULONG HandleCount, PHANDLE Handles, WAIT_TYPE WaitType, BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwWaitForMultipleObjects");
    if (HandleCount == 0 || HandleCount > MAXIMUM_WAIT_OBJECTS) return STATUS_INVALID_PARAMETER;
    struct Room {
        KWAIT_BLOCK blocks[MAXIMUM_WAIT_OBJECTS];
        ob::Reference<void> objects[MAXIMUM_WAIT_OBJECTS];
        PVOID dispatchers[MAXIMUM_WAIT_OBJECTS];
    };
    auto* room = static_cast<Room*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Room), 'tiaW'));
    if (!room) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(room, sizeof *room);
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; i < HandleCount && NT_SUCCESS(status); ++i) status = wait_object(Handles[i], room->objects[i], &room->dispatchers[i]);
    if (NT_SUCCESS(status))
        status = KeWaitForMultipleObjects(
            HandleCount, room->dispatchers, WaitType, UserRequest, KernelMode, Alertable, Timeout, room->blocks);
    for (ULONG i = 0; i < HandleCount; ++i) room->objects[i].reset();
    ExFreePoolWithTag(room, 'tiaW');
    return status;
}

}  // extern "C"
