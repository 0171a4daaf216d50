// SPDX-License-Identifier: MIT
// ps/ps.hpp
//
// The process structure's seam: one process (System), thread objects, notification routines.
#pragma once
#include "ob/ob.hpp"

extern "C" {
/// Makes the types Process and Thread and the System process. After ObInitSystem. PASSIVE_LEVEL.
VOID PsInitSystem(void);
/// Tells the load-image notification routines (PsSetLoadImageNotifyRoutine). `process_id` is 0 for drivers. PASSIVE_LEVEL.
VOID PsCallImageNotifyRoutines(PUNICODE_STRING full_name, PVOID base, SIZE_T bytes);
}
