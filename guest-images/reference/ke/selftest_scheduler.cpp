// SPDX-License-Identifier: MIT
// ke/selftest_scheduler.cpp
//
// Logical processors, threads, waits, timers, DPCs, locks.
#include "ke/selftest.hpp"

extern "C" ULONG64 KiProcessorSwitches;
extern "C" LOGICAL NTAPI KeIsExecutingDpc(VOID);

namespace {

LARGE_INTEGER milliseconds(LONG count) {
    LARGE_INTEGER due;
    due.QuadPart = -10000ll * count;
    return due;
}

bool wait(PVOID object, LONG timeout_ms = 2000) {
    LARGE_INTEGER due = milliseconds(timeout_ms);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &due) == STATUS_SUCCESS;
}

/// A thread whose end can be waited for through `done`.
struct Worker {
    VOID (*body)(PVOID);
    PVOID context;
    KEVENT done;
    void start(VOID (*what)(PVOID), PVOID with) {
        body = what;
        context = with;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        KiStartThread(KiCreateKernelThread(
            [](PVOID self) {
                auto* worker = static_cast<Worker*>(self);
                worker->body(worker->context);
                KeSetEvent(&worker->done, 0, FALSE);
            },
            this, KI_PRIORITY_DEFAULT, "selftest"));
    }
};

const char* test_events() {
    struct State {
        KEVENT ping, pong;
        ULONG rounds;
    } state = {};
    KeInitializeEvent(&state.ping, SynchronizationEvent, FALSE);
    KeInitializeEvent(&state.pong, SynchronizationEvent, FALSE);
    Worker worker;
    worker.start(
        [](PVOID context) {
            auto* s = static_cast<State*>(context);
            for (int round = 0; round < 100 && wait(&s->ping); ++round) {
                ++s->rounds;
                KeSetEvent(&s->pong, 0, FALSE);
            }
        },
        &state);
    for (int round = 0; round < 100; ++round) {
        KeSetEvent(&state.ping, 0, FALSE);
        KI_EXPECT(wait(&state.pong));
    }
    KI_EXPECT(wait(&worker.done));
    KI_EXPECT(state.rounds == 100);
    return nullptr;
}

const char* test_wait_multiple() {
    KEVENT events[3];
    KSEMAPHORE semaphore;
    for (KEVENT& event : events) KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    KeInitializeSemaphore(&semaphore, 1, 2);
    PVOID any[] = {&events[0], &events[1], &events[2]};
    KeSetEvent(&events[1], 0, FALSE);
    LARGE_INTEGER soon = milliseconds(5);
    KI_EXPECT(KeWaitForMultipleObjects(3, any, WaitAny, Executive, KernelMode, FALSE, &soon, nullptr) == STATUS_WAIT_1);
    KI_EXPECT(KeWaitForMultipleObjects(3, any, WaitAny, Executive, KernelMode, FALSE, &soon, nullptr) == STATUS_TIMEOUT);
    PVOID all[] = {&events[0], &semaphore};
    Worker worker;
    worker.start(
        [](PVOID context) {
            LARGE_INTEGER pause = milliseconds(2);
            KeDelayExecutionThread(KernelMode, FALSE, &pause);
            KeSetEvent(static_cast<PRKEVENT>(context), 0, FALSE);
        },
        &events[0]);
    LARGE_INTEGER long_enough = milliseconds(2000);
    KI_EXPECT(KeWaitForMultipleObjects(2, all, WaitAll, Executive, KernelMode, FALSE, &long_enough, nullptr) == STATUS_SUCCESS);
    KI_EXPECT(KeReadStateSemaphore(&semaphore) == 0 && KeReadStateEvent(&events[0]) == 0);
    KI_EXPECT(KeReleaseSemaphore(&semaphore, 0, 2, FALSE) == 0 && KeReadStateSemaphore(&semaphore) == 2);
    KI_EXPECT(wait(&worker.done));
    return nullptr;
}

