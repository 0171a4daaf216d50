// SPDX-License-Identifier: MIT
// selftest/tests_ke.cpp
//
// Ke*: processors, IRQL, events, mutexes, regions, timers, DPCs, time, threads, bug check callbacks, debug output.
#include <stdarg.h>

#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

#undef KeQuerySystemTime  // macros over KUSER_SHARED_DATA; the exports are what is tested
#undef KeQueryTickCount
RD_IMPORT(KIRQL, KfRaiseIrql, KIRQL)
RD_IMPORT(KIRQL, KeRaiseIrqlToDpcLevel)
RD_IMPORT(void, KeLowerIrql, KIRQL)
RD_IMPORT(KIRQL, KeGetCurrentIrql)
RD_IMPORT(ULONG, KeQueryActiveProcessorCount, PKAFFINITY)
RD_IMPORT(ULONG, KeQueryActiveProcessorCountEx, USHORT)
RD_IMPORT(ULONG, KeQueryMaximumProcessorCount)
RD_IMPORT(ULONG, KeQueryMaximumProcessorCountEx, USHORT)
RD_IMPORT(USHORT, KeQueryActiveGroupCount)
RD_IMPORT(ULONG, KeGetCurrentProcessorNumberEx, PPROCESSOR_NUMBER)
RD_IMPORT(BOOLEAN, KeSetCoalescableTimer, PKTIMER, LARGE_INTEGER, ULONG, ULONG, PKDPC)
RD_IMPORT(void, KeInitializeThreadedDpc, PRKDPC, PKDEFERRED_ROUTINE, PVOID)
RD_IMPORT(NTSTATUS, KeSetTargetProcessorDpcEx, PKDPC, PPROCESSOR_NUMBER)
RD_IMPORT(BOOLEAN, KeAreAllApcsDisabled)
RD_IMPORT(NTSTATUS, KeWaitForMutexObject, PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)
RD_IMPORT(ULONGLONG, KeQueryUnbiasedInterruptTime)
RD_IMPORT(void, KeQuerySystemTime, PLARGE_INTEGER)
RD_IMPORT(void, KeQueryTickCount, PLARGE_INTEGER)
RD_IMPORT(KAFFINITY, KeSetSystemAffinityThreadEx, KAFFINITY)
RD_IMPORT(void, KeRevertToUserAffinityThread)
RD_IMPORT(void, KeRevertToUserAffinityThreadEx, KAFFINITY)
RD_IMPORT(PKTHREAD, PsGetCurrentThread)
RD_IMPORT(PVOID, PsGetCurrentThreadTeb)
RD_IMPORT(BOOLEAN, PsIsSystemThread, PETHREAD)
RD_IMPORT(BOOLEAN, PsIsThreadTerminating, PETHREAD)
RD_IMPORT(LONG, KePulseEvent, PRKEVENT, KPRIORITY, BOOLEAN)
RD_IMPORT(ULONG, DbgPrintEx, ULONG, ULONG, const char*, ...)
RD_IMPORT(ULONG, vDbgPrintEx, ULONG, ULONG, const char*, va_list)
RD_IMPORT(ULONG, vDbgPrintExWithPrefix, const char*, ULONG, ULONG, const char*, va_list)
RD_IMPORT(LOGICAL, KeIsExecutingDpc)
extern "C" BOOLEAN* __imp_KdDebuggerEnabled;
extern "C" BOOLEAN* __imp_KdDebuggerNotPresent;
extern "C" volatile ULONG64* __imp_KeTickCount;

namespace {

LARGE_INTEGER milliseconds(LONG count) { return {.QuadPart = -10000LL * count}; }

template <class Object>
NTSTATUS wait(Object* object, LONG count) {
    LARGE_INTEGER timeout = milliseconds(count);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}

const char* test_processors() {
    KAFFINITY active = 0;
    const ULONG count = crt::KeQueryActiveProcessorCount(&active);
    RD_EXPECT(count >= 1 && active == (KAFFINITY{1} << count) - 1 && active == KeQueryActiveProcessors());
    RD_EXPECT(crt::KeQueryActiveProcessorCountEx(0) == count && crt::KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS) == count);
    RD_EXPECT(crt::KeQueryActiveProcessorCountEx(3) == 0 && crt::KeQueryActiveGroupCount() == 1);
    RD_EXPECT(crt::KeQueryMaximumProcessorCount() >= count && crt::KeQueryMaximumProcessorCountEx(0) >= count);
    RD_EXPECT(static_cast<ULONG>(KeNumberProcessors) == count);
    const KAFFINITY before = crt::KeSetSystemAffinityThreadEx(KAFFINITY{1} << (count - 1));
    PROCESSOR_NUMBER number = {};
    const ULONG here = crt::KeGetCurrentProcessorNumberEx(&number);
    crt::KeRevertToUserAffinityThreadEx(before);
    RD_EXPECT(here == count - 1 && number.Group == 0 && number.Number == here);
    RD_EXPECT(crt::KeSetSystemAffinityThreadEx(0) == 0);  // no processor: nothing happens
    KeSetSystemAffinityThread(1);
    const ULONG first = crt::KeGetCurrentProcessorNumberEx(nullptr);
    crt::KeRevertToUserAffinityThread();
    RD_EXPECT(first == 0);
    return nullptr;
}

