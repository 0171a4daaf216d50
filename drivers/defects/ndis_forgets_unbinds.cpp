// SPDX-License-Identifier: MIT
// defects/ndis_forgets_unbinds.cpp
//
// Conforms; has NDIS close its bindings without a call of ProtocolUnbindAdapter.
#include "defects/faults.hpp"

extern "C" NTSTATUS __real_P5RegisterShutdown(void);

extern "C" NTSTATUS
__wrap_P5RegisterShutdown(void)
{
    AskForFaults(RD_FAULT_FORGETS_UNBINDS);
    return __real_P5RegisterShutdown();
}
