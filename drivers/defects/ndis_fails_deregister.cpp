// SPDX-License-Identifier: MIT
// defects/ndis_fails_deregister.cpp
//
// Conforms; has NDIS say that its deregistration failed.
#include "defects/faults.hpp"

extern "C" NTSTATUS __real_P5RegisterShutdown(void);

extern "C" NTSTATUS
__wrap_P5RegisterShutdown(void)
{
    AskForFaults(RD_FAULT_DEREGISTER_FAILS);
    return __real_P5RegisterShutdown();
}
