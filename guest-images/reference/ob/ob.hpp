// SPDX-License-Identifier: MIT
// ob/ob.hpp
//
// The object manager's seam inside ntoskrnl.exe: what the I/O manager, the registry and the process structure build on.
// Public functions (ObCreateObject, ObInsertObject, ObOpenObjectByName, ObReferenceObjectByHandle, ...) have their Windows
// signatures in the DDK headers and include/rd_executive.hpp; here is what Windows keeps to itself.
//
// An object is born by ObCreateObject with one reference, the creator's. Then one of
//   ObInsertObject    gives it the name and the handle it was asked for; consumes the creator's reference if a handle is made
//                     or if it fails, and leaves it with the caller if no handle is asked for;
//   nothing           an object without name and handle is used by pointer, and goes by ObDereferenceObject;
//   a parse procedure returns it, and the object manager makes the handle.
// A named object keeps its name while a handle to it is open, or until ObMakeTemporaryObject if it is permanent. The name
// holds a reference.
//
// Order of bring-up: ObInitSystem, PsInitSystem (ps/ps.hpp), ExInitSystem (ex/ex.hpp), then registry and I/O. Threads that
// may be referenced as objects are made by PsCreateSystemThread; the kernel's first thread is not one, so driver code runs
// on others.
#pragma once
#include "nt_internal.hpp"
#include "rd_executive.hpp"

#ifndef OBJ_PERMANENT
#define OBJ_PERMANENT 0x10L
#endif
/// Object attribute bit, as in Windows: a handle that ZwClose refuses. Set by ZwDuplicateObject or a caller inside.
constexpr ULONG OBJ_PROTECT_CLOSE_HANDLE = 1;

typedef struct _OBJECT_TYPE OBJECT_TYPE;

/// Why a handle comes into being.
enum OB_OPEN_REASON { OB_CREATE_HANDLE, OB_OPEN_HANDLE, OB_DUPLICATE_HANDLE };

/// A name on its way through a parse procedure.
struct OB_PARSE {
    PVOID ParseObject;            ///< The object the name ran into; referenced by the caller for the call.
    POBJECT_TYPE WantedType;      ///< What the opener wants; null: anything.
    KPROCESSOR_MODE AccessMode;
    ULONG Attributes;             ///< OBJ_* of the opener, OBJ_CASE_INSENSITIVE among them.
    ACCESS_MASK DesiredAccess;
    UNICODE_STRING CompleteName;  ///< The whole name; to return STATUS_REPARSE call ObReparse.
    UNICODE_STRING RemainingName; ///< What is left: "" or "\rest"; without a leading backslash if it is relative to a root handle.
    PVOID Context;                ///< ParseContext of ObOpenObjectByName or ObReferenceObjectByName.
    PVOID Object;                 ///< Out: the object found or made, with one reference, which goes to the caller.
};

/// Called before a handle is made; a failure refuses it. `handles`: how many there will be. PASSIVE_LEVEL.
using OB_OPEN_PROCEDURE = NTSTATUS (*)(OB_OPEN_REASON reason, PVOID object, ACCESS_MASK granted, ULONG handles);
/// Called after a handle was closed; `handles`: how many are left (0: the last one went). PASSIVE_LEVEL.
using OB_CLOSE_PROCEDURE = VOID (*)(PVOID object, ACCESS_MASK granted, ULONG handles);
/// Called when the last reference is gone, before the memory goes. Always at PASSIVE_LEVEL.
using OB_DELETE_PROCEDURE = VOID(NTAPI*)(PVOID object);
/// Continues a name from an object of the type. Called even when nothing remains, but never for the insertion of a new
/// object with that very name. PASSIVE_LEVEL. No lock is held.
using OB_PARSE_PROCEDURE = NTSTATUS (*)(OB_PARSE* parse);
/// False keeps a handle open; ZwClose then fails with STATUS_HANDLE_NOT_CLOSABLE. PASSIVE_LEVEL.
using OB_OKAY_TO_CLOSE_PROCEDURE = BOOLEAN (*)(PVOID object, HANDLE handle);
/// Appends the object's name below what ObQueryNameString knows (file in device, key in registry): the whole name goes
/// to `buffer` of `bytes` bytes; *needed is its length in bytes without a NUL. STATUS_INFO_LENGTH_MISMATCH: too small.
/// PASSIVE_LEVEL.
using OB_QUERY_NAME_PROCEDURE = NTSTATUS (*)(PVOID object, PWCHAR buffer, ULONG bytes, ULONG* needed);

/// Where the dispatcher header lies in an object's body, for ZwWaitFor*.
constexpr ULONG OB_NOT_WAITABLE = ~0u;

/// What a type of object can do. Zero-initialise and fill in what applies.
struct OB_TYPE_INFO {
    POOL_TYPE Pool;                       ///< Of header and body. NonPagedPool (0) unless nobody touches it above APC_LEVEL.
    ULONG Tag;                            ///< Pool tag; 0: 'jbO '.
    ULONG MinimumBody;                    ///< ObCreateObject refuses smaller bodies; 0: any.
    ULONG WaitOffset;                     ///< OB_NOT_WAITABLE, or the dispatcher header's offset (a FILE_OBJECT's Event).
    GENERIC_MAPPING Mapping;
    ACCESS_MASK ValidAccess;              ///< Bits a handle can have; 0: all.
    OB_OPEN_PROCEDURE Open;
    OB_CLOSE_PROCEDURE Close;
    OB_DELETE_PROCEDURE Delete;
    OB_PARSE_PROCEDURE Parse;
    OB_OKAY_TO_CLOSE_PROCEDURE OkayToClose;
    OB_QUERY_NAME_PROCEDURE QueryName;
};

