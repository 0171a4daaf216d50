// SPDX-License-Identifier: MIT
#include "workers.hpp"

namespace agent {

NTSTATUS Workers::initialise() {
    for (Worker& worker : worker_) {
        worker.busy = 0;
        KeInitializeEvent(&worker.wake, SynchronizationEvent, FALSE);
        HANDLE thread;
        const NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, run, &worker);
        if (!NT_SUCCESS(status)) return status;
        ZwClose(thread);
    }
    return STATUS_SUCCESS;
}

bool Workers::start(void (*work)(void*), void* argument) {
    for (Worker& worker : worker_) {
        if (InterlockedCompareExchange(&worker.busy, 1, 0) != 0) continue;
        worker.work = work;
        worker.argument = argument;
        KeSetEvent(&worker.wake, IO_NO_INCREMENT, FALSE);
        return true;
    }
    return false;
}

VOID NTAPI Workers::run(PVOID context) {
    auto* worker = static_cast<Worker*>(context);
    RdNameThread("agent worker");
    for (;;) {
        KeWaitForSingleObject(&worker->wake, Executive, KernelMode, FALSE, nullptr);
        worker->work(worker->argument);
        InterlockedExchange(&worker->busy, 0);
    }
}

}  // namespace agent
