// SPDX-License-Identifier: MIT
// cm/tree.hpp
//
// The registry as a tree in memory: keys, values, and what may be done to them. Pure: no locks, no objects, no NT types;
// memory comes through the two hooks at the end, which the kernel takes from paged pool and the unit tests from the heap.
// Subkeys enumerate in the order of their names, values in the order they were first set, as on Windows.
#pragma once
#include "cm/name.hpp"

namespace cm {

/// Documented limits: 255 characters for a key's name, 16,383 for a value's; 1 MiB of data is what this guest allows.
constexpr size_t kKeyNameMax = 255, kValueNameMax = 16383, kDataMax = 1 << 20;

/// What became of a change.
enum class Result {
    done,
    no_memory,
    not_found,           ///< No such key or value.
    exists,              ///< create(): the key was there already, and is returned.
    key_deleted,         ///< The key was deleted while it was open.
    has_subkeys,         ///< remove(): keys with subkeys stay.
    is_root,             ///< remove(): the root stays.
    must_be_volatile,    ///< create(): a lasting key below one that is not.
    name_invalid,        ///< Empty, too long or with a backslash.
    data_too_long,
};

struct Value {
    uint16_t* name_text;
    size_t name_length;
    uint32_t type;
    uint32_t bytes;
    uint8_t* data;  ///< Null when there are no bytes.
    Name name() const { return {name_text, name_length}; }
};

/// A key. Read its members freely; change them with the functions below only.
struct Key {
    Key* parent;           ///< Null for the root and for a deleted key.
    uint16_t* name_text;
    size_t name_length;
    uint16_t* class_text;  ///< May be null.
    size_t class_length;
    Key** subkeys;         ///< Sorted by name.
    size_t subkey_count, subkey_capacity;
    Value** values;        ///< In the order they came.
    size_t value_count, value_capacity;
    uint64_t last_write;   ///< 100 ns since 1601, as the caller said.
    size_t opens;          ///< Open objects; a deleted key's memory goes with the last one.
    uint32_t title_index;
    bool is_volatile;
    bool is_deleted;
    Name name() const { return {name_text, name_length}; }
    Name class_name() const { return {class_text, class_length}; }
};

/// A tree of one nameless key. Null: no memory.
Key* create_root();
/// Frees the tree below and with `root`; nothing of it may be open.
void destroy_root(Key* root);

Key* find_subkey(const Key* key, Name name);
/// Makes the subkey or finds it (Result::exists); *subkey is set in both cases.
Result create_subkey(Key* key, Name name, Name class_name, bool is_volatile, uint64_t now, Key** subkey);
/// Takes a key without subkeys out of the tree, its values with it. It stays as a deleted key while it is open.
Result remove(Key* key, uint64_t now);

Value* find_value(const Key* key, Name name);
/// Sets a value, new or not; data is copied. On failure the value keeps what it had.
Result set_value(Key* key, Name name, uint32_t type, const void* data, size_t bytes, uint64_t now);
Result remove_value(Key* key, Name name, uint64_t now);

/// One more or less opener of a key.
void open(Key* key);
void close(Key* key);

/// Length in units of the key's full name: "\A\B\C" below the root.
size_t full_name_length(const Key* key);
/// Writes that many units.
void write_full_name(const Key* key, uint16_t* text);

/// The longest name, class, value name and data below a key, in units and bytes: what KeyFullInformation tells.
struct Longest {
    size_t name, class_name, value_name, data;
};
Longest longest_of(const Key* key);

/// The hooks. tree_allocate may return null.
void* tree_allocate(size_t bytes);
void tree_free(void* block);

}  // namespace cm