const char* test_delay() {
    const ULONG64 before = KiInterruptTime();
    LARGE_INTEGER pause = milliseconds(3);
    KI_EXPECT(KeDelayExecutionThread(KernelMode, FALSE, &pause) == STATUS_SUCCESS);
    const ULONG64 took = KiInterruptTime() - before;
    KI_EXPECT(took >= 30000 && took < 2000000);
    KI_EXPECT(KeQueryInterruptTime() >= before);
    return nullptr;
}

const char* test_mutex() {
    struct State {
        KMUTEX mutex;
        volatile LONG inside;
        LONG broken;
    } state = {};
    KeInitializeMutex(&state.mutex, 0);
    Worker workers[3];
    for (Worker& worker : workers)
        worker.start(
            [](PVOID context) {
                auto* s = static_cast<State*>(context);
                for (int round = 0; round < 20; ++round) {
                    if (!wait(&s->mutex) || !wait(&s->mutex)) ++s->broken;  // twice: mutexes nest
                    const auto others = s->inside;
                    s->inside = others + 1;
                    if (others) s->broken = s->broken + 1;
                    LARGE_INTEGER pause;
                    pause.QuadPart = 0;
                    KeDelayExecutionThread(KernelMode, FALSE, &pause);
                    s->inside = s->inside - 1;
                    KeReleaseMutex(&s->mutex, FALSE);
                    KeReleaseMutex(&s->mutex, FALSE);
                }
            },
            &state);
    for (Worker& worker : workers) KI_EXPECT(wait(&worker.done));
    KI_EXPECT(state.broken == 0 && KeReadStateMutex(&state.mutex) == 1);
    return nullptr;
}

const char* test_dpc() {
    struct State {
        KEVENT ran;
        volatile ULONG irql, executing;
    } state = {};
    KeInitializeEvent(&state.ran, NotificationEvent, FALSE);
    KDPC dpc;
    KeInitializeDpc(
        &dpc,
        [](PKDPC, PVOID context, PVOID, PVOID) {
            auto* s = static_cast<State*>(context);
            s->irql = KeGetCurrentIrql();
            s->executing = KeIsExecutingDpc();
            KeSetEvent(&s->ran, 0, FALSE);
        },
        &state);
    const KIRQL irql = KfRaiseIrql(DISPATCH_LEVEL);
    const BOOLEAN first = KeInsertQueueDpc(&dpc, nullptr, nullptr), second = KeInsertQueueDpc(&dpc, nullptr, nullptr);
    const LONG early = KeReadStateEvent(&state.ran);
    KeLowerIrql(irql);  // a plain CR8 write: the DPC must come by itself, on this very processor
    KI_EXPECT(wait(&state.ran));
    KI_EXPECT(first && !second && !early);
    KI_EXPECT(state.irql == DISPATCH_LEVEL && state.executing);
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KeClearEvent(&state.ran);
        KeSetTargetProcessorDpc(&dpc, static_cast<CCHAR>(number));
        KI_EXPECT(KeInsertQueueDpc(&dpc, nullptr, nullptr));
        KI_EXPECT(wait(&state.ran));
    }
    KeFlushQueuedDpcs();
    return nullptr;
}

const char* test_timer() {
    struct State {
        KEVENT enough;
        volatile ULONG count;
    } state = {};
    KeInitializeEvent(&state.enough, NotificationEvent, FALSE);
    KTIMER timer;
    KDPC dpc;
    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeInitializeDpc(
        &dpc,
        [](PKDPC, PVOID context, PVOID, PVOID) {
            auto* s = static_cast<State*>(context);
            s->count = s->count + 1;
            if (s->count == 5) KeSetEvent(&s->enough, 0, FALSE);
        },
        &state);
    KI_EXPECT(!KeSetTimerEx(&timer, milliseconds(1), 1, &dpc));
    KI_EXPECT(wait(&state.enough));
    KI_EXPECT(KeCancelTimer(&timer) && !KeCancelTimer(&timer));
    KeFlushQueuedDpcs();
    const ULONG count = state.count;
    LARGE_INTEGER pause = milliseconds(5);
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    KI_EXPECT(state.count == count);
    return nullptr;
}

