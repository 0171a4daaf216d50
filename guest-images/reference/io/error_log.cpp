// SPDX-License-Identifier: MIT
// io/error_log.cpp
//
// The error log: the last entries are kept in memory, and every one is a line on the debug channel.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/writing-to-the-system-event-log
#include "io/iop.hpp"

namespace {

constexpr ULONG kTag = 'rEoI';
constexpr ULONG kKept = 32;

/// In front of the packet a driver fills in.
struct Entry {
    Entry* next;
    PVOID owner;  ///< The driver or device object, referenced until the entry is written.
    UCHAR bytes;
    PVOID padding;
};

KSPIN_LOCK log_lock;
Entry* oldest;
Entry** newest_link = &oldest;
ULONG kept;

PDRIVER_OBJECT driver_of(PVOID object) {
    if (*static_cast<CSHORT*>(object) == IO_TYPE_DRIVER) return static_cast<PDRIVER_OBJECT>(object);
    return static_cast<PDEVICE_OBJECT>(object)->DriverObject;
}

/// DbgPrint takes %wZ at PASSIVE_LEVEL only, and entries are written up to DISPATCH_LEVEL.
void print(PVOID owner, const IO_ERROR_LOG_PACKET* packet) {
    char name[48];
    ULONG length = 0;
    const UNICODE_STRING& full = driver_of(owner)->DriverName;
    for (; length < full.Length / sizeof(WCHAR) && length < sizeof name - 1; ++length)
        name[length] = full.Buffer[length] < 0x7f ? static_cast<char>(full.Buffer[length]) : '?';
    name[length] = 0;
    DbgPrint(
        "error log: %s: error %08x, final status %08x, unique %u\n", name, packet->ErrorCode, packet->FinalStatus,
        packet->UniqueErrorValue);
}

}  // namespace

/// <= DISPATCH_LEVEL. Null: out of memory, or more than ERROR_LOG_MAXIMUM_SIZE bytes.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateerrorlogentry
PVOID NTAPI IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAllocateErrorLogEntry");
    if (!IoObject || EntrySize < sizeof(IO_ERROR_LOG_PACKET) || EntrySize > ERROR_LOG_MAXIMUM_SIZE) return nullptr;
    auto* entry =
        static_cast<Entry*>(MiAllocatePool(NonPagedPool, sizeof(Entry) + EntrySize, kTag, IOP_CALLER));
    if (!entry) return nullptr;
    RtlZeroMemory(entry, sizeof(Entry) + EntrySize);
    entry->owner = IoObject;
    entry->bytes = EntrySize;
    ObfReferenceObject(IoObject);
    return entry + 1;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioFreeErrorLogEntry
VOID NTAPI IoFreeErrorLogEntry(PVOID ElEntry) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoFreeErrorLogEntry");
    Entry* entry = static_cast<Entry*>(ElEntry) - 1;
    ObfDereferenceObject(entry->owner);
    ExFreePoolWithTag(entry, kTag);
}

/// <= DISPATCH_LEVEL. The entry is the system's from now on.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iowriteerrorlogentry
VOID NTAPI IoWriteErrorLogEntry(PVOID ElEntry) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoWriteErrorLogEntry");
    Entry* entry = static_cast<Entry*>(ElEntry) - 1;
    // A copy goes to the log: the driver's own block would look like one it has leaked.
    const SIZE_T bytes = sizeof(Entry) + entry->bytes;
    auto* copy = static_cast<Entry*>(ExAllocatePoolWithTag(NonPagedPool, bytes, kTag));
    print(entry->owner, static_cast<PIO_ERROR_LOG_PACKET>(ElEntry));
    if (copy) RtlCopyMemory(copy, entry, bytes);
    IoFreeErrorLogEntry(ElEntry);
    if (!copy) return;
    copy->owner = nullptr;
    copy->next = nullptr;
    Entry* dropped = nullptr;
    KIRQL irql;
    KeAcquireSpinLock(&log_lock, &irql);
    *newest_link = copy;
    newest_link = &copy->next;
    if (++kept > kKept) {
        dropped = oldest;
        oldest = dropped->next;
        --kept;
    }
    KeReleaseSpinLock(&log_lock, irql);
    if (dropped) ExFreePoolWithTag(dropped, kTag);
}