const char* test_irql() {
    RD_EXPECT(crt::KeGetCurrentIrql() == PASSIVE_LEVEL && crt::KfRaiseIrql(APC_LEVEL) == PASSIVE_LEVEL);
    const bool all_disabled = crt::KeAreAllApcsDisabled();
    const KIRQL apc = crt::KeRaiseIrqlToDpcLevel(), dispatch = crt::KeGetCurrentIrql();
    crt::KeLowerIrql(PASSIVE_LEVEL);
    RD_EXPECT(apc == APC_LEVEL && dispatch == DISPATCH_LEVEL && all_disabled && !crt::KeAreAllApcsDisabled());
    return nullptr;
}

const char* test_events() {
    KEVENT event;
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    RD_EXPECT(wait(&event, 1) == STATUS_TIMEOUT && KeSetEvent(&event, 0, FALSE) == 0 && KeReadStateEvent(&event) == 1);
    RD_EXPECT(wait(&event, 1) == STATUS_SUCCESS && KeReadStateEvent(&event) == 0);
    KeSetEvent(&event, 0, FALSE);
    RD_EXPECT(KeResetEvent(&event) == 1 && KeResetEvent(&event) == 0);
    RD_EXPECT(crt::KePulseEvent(&event, 0, FALSE) == 0 && KeReadStateEvent(&event) == 0);  // nobody waited
    return nullptr;
}

const char* test_mutex_and_regions() {
    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    LARGE_INTEGER timeout = milliseconds(1);
    RD_EXPECT(crt::KeWaitForMutexObject(&mutex, Executive, KernelMode, FALSE, &timeout) == STATUS_SUCCESS);
    RD_EXPECT(crt::KeWaitForMutexObject(&mutex, Executive, KernelMode, FALSE, &timeout) == STATUS_SUCCESS);  // recursive
    RD_EXPECT(KeAreApcsDisabled() && KeReleaseMutex(&mutex, FALSE) < 0 && KeReleaseMutex(&mutex, FALSE) == 0 && !KeAreApcsDisabled());
    KeEnterGuardedRegion();
    const bool guarded = KeAreApcsDisabled();
    KeLeaveGuardedRegion();
    RD_EXPECT(guarded && !KeAreApcsDisabled());
    return nullptr;
}

struct Called {
    KEVENT event;
    ULONG count, processor;
    KIRQL irql;
    BOOLEAN executing;
};

VOID NTAPI on_dpc(PKDPC, PVOID context, PVOID, PVOID) {
    auto* called = static_cast<Called*>(context);
    ++called->count;
    called->processor = KeGetCurrentProcessorNumber();
    called->irql = KeGetCurrentIrql();
    called->executing = crt::KeIsExecutingDpc() != 0;
    KeSetEvent(&called->event, 0, FALSE);
}

const char* test_dpcs() {
    static Called called;
    called = {};
    KDPC dpc;
    KeInitializeEvent(&called.event, SynchronizationEvent, FALSE);
    crt::KeInitializeThreadedDpc(&dpc, on_dpc, &called);
    KeSetImportanceDpc(&dpc, HighImportance);
    RD_EXPECT(KeInsertQueueDpc(&dpc, nullptr, nullptr) && wait(&called.event, 5000) == STATUS_SUCCESS && called.count == 1);
    PROCESSOR_NUMBER last = {0, static_cast<UCHAR>(KeNumberProcessors - 1), 0}, none = {0, 200, 0};
    KeInitializeDpc(&dpc, on_dpc, &called);
    RD_EXPECT(crt::KeSetTargetProcessorDpcEx(&dpc, &none) == STATUS_INVALID_PARAMETER);
    RD_EXPECT(crt::KeSetTargetProcessorDpcEx(&dpc, &last) == STATUS_SUCCESS && KeInsertQueueDpc(&dpc, nullptr, nullptr));
    RD_EXPECT(wait(&called.event, 5000) == STATUS_SUCCESS && called.processor == last.Number);
    RD_EXPECT(called.irql == DISPATCH_LEVEL && called.executing && !crt::KeIsExecutingDpc());
    KIRQL irql;
    KeInitializeDpc(&dpc, on_dpc, &called);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    const bool again = KeInsertQueueDpc(&dpc, nullptr, nullptr), removed = KeRemoveQueueDpc(&dpc), gone = KeRemoveQueueDpc(&dpc);
    KeLowerIrql(irql);
    KeFlushQueuedDpcs();
    RD_EXPECT(!again && removed && !gone && called.count == 2);
    return nullptr;
}

