// SPDX-License-Identifier: MIT
// defects/live_timer_at_unload.cpp
//
// Leaves a timer queued, in the image's own memory and with a routine in the image, when Unload
// returns.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5DeleteDevice(void);

namespace
{

KTIMER Timer;
KDPC Dpc;

VOID NTAPI
Expired(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
}

} // namespace

extern "C" void
__wrap_P5DeleteDevice(void)
{
    LARGE_INTEGER soon;

    soon.QuadPart = -500 * 10 * 1000; // 500 ms from now.
    KeInitializeDpc(&Dpc, Expired, nullptr);
    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, soon, &Dpc);
    __real_P5DeleteDevice();
}
