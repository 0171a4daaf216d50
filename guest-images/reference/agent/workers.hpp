// SPDX-License-Identifier: MIT
// agent/workers.hpp
//
// Threads of the agent's own for operations that may block for ever. Not the system's worker threads: NDIS and the drivers need
// those to get on. They exist from the start, so that a census counts the same threads before and after.
#pragma once
#include "agent.hpp"

namespace agent {

class Workers {
  public:
    NTSTATUS initialise();
    /// False: every worker is busy. PASSIVE_LEVEL, one caller.
    bool start(void (*work)(void*), void* argument);

  private:
    static constexpr ULONG kWorkers = 8;
    struct Worker {
        KEVENT wake;
        void (*work)(void*);
        void* argument;
        volatile LONG busy;
    };
    static VOID NTAPI run(PVOID context);
    Worker worker_[kWorkers];
};

}  // namespace agent
