// SPDX-License-Identifier: MIT
// selftest/provoke_objects.cpp
//
// Crimes with objects and handles.
#include "selftest/provoke.hpp"

namespace {

HANDLE make_event(ULONG attributes, PVOID* object) {
    HANDLE handle = nullptr;
    OBJECT_ATTRIBUTES wanted;
    InitializeObjectAttributes(&wanted, nullptr, attributes | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &wanted, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(handle, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode, object, nullptr);
    return handle;
}

}  // namespace

extern "C" VOID provoke_object_dereferenced_too_often() {
    PVOID object;
    make_event(0, &object);
    provoke::value(1, *ExEventObjectType);
    provoke::value(2, object);
    ObDereferenceObject(object);
    ObDereferenceObject(object);  // the handle's
}

extern "C" VOID provoke_object_referenced_after_its_end() {
    PVOID object;
    const HANDLE handle = make_event(0, &object);
    provoke::value(1, object);
    ZwClose(handle);
    ObDereferenceObject(object);
    ObReferenceObject(provoke::hide(object));
}

extern "C" VOID provoke_no_object_dereferenced() {
    static ULONG64 memory[16];
    provoke::value(1, memory + 8);
    ObDereferenceObject(memory + 8);
}

extern "C" VOID provoke_handle_closed_twice() {
    PVOID object;
    const HANDLE handle = make_event(0, &object);
    provoke::value(1, handle);
    ZwClose(handle);
    ZwClose(provoke::hide(handle));
}

extern "C" VOID provoke_protected_handle_closed() {
    PVOID object;
    HANDLE handle = nullptr;
    OBJECT_ATTRIBUTES wanted;
    InitializeObjectAttributes(&wanted, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &wanted, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(handle, 0, nullptr, KernelMode, &object, nullptr);
    HANDLE kept = nullptr;
    ObOpenObjectByPointer(object, OBJ_KERNEL_HANDLE | 1 /* OBJ_PROTECT_CLOSE */, nullptr, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode, &kept);
    provoke::value(1, kept);
    ZwClose(kept);
}

extern "C" VOID provoke_zw_at_dispatch() {
    PVOID object;
    const HANDLE handle = make_event(0, &object);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    ZwClose(handle);
}

extern "C" VOID provoke_object_referenced_above_dispatch() {
    PVOID object;
    make_event(0, &object);
    KIRQL before;
    KeRaiseIrql(5, &before);
    ObReferenceObject(object);
}
