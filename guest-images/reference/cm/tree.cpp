// SPDX-License-Identifier: MIT
// cm/tree.cpp: see tree.hpp.
#include "cm/tree.hpp"

namespace cm {

namespace {

void copy(void* to, const void* from, size_t bytes) {
    if (bytes != 0) __builtin_memcpy(to, from, bytes);
}

/// A copy of a name's text; null for an empty one or without memory.
uint16_t* duplicate(Name name) {
    if (name.length == 0) return nullptr;
    auto* text = static_cast<uint16_t*>(tree_allocate(name.length * sizeof(uint16_t)));
    if (text) copy(text, name.text, name.length * sizeof(uint16_t));
    return text;
}

void free_if(void* block) {
    if (block) tree_free(block);
}

/// Room for one more element in an array of pointers.
template <typename T>
bool grow(T**& array, size_t count, size_t& capacity) {
    if (count < capacity) return true;
    const size_t wanted = capacity == 0 ? 4 : capacity * 2;
    auto** larger = static_cast<T**>(tree_allocate(wanted * sizeof(T*)));
    if (!larger) return false;
    copy(larger, array, count * sizeof(T*));
    free_if(array);
    array = larger;
    capacity = wanted;
    return true;
}

template <typename T>
void take_out(T** array, size_t& count, size_t index) {
    for (--count; index < count; ++index) array[index] = array[index + 1];
}

/// Where a subkey is, or would have to be put.
size_t position(const Key* key, Name name, bool* found) {
    size_t low = 0, high = key->subkey_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(key->subkeys[middle]->name(), name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    *found = false;
    return low;
}

size_t index_of(const Key* key, Name name) {
    for (size_t i = 0; i < key->value_count; ++i)
        if (compare(key->values[i]->name(), name) == 0) return i;
    return key->value_count;
}

void free_value(Value* value) {
    free_if(value->name_text);
    free_if(value->data);
    tree_free(value);
}

void drop_values(Key* key) {
    while (key->value_count != 0) free_value(key->values[--key->value_count]);
    free_if(key->values);
    key->values = nullptr;
    key->value_capacity = 0;
}

void free_key(Key* key) {
    drop_values(key);
    free_if(key->subkeys);
    free_if(key->name_text);
    free_if(key->class_text);
    tree_free(key);
}

Key* new_key(Name name, Name class_name) {
    auto* key = static_cast<Key*>(tree_allocate(sizeof(Key)));
    if (!key) return nullptr;
    *key = Key{};
    key->name_text = duplicate(name);
    key->name_length = name.length;
    key->class_text = duplicate(class_name);
    key->class_length = class_name.length;
    if ((name.length != 0 && !key->name_text) || (class_name.length != 0 && !key->class_text)) {
        free_key(key);
        return nullptr;
    }
    return key;
}

bool valid_key_name(Name name) {
    if (name.length == 0 || name.length > kKeyNameMax) return false;
    for (size_t i = 0; i < name.length; ++i)
        if (name.text[i] == '\\' || name.text[i] == 0) return false;
    return true;
}

Value* new_value(Name name) {
    auto* value = static_cast<Value*>(tree_allocate(sizeof(Value)));
    if (!value) return nullptr;
    *value = Value{};
    value->name_text = duplicate(name);
    value->name_length = name.length;
    if (name.length != 0 && !value->name_text) {
        tree_free(value);
        return nullptr;
    }
    return value;
}

}  // namespace

Key* create_root() { return new_key({}, {}); }

void destroy_root(Key* root) {
    for (size_t i = 0; i < root->subkey_count; ++i) destroy_root(root->subkeys[i]);
    free_key(root);
}

Key* find_subkey(const Key* key, Name name) {
    bool found;
    const size_t index = position(key, name, &found);
    return found ? key->subkeys[index] : nullptr;
}

Result create_subkey(Key* key, Name name, Name class_name, bool is_volatile, uint64_t now, Key** subkey) {
    *subkey = nullptr;
    if (key->is_deleted) return Result::key_deleted;
    if (!valid_key_name(name)) return Result::name_invalid;
    bool found;
    const size_t index = position(key, name, &found);
    if (found) {
        *subkey = key->subkeys[index];
        return Result::exists;
    }
    if (key->is_volatile && !is_volatile) return Result::must_be_volatile;
    Key* made = new_key(name, class_name);
    if (!made) return Result::no_memory;
    if (!grow(key->subkeys, key->subkey_count, key->subkey_capacity)) {
        free_key(made);
        return Result::no_memory;
    }
    for (size_t i = key->subkey_count++; i > index; --i) key->subkeys[i] = key->subkeys[i - 1];
    key->subkeys[index] = made;
    made->parent = key;
    made->is_volatile = is_volatile;
    made->last_write = key->last_write = now;
    *subkey = made;
    return Result::done;
}

Result remove(Key* key, uint64_t now) {
    if (key->is_deleted) return Result::key_deleted;
    if (!key->parent) return Result::is_root;
    if (key->subkey_count != 0) return Result::has_subkeys;
    bool found;
    const size_t index = position(key->parent, key->name(), &found);
    take_out(key->parent->subkeys, key->parent->subkey_count, index);
    key->parent->last_write = now;
    key->parent = nullptr;
    key->is_deleted = true;
    drop_values(key);
    if (key->opens == 0) free_key(key);
    return Result::done;
}

Value* find_value(const Key* key, Name name) {
    const size_t index = index_of(key, name);
    return index < key->value_count ? key->values[index] : nullptr;
}

Result set_value(Key* key, Name name, uint32_t type, const void* data, size_t bytes, uint64_t now) {
    if (key->is_deleted) return Result::key_deleted;
    if (name.length > kValueNameMax) return Result::name_invalid;
    if (bytes > kDataMax) return Result::data_too_long;
    uint8_t* kept = nullptr;
    if (bytes != 0) {
        kept = static_cast<uint8_t*>(tree_allocate(bytes));
        if (!kept) return Result::no_memory;
        copy(kept, data, bytes);
    }
    Value* value = find_value(key, name);
    if (!value) {
        value = new_value(name);
        if (!value || !grow(key->values, key->value_count, key->value_capacity)) {
            if (value) free_value(value);
            free_if(kept);
            return Result::no_memory;
        }
        key->values[key->value_count++] = value;
    }
    free_if(value->data);
    value->data = kept;
    value->bytes = static_cast<uint32_t>(bytes);
    value->type = type;
    key->last_write = now;
    return Result::done;
}

Result remove_value(Key* key, Name name, uint64_t now) {
    if (key->is_deleted) return Result::key_deleted;
    const size_t index = index_of(key, name);
    if (index == key->value_count) return Result::not_found;
    free_value(key->values[index]);
    take_out(key->values, key->value_count, index);
    key->last_write = now;
    return Result::done;
}

void open(Key* key) { ++key->opens; }

void close(Key* key) {
    if (--key->opens == 0 && key->is_deleted) free_key(key);
}

size_t full_name_length(const Key* key) {
    size_t length = 0;
    for (; key->parent; key = key->parent) length += 1 + key->name_length;
    return length;
}

void write_full_name(const Key* key, uint16_t* text) {
    size_t end = full_name_length(key);
    for (; key->parent; key = key->parent) {
        end -= key->name_length;
        copy(text + end, key->name_text, key->name_length * sizeof(uint16_t));
        text[--end] = '\\';
    }
}

Longest longest_of(const Key* key) {
    const auto raise = [](size_t& so_far, size_t candidate) {
        if (candidate > so_far) so_far = candidate;
    };
    Longest longest{};
    for (size_t i = 0; i < key->subkey_count; ++i) {
        raise(longest.name, key->subkeys[i]->name_length);
        raise(longest.class_name, key->subkeys[i]->class_length);
    }
    for (size_t i = 0; i < key->value_count; ++i) {
        raise(longest.value_name, key->values[i]->name_length);
        raise(longest.data, key->values[i]->bytes);
    }
    return longest;
}

}  // namespace cm
