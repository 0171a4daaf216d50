// SPDX-License-Identifier: MIT
#include "agent/win32/workers.hpp"

namespace rundown::win32
{

bool
Workers::initialise()
{
    for (Worker &worker : worker_) {
        worker.wake = CreateEventW(nullptr, FALSE, FALSE, nullptr);
        HANDLE thread = worker.wake ? CreateThread(nullptr, 0, run, &worker, 0, nullptr) : nullptr;
        if (!thread)
            return false;
        CloseHandle(thread);
    }
    return true;
}

bool
Workers::start(void (*work)(void *), void *argument)
{
    for (Worker &worker : worker_) {
        if (InterlockedCompareExchange(&worker.busy, 1, 0) != 0)
            continue;
        worker.work = work;
        worker.argument = argument;
        SetEvent(worker.wake);
        return true;
    }
    return false;
}

DWORD WINAPI
Workers::run(void *context)
{
    auto *worker = static_cast<Worker *>(context);
    for (;;) {
        WaitForSingleObject(worker->wake, INFINITE);
        worker->work(worker->argument);
        InterlockedExchange(&worker->busy, 0);
    }
}

} // namespace rundown::win32
