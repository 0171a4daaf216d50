// SPDX-License-Identifier: MIT
// ob/object.hpp
//
// Inside the object manager: the header before every object's body, directories, and who holds which lock.
//
// Counts and the handle table change under KiEnterAtomic (one vCPU: a few instructions). Names and directories change under
// the name lock (PASSIVE_LEVEL), which is never held while a type's procedure runs.
#pragma once
#include "ob/ob.hpp"

namespace ob {

constexpr ULONG64 kLive = 0x5443454A424F4452;  // "RDOBJECT"
constexpr ULONG64 kDead = 0x444145444A424F52;  // "RObjDEAD" in memory
constexpr ULONG kTag = ' jbO';
constexpr ULONG kNameTag = 'mNbO';

/// A directory object's body.
struct Directory {
    LIST_ENTRY entries;  // Header::directory_entry, in the order of insertion
};

/// What ObCreateObject was told and ObInsertObject needs.
struct CreateInfo {
    HANDLE root;
    ULONG attributes;
    UNICODE_STRING name;  // its text follows; empty: no name
};

struct Security;

struct alignas(16) Header {
    ULONG64 magic;
    POBJECT_TYPE type;
    LONG64 references;    // changed under KiEnterAtomic
    LONG handles;
    ULONG attributes;     // OBJ_PERMANENT
    CreateInfo* create;   // until inserted
    Security* security;   // what ObSetSecurityObjectByPointer set; may be null
    Directory* directory; // referenced; null: no name
    UNICODE_STRING name;  // pool, kNameTag
    LIST_ENTRY type_entry;
    LIST_ENTRY directory_entry;
    Header* next_deferred;

    PVOID body() { return this + 1; }
};
static_assert(sizeof(Header) % 16 == 0);

/// The header of a live object. Anything else stops the guest with 0x18 (REFERENCE_BY_POINTER). Any IRQL.
Header* header_of(PVOID object, const char* function);

/// The name lock for a scope. PASSIVE_LEVEL.
class NameLock {
  public:
    NameLock();
    ~NameLock();
    NameLock(const NameLock&) = delete;
};
void initialize_name_lock();

// --- directory.cpp
extern PVOID root_directory;
/// Entry of that name, not referenced; null. Name lock held.
Header* find_entry(Directory* directory, const UNICODE_STRING* name, bool insensitive);
/// Gives an object a name in a directory; the name references both. Name lock held.
NTSTATUS insert_entry(Directory* directory, Header* header, const UNICODE_STRING* name);
/// Takes an object's name away if it is not permanent and no handle is open. PASSIVE_LEVEL.
void remove_unused_name(Header* header);
void create_directory_types();

// --- lookup.cpp
/// What a lookup is for.
struct Lookup {
    HANDLE root;
    const UNICODE_STRING* name;
    ULONG attributes;
    POBJECT_TYPE type;
    KPROCESSOR_MODE mode;
    ACCESS_MASK access;
    PVOID context;
    Header* insert;     // to be put there if nothing has the name; else null
    bool inserted;      // out: it was
};
/// Finds, and references, the object of a name; with `insert`, that is the new one if nothing had the name.
NTSTATUS look_up(Lookup* lookup, PVOID* object);

// --- reference.cpp
void delete_object(Header* header);
/// Drops a reference and leaves a deletion to a worker. <= DISPATCH_LEVEL.
void dereference_deferred(PVOID object);

// --- handle.cpp
struct HandleInfo {
    PVOID object;
    ACCESS_MASK access;
    ULONG attributes;
};
/// References what a handle refers to (pseudo handles too). STATUS_INVALID_HANDLE. <= DISPATCH_LEVEL.
NTSTATUS reference_handle(HANDLE handle, KPROCESSOR_MODE mode, HandleInfo* info);
ACCESS_MASK map_access(POBJECT_TYPE type, ACCESS_MASK access);

// --- symbolic_link.cpp, security.cpp
void create_symbolic_link_type();
NTSTATUS create_symbolic_link(PCWSTR name, PCWSTR target);
void free_security(Security* security);

}  // namespace ob
