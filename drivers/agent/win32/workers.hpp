// SPDX-License-Identifier: MIT
// agent/win32/workers.hpp
//
// Threads for operations that may block for ever. They exist from the start.
#pragma once
#include <windows.h>

namespace rundown::win32
{

class Workers
{
  public:
    bool initialise();
    /// False: every worker is busy. One caller.
    bool start(void (*work)(void *), void *argument);

  private:
    static constexpr int kWorkers = 8;
    struct Worker {
        HANDLE wake;
        void (*work)(void *);
        void *argument;
        volatile LONG busy;
    };
    static DWORD WINAPI run(void *worker);
    Worker worker_[kWorkers] = {};
};

} // namespace rundown::win32
