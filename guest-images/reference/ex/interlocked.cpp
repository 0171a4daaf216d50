// SPDX-License-Identifier: MIT
// ex/interlocked.cpp
//
// Lists and numbers changed under a spin lock of the caller's. Any IRQL: the lock is taken with interrupts off, as these may be
// called from interrupt routines. https://learn.microsoft.com/windows-hardware/drivers/kernel/singly-and-doubly-linked-lists
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

/// Performs `change` while nobody has the lock. With interrupts off nothing else runs, so it need not be taken; but it may be held
/// by a logical processor that was preempted with it, which is let run then.
template <class Change>
auto with_lock(PKSPIN_LOCK lock, Change change) {
    for (;;) {
        {
            KiAtomic atomic;
            if (*static_cast<volatile KSPIN_LOCK*>(lock) == 0) return change();
        }
        KiYieldProcessor();
    }
}

}  // namespace

extern "C" {

PLIST_ENTRY FASTCALL ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        const PLIST_ENTRY first = IsListEmpty(ListHead) ? nullptr : ListHead->Flink;
        InsertHeadList(ListHead, ListEntry);
        return first;
    });
}
PLIST_ENTRY FASTCALL ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        const PLIST_ENTRY last = IsListEmpty(ListHead) ? nullptr : ListHead->Blink;
        InsertTailList(ListHead, ListEntry);
        return last;
    });
}
PLIST_ENTRY FASTCALL ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        return IsListEmpty(ListHead) ? static_cast<PLIST_ENTRY>(nullptr) : RemoveHeadList(ListHead);
    });
}
PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        const PSINGLE_LIST_ENTRY before = ListHead->Next;
        PushEntryList(ListHead, ListEntry);
        return before;
    });
}
PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        return ListHead->Next ? PopEntryList(ListHead) : static_cast<PSINGLE_LIST_ENTRY>(nullptr);
    });
}
LARGE_INTEGER NTAPI ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        const LARGE_INTEGER before = *Addend;
        Addend->QuadPart += Increment.QuadPart;
        return before;
    });
}
ULONG FASTCALL ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock) {
    return with_lock(Lock, [&] {
        const ULONG before = *Addend;
        *Addend += Increment;
        return before;
    });
}

}  // extern "C"
