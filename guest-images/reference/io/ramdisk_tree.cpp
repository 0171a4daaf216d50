// SPDX-License-Identifier: MIT
// io/ramdisk_tree.cpp: see ramdisk_tree.hpp.
#include "io/ramdisk_tree.hpp"

namespace ramdisk {

Space space;
LIST_ENTRY nodes = {&nodes, &nodes};

namespace {

constexpr ULONG kTag = 'kDmR';
constexpr SIZE_T kFileMax = 256 << 20;

USHORT parent_bytes(PCUNICODE_STRING path) {
    USHORT units = path->Length / sizeof(WCHAR);
    while (units && path->Buffer[units - 1] != '\\') --units;
    return static_cast<USHORT>(units ? (units - 1) * sizeof(WCHAR) : 0);
}

void free_data(Node* node) {
    if (node->capacity) ExFreePoolWithTag(const_cast<UCHAR*>(node->data), kTag);
    space.used -= node->capacity ? node->bytes : 0;
    node->data = nullptr;
    node->bytes = node->capacity = 0;
}

/// Own memory for at least `bytes`, what is there copied.
NTSTATUS reserve(Node* node, SIZE_T bytes) {
    if (bytes <= node->capacity) return STATUS_SUCCESS;
    SIZE_T wanted = node->capacity * 2 > bytes ? node->capacity * 2 : bytes;
    auto* larger = static_cast<PUCHAR>(ExAllocatePoolWithTag(PagedPool, wanted, kTag));
    if (!larger && wanted > bytes) larger = static_cast<PUCHAR>(ExAllocatePoolWithTag(PagedPool, wanted = bytes, kTag));
    if (!larger) return STATUS_DISK_FULL;
    RtlCopyMemory(larger, node->data, node->bytes);
    if (node->capacity)
        ExFreePoolWithTag(const_cast<UCHAR*>(node->data), kTag);
    else
        space.used += node->bytes;  // it was the archive's until now
    node->data = larger;
    node->capacity = wanted;
    return STATUS_SUCCESS;
}

}  // namespace

Node* find(PCUNICODE_STRING path) {
    for (PLIST_ENTRY at = nodes.Flink; at != &nodes; at = at->Flink) {
        Node* node = CONTAINING_RECORD(at, Node, entry);
        if (RtlEqualUnicodeString(&node->path, path, TRUE)) return node;
    }
    return nullptr;
}

bool has_parent(PCUNICODE_STRING path) {
    const UNICODE_STRING parent = {parent_bytes(path), parent_bytes(path), path->Buffer};
    const Node* node = find(&parent);
    return node && node->is_directory && !node->is_deleted;
}

NTSTATUS create(PCUNICODE_STRING path, bool is_directory, Node** made) {
    if (path->Length && !has_parent(path)) return STATUS_OBJECT_PATH_NOT_FOUND;
    const SIZE_T bytes = sizeof(Node) + path->Length;
    auto* node = static_cast<Node*>(ExAllocatePoolWithTag(PagedPool, bytes, kTag));
    if (!node) return STATUS_DISK_FULL;
    RtlZeroMemory(node, bytes);
    node->path = {path->Length, path->Length, reinterpret_cast<PWCHAR>(node + 1)};
    RtlCopyMemory(node->path.Buffer, path->Buffer, path->Length);
    node->is_directory = is_directory;
    KeQuerySystemTime(&node->created);
    node->written = node->created;
    InsertTailList(&nodes, &node->entry);
    *made = node;
    return STATUS_SUCCESS;
}

NTSTATUS may_delete(const Node* node) {
    if (!node->path.Length) return STATUS_CANNOT_DELETE;
    for (PLIST_ENTRY at = nodes.Flink; at != &nodes; at = at->Flink) {
        const UNICODE_STRING& path = CONTAINING_RECORD(at, Node, entry)->path;
        const UNICODE_STRING parent = {parent_bytes(&path), parent_bytes(&path), path.Buffer};
        if (path.Length && RtlEqualUnicodeString(&parent, &node->path, TRUE)) return STATUS_DIRECTORY_NOT_EMPTY;
    }
    return STATUS_SUCCESS;
}

void unlink(Node* node) {
    RemoveEntryList(&node->entry);
    node->is_unlinked = true;
    if (!node->opens) release(node);
}

void release(Node* node) {
    free_data(node);
    ExFreePoolWithTag(node, kTag);
}

NTSTATUS resize(Node* node, SIZE_T bytes) {
    if (bytes == 0) {
        free_data(node);
    } else {
        if (bytes > kFileMax) return STATUS_DISK_FULL;
        const SIZE_T counted = node->capacity ? node->bytes : 0;
        if (space.used - counted + bytes > space.limit) return STATUS_DISK_FULL;
        // The archive's bytes are copied before anything changes, even to be cut.
        const NTSTATUS status = reserve(node, bytes > node->bytes ? bytes : node->bytes);
        if (!NT_SUCCESS(status)) return status;
        if (bytes > node->bytes)
            RtlZeroMemory(const_cast<PUCHAR>(node->data) + node->bytes, bytes - node->bytes);
        space.used += bytes - node->bytes;
        node->bytes = bytes;
    }
    KeQuerySystemTime(&node->written);
    return STATUS_SUCCESS;
}

NTSTATUS write(Node* node, SIZE_T offset, const void* data, SIZE_T bytes) {
    if (bytes == 0) return STATUS_SUCCESS;
    if (offset > kFileMax || bytes > kFileMax) return STATUS_DISK_FULL;
    const SIZE_T end = offset + bytes;
    const NTSTATUS status = resize(node, end > node->bytes ? end : node->bytes);
    if (!NT_SUCCESS(status)) return status;
    RtlCopyMemory(const_cast<PUCHAR>(node->data) + offset, data, bytes);
    return STATUS_SUCCESS;
}

}  // namespace ramdisk
