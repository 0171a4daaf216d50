// SPDX-License-Identifier: MIT
// cm/information.cpp: see information.hpp.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_key_information_class
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_key_value_information_class
#include "cm/information.hpp"

#include "rtl/literal.hpp"

namespace cm {

namespace {

constexpr ULONG bytes_of(size_t units) { return static_cast<ULONG>(units * sizeof(WCHAR)); }
constexpr ULONG align(ULONG bytes, ULONG to) { return (bytes + to - 1) & ~(to - 1); }

LARGE_INTEGER time_of(const Key* key) {
    LARGE_INTEGER time;
    time.QuadPart = static_cast<LONGLONG>(key->last_write);
    return time;
}

NTSTATUS basic(const Key* key, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
    KEY_BASIC_INFORMATION head = {time_of(key), key->title_index, bytes_of(key->name_length), {}};
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, key->name());
    return out.finish(needed);
}

NTSTATUS node(const Key* key, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_NODE_INFORMATION, Name);
    const ULONG class_offset = align(fixed + bytes_of(key->name_length), sizeof(ULONG));
    KEY_NODE_INFORMATION head = {
        time_of(key), key->title_index, key->class_length ? class_offset : ~0u, bytes_of(key->class_length),
        bytes_of(key->name_length), {}};
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, key->name());
    if (key->class_length) out.put(class_offset, key->class_name());
    return out.finish(needed);
}

NTSTATUS full(const Key* key, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_FULL_INFORMATION, Class);
    const Longest longest = longest_of(key);
    KEY_FULL_INFORMATION head = {};
    head.LastWriteTime = time_of(key);
    head.TitleIndex = key->title_index;
    head.ClassOffset = key->class_length ? fixed : ~0u;
    head.ClassLength = bytes_of(key->class_length);
    head.SubKeys = static_cast<ULONG>(key->subkey_count);
    head.MaxNameLen = bytes_of(longest.name);
    head.MaxClassLen = bytes_of(longest.class_name);
    head.Values = static_cast<ULONG>(key->value_count);
    head.MaxValueNameLen = bytes_of(longest.value_name);
    head.MaxValueDataLen = static_cast<ULONG>(longest.data);
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, key->class_name());
    return out.finish(needed);
}

/// The full name, with \REGISTRY in front.
NTSTATUS name_information(const Key* key, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = sizeof(ULONG);
    constexpr UNICODE_STRING prefix = rtl::literal(L"\\REGISTRY");
    const ULONG length = prefix.Length + bytes_of(full_name_length(key));
    InformationWriter out(buffer, room, fixed);
    out.head(&length);
    out.put(fixed, prefix.Buffer, prefix.Length);
    ULONG end = fixed + length;  // written from the leaf up
    constexpr uint16_t separator = '\\';
    for (; key->parent; key = key->parent) {
        end -= bytes_of(key->name_length);
        out.put(end, key->name());
        end -= sizeof separator;
        out.put(end, &separator, sizeof separator);
    }
    return out.finish(needed);
}

NTSTATUS value_basic(const Value* value, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
    KEY_VALUE_BASIC_INFORMATION head = {0, value->type, bytes_of(value->name_length), {}};
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, value->name());
    return out.finish(needed);
}

NTSTATUS value_full(const Value* value, ULONG alignment, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
    const ULONG offset = align(fixed + bytes_of(value->name_length), alignment);
    KEY_VALUE_FULL_INFORMATION head = {
        0, value->type, value->bytes ? offset : ~0u, value->bytes, bytes_of(value->name_length), {}};
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, value->name());
    if (value->bytes) out.put(offset, value->data, value->bytes);
    return out.finish(needed);
}

NTSTATUS value_partial(const Value* value, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    KEY_VALUE_PARTIAL_INFORMATION head = {0, value->type, value->bytes, {}};
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, value->data, value->bytes);
    return out.finish(needed);
}

NTSTATUS value_partial_aligned(const Value* value, PVOID buffer, ULONG room, PULONG needed) {
    constexpr ULONG fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data);
    KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 head = {value->type, value->bytes, {}};
    InformationWriter out(buffer, room, fixed);
    out.head(&head);
    out.put(fixed, value->data, value->bytes);
    return out.finish(needed);
}

}  // namespace

NTSTATUS describe_key(const Key* key, KEY_INFORMATION_CLASS wanted, PVOID buffer, ULONG room, PULONG needed) {
    switch (wanted) {
    case KeyBasicInformation: return basic(key, buffer, room, needed);
    case KeyNodeInformation: return node(key, buffer, room, needed);
    case KeyFullInformation: return full(key, buffer, room, needed);
    case KeyNameInformation: return name_information(key, buffer, room, needed);
    default: return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS describe_value(const Value* value, KEY_VALUE_INFORMATION_CLASS wanted, PVOID buffer, ULONG room, PULONG needed) {
    switch (wanted) {
    case KeyValueBasicInformation: return value_basic(value, buffer, room, needed);
    case KeyValueFullInformation: return value_full(value, sizeof(ULONG), buffer, room, needed);
    case KeyValueFullInformationAlign64: return value_full(value, sizeof(ULONG64), buffer, room, needed);
    case KeyValuePartialInformation: return value_partial(value, buffer, room, needed);
    case KeyValuePartialInformationAlign64: return value_partial_aligned(value, buffer, room, needed);
    default: return STATUS_INVALID_PARAMETER;
    }
}

}  // namespace cm
