// SPDX-License-Identifier: MIT
// ex/init.cpp
//
// Executive support's bring-up.
#include "ex/ex.hpp"

extern "C" {
VOID ExpCreateEventType(void);
VOID ExpCreateCallbackType(void);
VOID ExpInitializeWorkers(void);

extern ERESOURCE PsLoadedModuleResource;

VOID ExInitSystem() {
    ExInitializeResourceLite(&PsLoadedModuleResource);  // the loader came up before there was a pool to take its memory from
    ExpCreateEventType();
    ExpCreateCallbackType();
    ExpInitializeWorkers();
}

/// Kernel mode: there are no programs. Any IRQL.
KPROCESSOR_MODE NTAPI ExGetPreviousMode() { return KernelMode; }
/// Local time is system time. Any IRQL.
VOID NTAPI ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime) { *LocalTime = *SystemTime; }
VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime) { *SystemTime = *LocalTime; }
}
