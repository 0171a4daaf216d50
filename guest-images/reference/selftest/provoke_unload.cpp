// SPDX-License-Identifier: MIT
// selftest/provoke_unload.cpp
//
// What a driver leaves behind when its Unload returns.
#include "selftest/provoke.hpp"

namespace {


VOID NTAPI on_timer(PKDPC, PVOID, PVOID, PVOID) {}

}  // namespace

/// In pool, so that the timer itself outlives the image and only its routine is gone.
extern "C" VOID provoke_timer_fires_after_unload() {
    struct Alarm {
        KTIMER timer;
        KDPC dpc;
    };
    auto* alarm = static_cast<Alarm*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Alarm), provoke::kTag));
    KeInitializeTimer(&alarm->timer);
    KeInitializeDpc(&alarm->dpc, on_timer, nullptr);
    provoke::value(1, reinterpret_cast<ULONG64>(&on_timer));
    LARGE_INTEGER due = {.QuadPart = -100 * 10000};
    KeSetTimer(&alarm->timer, due, &alarm->dpc);
}
