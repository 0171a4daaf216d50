// SPDX-License-Identifier: MIT
// lib/system_thread.hpp
//
// A system thread that is known to be gone when Join() returns: the wait is for the thread object,
// so not even its last instruction can run in an image that is being unloaded.
#pragma once
#include "lib/kernel.hpp"

namespace rundown
{

class SystemThread
{
  public:
    using Routine = void (*)(void *context);

    /// Starts `routine(context)` at PASSIVE_LEVEL. The object must stay until Join().
    /// PASSIVE_LEVEL.
    NTSTATUS Start(Routine routine, void *context);

    /// Waits for the thread's end. Unbounded: `routine` must have been told to return. Nothing when
    /// none was started. PASSIVE_LEVEL, not from the thread itself.
    void Join();

    bool IsStarted() const
    {
        return Thread_ != nullptr;
    }

  private:
    static VOID NTAPI Entry(PVOID context);

    Routine Routine_ = nullptr;
    void *Context_ = nullptr;
    PVOID Thread_ = nullptr; // Referenced PETHREAD.
};

} // namespace rundown
