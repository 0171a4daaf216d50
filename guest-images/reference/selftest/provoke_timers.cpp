// SPDX-License-Identifier: MIT
// selftest/provoke_timers.cpp
//
// Crimes with timers and DPCs.
#include "selftest/provoke.hpp"

namespace {

KTIMER timer;
KDPC dpc;

VOID NTAPI do_nothing(PKDPC, PVOID, PVOID, PVOID) {}
VOID NTAPI return_raised(PKDPC, PVOID, PVOID, PVOID) {
    KIRQL before;
    KeRaiseIrql(5, &before);
}
VOID NTAPI return_in_region(PKDPC, PVOID, PVOID, PVOID) {
    static KMUTEX mutex;  // owning one disables APCs, and a wait of no length is allowed here
    LARGE_INTEGER now = {};
    KeInitializeMutex(&mutex, 0);
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &now);
}

template <class Timer>
void start(Timer* wanted) {
    LARGE_INTEGER due = {.QuadPart = -10 * 1000 * 10000LL};
    KeInitializeTimer(wanted);
    KeSetTimer(wanted, due, nullptr);
}

template <class Routine>
void run(Routine routine) {
    provoke::value(1, reinterpret_cast<ULONG64>(routine));
    KIRQL before;
    KeInitializeDpc(&dpc, routine, nullptr);
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeLowerIrql(before);  // it runs here, on this stack
}

}  // namespace

extern "C" VOID provoke_timer_in_freed_pool() {
    constexpr SIZE_T bytes = sizeof(KTIMER) + 64;
    auto* block = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, bytes, provoke::kTag));
    auto* inside = reinterpret_cast<PKTIMER>(block + 32);
    provoke::value(1, inside);
    provoke::value(2, block);
    provoke::value(3, block + bytes);
    start(inside);
    ExFreePoolWithTag(block, provoke::kTag);
}

extern "C" VOID provoke_dpc_in_freed_pool() {
    auto* inside = static_cast<PKDPC>(ExAllocatePoolWithTag(NonPagedPool, sizeof(KDPC), provoke::kTag));
    provoke::value(1, inside);
    provoke::value(2, inside + 1);
    KeInitializeDpc(inside, do_nothing, nullptr);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);  // it stays queued on this processor
    KeSetTargetProcessorDpc(inside, static_cast<CCHAR>(KeGetCurrentProcessorNumber()));
    KeInsertQueueDpc(inside, nullptr, nullptr);
    ExFreePoolWithTag(inside, provoke::kTag);
}

extern "C" VOID provoke_timer_initialised_while_queued() {
    provoke::value(1, &timer);
    provoke::value(2, &timer + 1);
    start(&timer);
    KeInitializeTimer(&timer);
}

extern "C" VOID provoke_dpc_initialised_while_queued() {
    provoke::value(1, &dpc);
    provoke::value(2, &dpc + 1);
    KeInitializeDpc(&dpc, do_nothing, nullptr);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    KeSetTargetProcessorDpc(&dpc, static_cast<CCHAR>(KeGetCurrentProcessorNumber()));
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeInitializeDpc(&dpc, do_nothing, nullptr);
}

extern "C" VOID provoke_timer_memory_overwritten() {
    provoke::value(1, &timer);
    provoke::value(2, &timer + 1);
    LARGE_INTEGER due = {.QuadPart = -20 * 10000LL};
    KeInitializeTimer(&timer);
    KeSetTimer(&timer, due, nullptr);
    timer.Header.Type = 0x77;
    provoke::pause(5000);
}

extern "C" VOID provoke_dpc_never_initialised() {
    provoke::value(1, &dpc);
    provoke::value(2, &dpc + 1);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
}

extern "C" VOID provoke_timer_never_initialised() {
    LARGE_INTEGER due = {.QuadPart = -10000};
    provoke::value(1, &timer);
    KeSetTimer(&timer, due, nullptr);
}

extern "C" VOID provoke_dpc_for_no_processor() {
    provoke::value(1, &dpc);
    KeInitializeDpc(&dpc, do_nothing, nullptr);
    KeSetTargetProcessorDpc(&dpc, 40);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
}

extern "C" VOID provoke_dpc_returns_raised() { run(return_raised); }
extern "C" VOID provoke_dpc_changes_apc_count() { run(return_in_region); }

extern "C" VOID provoke_set_timer_above_dispatch() {
    LARGE_INTEGER due = {.QuadPart = -10000};
    KIRQL before;
    KeInitializeTimer(&timer);
    KeRaiseIrql(5, &before);
    KeSetTimer(&timer, due, nullptr);
}
