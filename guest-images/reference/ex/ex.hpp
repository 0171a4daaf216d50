// SPDX-License-Identifier: MIT
// ex/ex.hpp
//
// Executive support's seam inside ntoskrnl.exe.
#pragma once
#include "ob/ob.hpp"

extern "C" {
/// The types Event, Semaphore, Mutant and Callback, and the system worker threads. After PsInitSystem. PASSIVE_LEVEL.
VOID ExInitSystem(void);
/// Work items queued or running. Any IRQL.
ULONG ExQueryWorkItemCount(void);
/// Waits until no work item is queued or running, or `milliseconds` passed (false). For shutdown and unload. PASSIVE_LEVEL.
BOOLEAN ExWaitForWorkers(ULONG milliseconds);
}

namespace ex {

/// The entry after `at` in a list of objects that drivers keep in memory of their own. One whose memory was given to something else
/// without the object's deletion has broken the list, which stops the guest: KERNEL_SECURITY_CHECK_FAILURE, 3 (corrupt list entry).
/// Atomic.
inline PLIST_ENTRY next_checked(PLIST_ENTRY at, const char* what) {
    PLIST_ENTRY next = at->Flink;
    if (!MmIsAddressValid(next) || next->Blink != at)
        RdBugCheckText(what, 0x139, 3, reinterpret_cast<ULONG_PTR>(at), reinterpret_cast<ULONG_PTR>(next), 0);
    return next;
}

}  // namespace ex
