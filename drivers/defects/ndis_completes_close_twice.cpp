// SPDX-License-Identifier: MIT
// defects/ndis_completes_close_twice.cpp
//
// Conforms; has NDIS call ProtocolCloseAdapterComplete once more than it is owed.
#include "defects/faults.hpp"

extern "C" NTSTATUS __real_P5RegisterShutdown(void);

extern "C" NTSTATUS
__wrap_P5RegisterShutdown(void)
{
    AskForFaults(RD_FAULT_CLOSE_COMPLETES_TWICE);
    return __real_P5RegisterShutdown();
}
