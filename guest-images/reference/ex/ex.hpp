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
