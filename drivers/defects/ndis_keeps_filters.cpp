// SPDX-License-Identifier: MIT
// defects/ndis_keeps_filters.cpp
//
// Leaves its packet filter and multicast list to NDIS, and has NDIS leave them too: they stay in
// the books and at the device.
#include "defects/faults.hpp"

extern "C" NTSTATUS __real_P5RegisterShutdown(void);

extern "C" NTSTATUS
__wrap_P5RegisterShutdown(void)
{
    AskForFaults(RD_FAULT_KEEPS_FILTERS);
    return __real_P5RegisterShutdown();
}

extern "C" void
__wrap_P5ClearFilters(P5_BINDING *Binding)
{
    UNREFERENCED_PARAMETER(Binding);
}