const char* test_spin_lock() {
    struct State {
        KSPIN_LOCK lock;
        volatile ULONG count, inside, broken;
    } state = {};
    Worker workers[4];
    const ULONG64 switches = KiProcessorSwitches;
    for (Worker& worker : workers)
        worker.start(
            [](PVOID context) {
                auto* s = static_cast<State*>(context);
                for (int round = 0; round < 2000; ++round) {
                    const KIRQL irql = KeAcquireSpinLockRaiseToDpc(&s->lock);
                    const auto others = s->inside;
                    s->inside = others + 1;
                    if (others) s->broken = s->broken + 1;
                    s->count = s->count + 1;
                    s->inside = s->inside - 1;
                    KeReleaseSpinLock(&s->lock, irql);
                }
            },
            &state);
    for (Worker& worker : workers) KI_EXPECT(wait(&worker.done, 10000));
    KI_EXPECT(state.count == 8000 && !state.broken);
    KI_EXPECT(KiProcessorCount == 1 || KiProcessorSwitches > switches + 10);
    return nullptr;
}

/// Two threads at DISPATCH_LEVEL that wait for each other without any lock: only preemption at DISPATCH_LEVEL gets through.
const char* test_preemption_at_dispatch() {
    if (KiProcessorCount < 2) return nullptr;
    struct State {
        volatile ULONG turn;
    } state = {};
    Worker workers[2];
    const auto body = [](PVOID context) {
        auto* s = static_cast<State*>(context);
        const ULONG me = __atomic_fetch_add(&s->turn, 0x10000, __ATOMIC_RELAXED) >> 16;
        const KIRQL irql = KfRaiseIrql(DISPATCH_LEVEL);
        for (ULONG round = 0; round < 6; ++round) {
            while ((s->turn & 0xFFFF) != round * 2 + me || s->turn < 0x20000) {
            }
            __atomic_fetch_add(&s->turn, 1, __ATOMIC_RELAXED);
        }
        KeLowerIrql(irql);
    };
    for (Worker& worker : workers) worker.start(body, &state);
    for (Worker& worker : workers) KI_EXPECT(wait(&worker.done, 10000));
    return nullptr;
}

const char* test_threads() {
    const ULONG before = KiThreadCount;
    Worker workers[12];
    for (Worker& worker : workers) worker.start([](PVOID) {}, nullptr);
    for (Worker& worker : workers) KI_EXPECT(wait(&worker.done));
    for (int attempt = 0; attempt < 200 && KiThreadCount > before; ++attempt) {
        LARGE_INTEGER pause = milliseconds(1);
        KeDelayExecutionThread(KernelMode, FALSE, &pause);
    }
    KI_EXPECT(KiThreadCount <= before);
    return nullptr;
}

const char* test_affinity() {
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KeSetSystemAffinityThread(1ull << number);
        KI_EXPECT(KiCurrentPcr()->Number == number);
    }
    KeSetSystemAffinityThread(KeQueryActiveProcessors());
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST KiSchedulerTests[] = {
    {"ke.events", test_events},
    {"ke.wait-multiple", test_wait_multiple},
    {"ke.delay", test_delay},
    {"ke.mutex", test_mutex},
    {"ke.dpc", test_dpc},
    {"ke.timer", test_timer},
    {"ke.spin-lock", test_spin_lock},
    {"ke.preemption-at-dispatch", test_preemption_at_dispatch},
    {"ke.threads", test_threads},
    {"ke.affinity", test_affinity},
    {nullptr, nullptr},
};
