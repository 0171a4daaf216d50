// SPDX-License-Identifier: MIT
// defects/unloads_with_handles.cpp
//
// Conforms; has the system call Unload though a handle to its device is open.
#include "defects/faults.hpp"

extern "C" NTSTATUS __real_P5RegisterShutdown(void);

extern "C" NTSTATUS
__wrap_P5RegisterShutdown(void)
{
    AskForFaults(RD_FAULT_UNLOADS_WITH_HANDLES);
    return __real_P5RegisterShutdown();
}
