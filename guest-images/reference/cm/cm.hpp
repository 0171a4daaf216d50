// SPDX-License-Identifier: MIT
// cm/cm.hpp
//
// Between the files of the registry: the one lock, key objects, and how results of the tree become statuses. Everything at
// PASSIVE_LEVEL. The lock is held for one operation of the tree at a time, never while other code is called.
#pragma once
#include "ob/ob.hpp"
// Behind the DDK headers, which must come first.
#include "cm/tree.hpp"

/// The registry with its \Registry\Machine tree and what a setup would have written. After ExInitSystem. Fatal if memory
/// lacks. PASSIVE_LEVEL.
extern "C" VOID CmInitSystem(void);

namespace cm {

/// What a handle to a key refers to: every open makes one.
struct KeyObject {
    Key* key;  ///< Opened (cm::open); the tree frees it no earlier than this object goes.
};

/// Type "Key".
extern POBJECT_TYPE KeyType;

/// The registry's lock for a scope.
class Lock {
  public:
    Lock();
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
};

/// What ZwCreateKey tells the parse procedure; opens have none.
struct CreateRequest {
    Name class_name;
    bool is_volatile;
    bool created;  ///< Out.
};

/// The key of a handle for a scope.
class KeyHandle {
  public:
    NTSTATUS open(HANDLE handle, ACCESS_MASK access) {
        return ObReferenceObjectByHandle(handle, access, KeyType, KernelMode, object_.receive(), nullptr);
    }
    /// Under Lock only.
    Key* operator->() const { return object_->key; }
    Key* get() const { return object_->key; }

  private:
    ob::Reference<KeyObject> object_;
};

NTSTATUS status_of(Result result);
/// 100 ns since 1601.
uint64_t now();

inline Name name_of(const UNICODE_STRING& string) {
    return {reinterpret_cast<const uint16_t*>(string.Buffer), string.Length / sizeof(WCHAR)};
}
/// The name of a NUL-terminated string.
inline Name name_of(PCWSTR text) {
    size_t length = 0;
    while (text[length] != 0) ++length;
    return {reinterpret_cast<const uint16_t*>(text), length};
}

/// Makes the root object \Registry for a tree; its parse procedure continues names below it.
NTSTATUS create_registry_object(Key* root);
/// Writes the keys a setup would have written.
NTSTATUS seed(Key* root);

}  // namespace cm