/// A type of object; itself an object of type Type, named in \ObjectTypes.
struct _OBJECT_TYPE {
    POBJECT_TYPE Self;      ///< First: see README.md, "imports of object types".
    UNICODE_STRING Name;
    OB_TYPE_INFO Info;
    LIST_ENTRY Objects;     ///< Every object of the type, by its header.
    LONG ObjectCount;       ///< Changed under KiEnterAtomic.
    LONG HandleCount;
    WCHAR NameText[32];
};

extern "C" {

/// The root, its directories and the object manager's own types. Once, on a thread, PASSIVE_LEVEL. Fatal if memory lacks.
VOID ObInitSystem(void);

/// Makes a type. `name` without path, at most 31 characters. The type lives for good. PASSIVE_LEVEL.
NTSTATUS ObCreateType(PCWSTR name, const OB_TYPE_INFO* info, POBJECT_TYPE* type);

/// The types that others fill in once they have made theirs: `*IoFileObjectType = type`. Drivers import most of them.
extern POBJECT_TYPE* IoDeviceObjectType;
extern POBJECT_TYPE* IoDriverObjectType;
extern POBJECT_TYPE* IoControllerObjectType;
extern POBJECT_TYPE* IoAdapterObjectType;
extern POBJECT_TYPE ObpTypeType, ObpDirectoryType, ObpSymbolicLinkType;

/// Makes a permanent directory ("\Something"), for those who bring up the system. PASSIVE_LEVEL.
NTSTATUS ObCreatePermanentDirectory(PCWSTR name);

/// For parse procedures: the lookup begins again with `prefix` followed by `rest` (a backslash is put between them when
/// neither has one). Returns STATUS_REPARSE, or why not.
NTSTATUS ObReparse(OB_PARSE* parse, const UNICODE_STRING* prefix, const UNICODE_STRING* rest);

/// Looks a name up and references what it finds; any type if `type` is null. Free with ObDereferenceObject.
/// `root`: handle the name is relative to, or null. PASSIVE_LEVEL.
NTSTATUS ObLookupObject(
    HANDLE root, PUNICODE_STRING name, ULONG attributes, POBJECT_TYPE type, KPROCESSOR_MODE mode, ACCESS_MASK access,
    PVOID parse_context, PVOID* object);

/// Makes a handle to an object the caller has a reference of (which stays the caller's). PASSIVE_LEVEL.
NTSTATUS ObCreateHandle(OB_OPEN_REASON reason, PVOID object, ULONG attributes, ACCESS_MASK access, HANDLE* handle);

/// Type of an object. Any IRQL. Stops with 0x18 if it is no object.
POBJECT_TYPE NTAPI ObGetObjectType(PVOID object);
/// Its references and handles at this moment. Any IRQL.
LONG_PTR ObGetReferenceCount(PVOID object);
ULONG ObGetHandleCount(PVOID object);
/// Whether it has a name in a directory now. Any IRQL.
BOOLEAN ObIsNamed(PVOID object);

/// References at most `capacity` objects of a type, in the order of their birth. Returns how many there are in all; free each of the min(count, capacity) with
/// ObDereferenceObject. <= DISPATCH_LEVEL.
ULONG ObReferenceObjectsOfType(POBJECT_TYPE type, PVOID* objects, ULONG capacity);

/// References the `index`-th entry of a directory object; STATUS_NO_MORE_ENTRIES after the last. PASSIVE_LEVEL.
NTSTATUS ObReferenceDirectoryEntry(PVOID directory, ULONG index, PVOID* object);

/// References an object unless it is being deleted (count 0). For tables that hold no reference. <= DISPATCH_LEVEL.
BOOLEAN ObReferenceObjectSafe(PVOID object);

/// The dispatcher object ZwWaitFor* waits for; null: its type cannot be waited for. Any IRQL.
PVOID ObGetWaitObject(PVOID object);

/// Open handles in the system. Any IRQL.
ULONG ObQueryHandleCount(void);

NTSTATUS NTAPI ObSetSecurityObjectByPointer(PVOID object, SECURITY_INFORMATION information, PSECURITY_DESCRIPTOR descriptor);
}  // extern "C"

namespace ob {

/// A reference that goes with its scope.
template <class T>
class Reference {
  public:
    Reference() = default;
    ~Reference() { reset(); }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    void reset() {
        if (object_) ObfDereferenceObject(object_);
        object_ = nullptr;
    }
    T* get() const { return static_cast<T*>(object_); }
    T* operator->() const { return get(); }
    T* release() {
        T* object = get();
        object_ = nullptr;
        return object;
    }
    /// Where a function that references an object writes it.
    PVOID* receive() {
        reset();
        return &object_;
    }

  private:
    PVOID object_ = nullptr;
};

}  // namespace ob
