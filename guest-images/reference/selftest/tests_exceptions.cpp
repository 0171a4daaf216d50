// SPDX-License-Identifier: MIT
// selftest/tests_exceptions.cpp
//
// Exceptions a driver catches with __try, and the unwinding under them.
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(void, RtlRaiseStatus, NTSTATUS)
RD_IMPORT(void, RtlRaiseException, PEXCEPTION_RECORD)
RD_IMPORT(void, ExRaiseAccessViolation)
RD_IMPORT(void, ExRaiseDatatypeMisalignment)
RD_IMPORT(PVOID, RtlPcToFileHeader, PVOID, PVOID*)
RD_IMPORT(void, RtlRestoreContext, PCONTEXT, PEXCEPTION_RECORD)
RD_IMPORT(PVOID, RtlVirtualUnwind, ULONG, ULONG64, ULONG64, PVOID, PCONTEXT, PVOID*, PULONG64, PVOID)
RD_IMPORT(PVOID, RtlLookupFunctionEntry, ULONG64, PULONG64, PVOID)
RD_IMPORT(void, RtlCaptureContext, PCONTEXT)
RD_IMPORT(void, RtlUnwind, PVOID, PVOID, PEXCEPTION_RECORD, PVOID)
RD_IMPORT(void, RtlUnwindEx, PVOID, PVOID, PEXCEPTION_RECORD, PVOID, PCONTEXT, PVOID)
RD_IMPORT(void, __C_specific_handler)
RD_IMPORT(void, __chkstk)
RD_IMPORT(void, ProbeForWrite, volatile void*, SIZE_T, ULONG)

namespace {

NTSTATUS attempt(VOID (*function)(PVOID), PVOID context = nullptr) { return selftest_try(function, context); }

const char* test_raised() {
    RD_EXPECT(attempt([](PVOID) {}) == STATUS_SUCCESS);
    RD_EXPECT(attempt([](PVOID) { crt::RtlRaiseStatus(STATUS_NO_MEDIA); }) == STATUS_NO_MEDIA);
    RD_EXPECT(attempt([](PVOID) { ExRaiseStatus(STATUS_NO_MEMORY); }) == STATUS_NO_MEMORY);
    RD_EXPECT(attempt([](PVOID) { crt::ExRaiseAccessViolation(); }) == STATUS_ACCESS_VIOLATION);
    RD_EXPECT(attempt([](PVOID) { crt::ExRaiseDatatypeMisalignment(); }) == STATUS_DATATYPE_MISALIGNMENT);
    EXCEPTION_RECORD record = {};
    record.ExceptionCode = static_cast<NTSTATUS>(0xE0001234);
    RD_EXPECT(attempt([](PVOID context) { crt::RtlRaiseException(static_cast<PEXCEPTION_RECORD>(context)); }, &record) == record.ExceptionCode);
    return nullptr;
}

const char* test_faults() {
    RD_EXPECT(attempt([](PVOID) { *reinterpret_cast<volatile ULONG*>(0x20) = 1; }) == STATUS_ACCESS_VIOLATION);
    RD_EXPECT(attempt([](PVOID zero) { *static_cast<volatile int*>(zero) = 5 / *static_cast<volatile int*>(zero); }, [] {
                  static int zero;
                  return &zero;
              }()) == STATUS_INTEGER_DIVIDE_BY_ZERO);
    RD_EXPECT(attempt([](PVOID) { asm volatile("ud2"); }) == STATUS_ILLEGAL_INSTRUCTION);
    return nullptr;
}

/// What is documented to raise: probes, mutexes of others, semaphores that are full, pool that must not fail.
const char* test_raising_calls() {
    RD_EXPECT(attempt([](PVOID) { ProbeForRead(reinterpret_cast<PVOID>(0xFFFF800000000000), 8, 1); }) == STATUS_ACCESS_VIOLATION);
    RD_EXPECT(attempt([](PVOID) { crt::ProbeForWrite(reinterpret_cast<PVOID>(0x10001), 8, 4); }) == STATUS_DATATYPE_MISALIGNMENT);
    RD_EXPECT(attempt([](PVOID) {
                  KMUTEX mutex;
                  KeInitializeMutex(&mutex, 0);
                  KeReleaseMutex(&mutex, FALSE);
              }) == STATUS_MUTANT_NOT_OWNED);
    RD_EXPECT(attempt([](PVOID) {
                  KSEMAPHORE semaphore;
                  KeInitializeSemaphore(&semaphore, 0, 1);
                  KeReleaseSemaphore(&semaphore, 0, 2, FALSE);
              }) == STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    RD_EXPECT(attempt([](PVOID) {
                  ExAllocatePoolWithTag(static_cast<POOL_TYPE>(NonPagedPool | 16), SIZE_T{1} << 31, 'tsts');
              }) == STATUS_INSUFFICIENT_RESOURCES);
    return nullptr;
}

const char* test_unwinding() {
    CONTEXT context;
    volatile ULONG rounds = 0;
    crt::RtlCaptureContext(&context);  // comes back a second time
    rounds = rounds + 1;
    if (rounds == 1) crt::RtlRestoreContext(&context, nullptr);
    RD_EXPECT(rounds == 2);
    ULONG64 base = 0, frame = 0;
    PVOID handler, mine, header;
    crt::RtlCaptureContext(&context);
    PVOID entry = crt::RtlLookupFunctionEntry(context.Rip, &base, nullptr);
    header = crt::RtlPcToFileHeader(reinterpret_cast<PVOID>(context.Rip), &mine);
    RD_EXPECT(entry && header == mine && reinterpret_cast<ULONG64>(mine) == base);
    crt::RtlVirtualUnwind(0, base, context.Rip, entry, &context, &handler, &frame, nullptr);
    RD_EXPECT(context.Rip == reinterpret_cast<ULONG64>(__builtin_return_address(0)));
    // These are what every __try above goes through, by way of the kernel's own handler.
    RD_EXPECT(__imp_RtlUnwind && __imp_RtlUnwindEx && __imp___C_specific_handler && __imp___chkstk);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST exception_tests[] = {
    {"ke.raised-exceptions", test_raised},
    {"ke.faults-caught", test_faults},
    {"ke.calls-that-raise", test_raising_calls},
    {"ke.unwinding", test_unwinding},
    {nullptr, nullptr},
};

}  // namespace selftest