const char* test_timers() {
    KTIMER timer;
    KeInitializeTimerEx(&timer, NotificationTimer);
    RD_EXPECT(!crt::KeSetCoalescableTimer(&timer, milliseconds(2), 0, 1, nullptr) && !KeReadStateTimer(&timer));
    RD_EXPECT(wait(&timer, 5000) == STATUS_SUCCESS && KeReadStateTimer(&timer) && !KeCancelTimer(&timer));
    RD_EXPECT(!KeSetTimer(&timer, milliseconds(60000), nullptr) && KeSetTimer(&timer, milliseconds(50000), nullptr));
    RD_EXPECT(KeCancelTimer(&timer) && !KeReadStateTimer(&timer));
    return nullptr;
}

const char* test_time() {
    LARGE_INTEGER before, after, ticks, later;
    RD_EXPECT(KeQueryTimeIncrement() > 0);
    crt::KeQuerySystemTime(&before);
    crt::KeQueryTickCount(&ticks);
    const ULONGLONG unbiased = crt::KeQueryUnbiasedInterruptTime();
    LARGE_INTEGER pause = milliseconds(40);
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    crt::KeQuerySystemTime(&after);
    crt::KeQueryTickCount(&later);
    RD_EXPECT(after.QuadPart - before.QuadPart >= 400000 && later.QuadPart > ticks.QuadPart);
    RD_EXPECT(crt::KeQueryUnbiasedInterruptTime() - unbiased >= 400000);
    RD_EXPECT(before.QuadPart > 125000000000000000);  // after 1997
    RD_EXPECT(static_cast<LONGLONG>(*__imp_KeTickCount) >= ticks.QuadPart);
    return nullptr;
}

const char* test_threads() {
    const PKTHREAD self = crt::PsGetCurrentThread();
    RD_EXPECT(self == KeGetCurrentThread() && crt::PsIsSystemThread(reinterpret_cast<PETHREAD>(self)));
    RD_EXPECT(!crt::PsGetCurrentThreadTeb() && !crt::PsIsThreadTerminating(reinterpret_cast<PETHREAD>(self)));
    const KPRIORITY before = KeQueryPriorityThread(self);
    RD_EXPECT(KeSetPriorityThread(self, 15) == before && KeQueryPriorityThread(self) == 15);
    const LONG increment = KeSetBasePriorityThread(self, 2);
    RD_EXPECT(KeQueryPriorityThread(self) > before || increment >= 0);
    KeSetPriorityThread(self, before);
    return nullptr;
}

VOID NTAPI on_bug_check(PVOID, ULONG) {}

const char* test_bug_check_callbacks() {
    static KBUGCHECK_CALLBACK_RECORD record;
    PKBUGCHECK_CALLBACK_RECORD fresh = &record;
    KeInitializeCallbackRecord(fresh);
    UCHAR component[] = "selftest";
    RD_EXPECT(KeRegisterBugCheckCallback(&record, on_bug_check, nullptr, 0, component));
    RD_EXPECT(!KeRegisterBugCheckCallback(&record, on_bug_check, nullptr, 0, component));
    RD_EXPECT(KeDeregisterBugCheckCallback(&record) && !KeDeregisterBugCheckCallback(&record));
    return nullptr;
}

ULONG print(ULONG (*function)(ULONG, ULONG, const char*, va_list), const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const ULONG status = function(77, 0, format, arguments);
    va_end(arguments);
    return status;
}
ULONG print_with_prefix(const char* prefix, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const ULONG status = crt::vDbgPrintExWithPrefix(prefix, 77, 0, format, arguments);
    va_end(arguments);
    return status;
}

const char* test_debug_output() {
    RD_EXPECT(crt::DbgPrintEx(77, 0, "debug %d\n", 1) == STATUS_SUCCESS);
    RD_EXPECT(print(crt::vDbgPrintEx, "debug %d\n", 2) == STATUS_SUCCESS && print_with_prefix("debug ", "%d\n", 3) == STATUS_SUCCESS);
    RD_EXPECT(!*__imp_KdDebuggerEnabled && *__imp_KdDebuggerNotPresent);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST ke_tests[] = {
    {"ke.processors", test_processors},
    {"ke.irql-exports", test_irql},
    {"ke.event-states", test_events},
    {"ke.mutex-and-regions", test_mutex_and_regions},
    {"ke.dpc-targets", test_dpcs},
    {"ke.timer-states", test_timers},
    {"ke.time", test_time},
    {"ke.thread-queries", test_threads},
    {"ke.bug-check-callbacks", test_bug_check_callbacks},
    {"ke.debug-output", test_debug_output},
    {nullptr, nullptr},
};

}  // namespace selftest
