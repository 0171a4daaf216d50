// SPDX-License-Identifier: MIT
// ke/selftest_storm.cpp
//
// DPCs that never end, as a NIC makes them whose frames are sent in no time: threads still run, timers still expire, and
// KeFlushQueuedDpcs still returns once it is over.
#include "ke/selftest.hpp"

namespace {

struct Storm {
    KDPC dpcs[KI_PROCESSORS_MAX];
    volatile LONG going;
    volatile ULONG64 calls;
};

VOID NTAPI again(PKDPC dpc, PVOID context, PVOID, PVOID) {
    auto* storm = static_cast<Storm*>(context);
    __atomic_add_fetch(&storm->calls, 1, __ATOMIC_RELAXED);
    if (storm->going) KeInsertQueueDpc(dpc, nullptr, nullptr);
}

const char* test_dpc_storm() {
    static Storm storm;
    storm.going = TRUE;
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KeInitializeDpc(&storm.dpcs[number], again, &storm);
        KeSetTargetProcessorDpc(&storm.dpcs[number], static_cast<CCHAR>(number));
        KeInsertQueueDpc(&storm.dpcs[number], nullptr, nullptr);
    }
    const ULONG64 begun = KiMilliseconds();
    for (int round = 0; round < 3; ++round) {
        LARGE_INTEGER pause;
        pause.QuadPart = -20000;  // 2 ms
        KeDelayExecutionThread(KernelMode, FALSE, &pause);
    }
    const ULONG64 calls = storm.calls;
    while (storm.calls == calls && KiMilliseconds() < begun + 5000) YieldProcessor();  // DPCs get their share, too
    const bool still_going = storm.calls != calls;
    storm.going = FALSE;
    KeFlushQueuedDpcs();
    KI_EXPECT(still_going);
    KI_EXPECT(KiMilliseconds() < begun + 2000);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST KiStormTests[] = {
    {"ke.dpc-storm", test_dpc_storm},
    {nullptr, nullptr},
};
