// SPDX-License-Identifier: MIT
// ob/reference.cpp
//
// Counting references, and the end of an object. A count that cannot be right stops the guest at the call that made it so.
#include "ke/ki.hpp"
#include "ob/object.hpp"

namespace {

ob::Header* deferred;        // objects to be deleted at PASSIVE_LEVEL
bool worker_queued;
WORK_QUEUE_ITEM worker_item;

[[noreturn]] void stop(const char* what, ob::Header* header, ULONG64 caller) {
    char where[96];
    KiDescribeAddress(caller, where, sizeof where);
    KiPrint(
        "%s, from %s: object %p has %llu references and %u handles\n", what, where, header->body(),
        static_cast<ULONG64>(header->references), static_cast<ULONG>(header->handles));
    KeBugCheckEx(
        0x18, reinterpret_cast<ULONG_PTR>(header->type), reinterpret_cast<ULONG_PTR>(header->body()),
        static_cast<ULONG_PTR>(header->references), caller);
}

VOID NTAPI delete_deferred(PVOID) {
    for (;;) {
        ob::Header* header;
        {
            KiAtomic atomic;
            header = deferred;
            if (!header) {
                worker_queued = false;
                return;
            }
            deferred = header->next_deferred;
        }
        ob::delete_object(header);
    }
}

void defer(ob::Header* header) {
    bool queue;
    {
        KiAtomic atomic;
        header->next_deferred = deferred;
        deferred = header;
        queue = !worker_queued;
        worker_queued = true;
    }
    if (!queue) return;
    ExInitializeWorkItem(&worker_item, delete_deferred, nullptr);
    ExQueueWorkItem(&worker_item, HyperCriticalWorkQueue);
}

LONG_PTR reference(PVOID object, const char* function, ULONG64 caller) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, function);
    ob::Header* header = ob::header_of(object, function);
    KiAtomic atomic;
    if (header->references <= 0) stop("a reference to an object that is being deleted", header, caller);
    return ++header->references;
}

/// True: the last reference went.
bool drop(PVOID object, const char* function, ULONG64 caller, LONG_PTR* left) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, function);
    ob::Header* header = ob::header_of(object, function);
    KiAtomic atomic;
    if (header->references <= 0) stop("an object was dereferenced more often than referenced", header, caller);
    *left = --header->references;
    // Every handle holds a reference and so does a name: fewer than those means that somebody dropped what was not his.
    if (*left < header->handles + (header->directory ? 1 : 0))
        stop("an object was dereferenced more often than referenced", header, caller);
    return *left == 0;
}

}  // namespace

namespace ob {

Header* header_of(PVOID object, const char* function) {
    auto* header = static_cast<Header*>(object) - 1;
    // Low addresses hold no objects; what is not mapped at all faults by itself, with its address in the bug check.
    if (reinterpret_cast<ULONG64>(object) >= PAGE_SIZE && !(reinterpret_cast<ULONG64>(object) & 7) &&
        header->magic == kLive)
        return header;
    KiPrint("%s: %p is no object, or one that was deleted\n", function, object);
    KeBugCheckEx(0x18, 0, reinterpret_cast<ULONG_PTR>(object), 0, KI_CALLER);
}

void delete_object(Header* header) {
    POBJECT_TYPE type = header->type;
    if (type->Info.Delete) type->Info.Delete(header->body());
    {
        KiAtomic atomic;
        RemoveEntryList(&header->type_entry);
        --type->ObjectCount;
    }
    if (header->create) ExFreePoolWithTag(header->create, kNameTag);
    if (header->name.Buffer) ExFreePoolWithTag(header->name.Buffer, kNameTag);
    free_security(header->security);
    header->magic = kDead;
    ExFreePoolWithTag(header, type->Info.Tag);
}

void dereference_deferred(PVOID object) {
    LONG_PTR left;
    if (drop(object, "ObDereferenceObjectDeferDelete", KI_CALLER, &left)) defer(static_cast<Header*>(object) - 1);
}

}  // namespace ob

extern "C" {

/// <= DISPATCH_LEVEL. Returns the new count, good for nothing but tests.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obfreferenceobject
LONG_PTR FASTCALL ObfReferenceObject(PVOID Object) { return reference(Object, "ObReferenceObject", KI_CALLER); }

/// <= DISPATCH_LEVEL. The object's deletion, if this was the last reference, happens here at PASSIVE_LEVEL and on a system
/// worker thread otherwise. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obdereferenceobject
LONG_PTR FASTCALL ObfDereferenceObject(PVOID Object) {
    LONG_PTR left;
    if (!drop(Object, "ObDereferenceObject", KI_CALLER, &left)) return left;
    ob::Header* header = static_cast<ob::Header*>(Object) - 1;
    if (KeGetCurrentIrql() == PASSIVE_LEVEL)
        ob::delete_object(header);
    else
        defer(header);
    return 0;
}

/// <= DISPATCH_LEVEL. Never deletes on the caller's stack, so it may hold locks that the deletion takes.
VOID NTAPI ObDereferenceObjectDeferDelete(PVOID Object) { ob::dereference_deferred(Object); }

/// The tags are for a debugger's object tracing, which this guest has not; the counts are the same.
LONG_PTR FASTCALL ObfReferenceObjectWithTag(PVOID Object, ULONG Tag) {
    return reference(Object, "ObReferenceObjectWithTag", KI_CALLER);
}
LONG_PTR FASTCALL ObfDereferenceObjectWithTag(PVOID Object, ULONG Tag) { return ObfDereferenceObject(Object); }
VOID NTAPI ObDereferenceObjectDeferDeleteWithTag(PVOID Object, ULONG Tag) { ob::dereference_deferred(Object); }

BOOLEAN ObReferenceObjectSafe(PVOID object) {
    ob::Header* header = ob::header_of(object, "ObReferenceObjectSafe");
    KiAtomic atomic;
    if (header->references <= 0) return FALSE;
    ++header->references;
    return TRUE;
}

/// <= DISPATCH_LEVEL. STATUS_OBJECT_TYPE_MISMATCH. Access is not checked: whoever has the pointer has the object.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obreferenceobjectbypointer
NTSTATUS NTAPI ObReferenceObjectByPointer(
    PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode) {
    if (ObjectType && ob::header_of(Object, "ObReferenceObjectByPointer")->type != ObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    reference(Object, "ObReferenceObjectByPointer", KI_CALLER);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI ObReferenceObjectByPointerWithTag(
    PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, ULONG Tag) {
    return ObReferenceObjectByPointer(Object, DesiredAccess, ObjectType, AccessMode);
}

LONG_PTR ObGetReferenceCount(PVOID object) { return ob::header_of(object, "ObGetReferenceCount")->references; }
ULONG ObGetHandleCount(PVOID object) { return static_cast<ULONG>(ob::header_of(object, "ObGetHandleCount")->handles); }
BOOLEAN ObIsNamed(PVOID object) { return ob::header_of(object, "ObIsNamed")->directory != nullptr; }

}  // extern "C"
