// SPDX-License-Identifier: MIT
// io/ramdisk_tree.hpp
//
// Files of the RAM disk: their names, bytes and who has them open. No requests and no file objects; the caller serialises.
#pragma once
#include "nt_internal.hpp"

namespace ramdisk {

/// A file or directory. Names are whole paths from the root of the disk, without a trailing backslash: "\Windows\system32".
struct Node {
    LIST_ENTRY entry;
    UNICODE_STRING path;
    const UCHAR* data;  ///< Null when empty.
    SIZE_T bytes;
    SIZE_T capacity;    ///< 0: `data` is the boot archive's, and copied before it is changed.
    ULONG opens;        ///< File objects between create and close.
    ULONG handles;      ///< File objects between create and cleanup.
    SHARE_ACCESS share;
    LARGE_INTEGER created, written;
    bool is_directory;
    bool is_deleted;    ///< Goes when the last handle is closed.
    bool is_unlinked;   ///< Has gone; memory stays for the files that are open.
};

/// Bytes that files may hold together (the boot archive's own do not count), and do.
struct Space {
    SIZE_T limit, used;
};
extern Space space;
extern LIST_ENTRY nodes;

Node* find(PCUNICODE_STRING path);
/// Whether the directory a path lies in exists.
bool has_parent(PCUNICODE_STRING path);
/// Makes an empty node. STATUS_OBJECT_PATH_NOT_FOUND: its directory does not exist.
NTSTATUS create(PCUNICODE_STRING path, bool is_directory, Node** node);
/// STATUS_DIRECTORY_NOT_EMPTY, or success: it may be marked deleted.
NTSTATUS may_delete(const Node* node);
/// Takes a node out of the disk; frees it when nobody has it open.
void unlink(Node* node);
void release(Node* node);  ///< After the last open of an unlinked node.

/// Makes a file longer (with zeros) or shorter. STATUS_DISK_FULL: no room left on the disk.
NTSTATUS resize(Node* node, SIZE_T bytes);
/// Writes within or behind what is there.
NTSTATUS write(Node* node, SIZE_T offset, const void* data, SIZE_T bytes);

/// DriverEntry of \FileSystem\RamDisk.
NTSTATUS NTAPI enter_driver(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path);

}  // namespace ramdisk
