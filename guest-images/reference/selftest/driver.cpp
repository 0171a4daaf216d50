// SPDX-License-Identifier: MIT
// selftest/driver.cpp
//
// selftest.sys's entry: with provoke=NAME on the command line the crime of that name, else the self-tests.
#include "selftest/provoke.hpp"
#include "selftest/tests.hpp"

#define RD_PROVOCATION(family, name, ...) extern "C" VOID provoke_##name();
#include "selftest/provocations.def"
#undef RD_PROVOCATION

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING);

namespace {

const provoke::Crime crimes[] = {
#define RD_PROVOCATION(family, name, ...) {#name, provoke_##name},
#include "selftest/provocations.def"
#undef RD_PROVOCATION
};

PDRIVER_OBJECT self;
VOID (*unload_action)();

VOID NTAPI unload(PDRIVER_OBJECT) {
    if (unload_action) unload_action();
}

}  // namespace

namespace provoke {

PDRIVER_OBJECT driver() { return self; }
void at_unload(VOID (*action)()) { unload_action = action; }

bool on_thread(PKSTART_ROUTINE routine, PVOID context) {
    HANDLE handle;
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, routine, context))) return false;
    ZwWaitForSingleObject(handle, FALSE, nullptr);
    ZwClose(handle);
    return true;
}

void pause(LONG milliseconds) {
    LARGE_INTEGER due = {.QuadPart = -10000LL * milliseconds};
    KeDelayExecutionThread(KernelMode, FALSE, &due);
}

void keep_workers_busy() {
    constexpr ULONG items = 24, microseconds = 20000;
    auto* busy = static_cast<PWORK_QUEUE_ITEM>(ExAllocatePoolWithTag(NonPagedPool, items * sizeof(WORK_QUEUE_ITEM), kTag));
    KeSetPriorityThread(KeGetCurrentThread(), 16);
    const auto stall = reinterpret_cast<PWORKER_THREAD_ROUTINE>(reinterpret_cast<ULONG_PTR>(&RdStall));
    for (ULONG index = 0; index < items; ++index) {
        ExInitializeWorkItem(&busy[index], stall, reinterpret_cast<PVOID>(ULONG_PTR{microseconds}));
        ExQueueWorkItem(&busy[index], DelayedWorkQueue);
    }
}

}  // namespace provoke

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    self = selftest::driver_object = driver;
    driver->DriverUnload = unload;
    if (!provoke::is_wanted()) {
        selftest::run_all();
        return STATUS_SUCCESS;
    }
    return provoke::commit_wanted(crimes) ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}
