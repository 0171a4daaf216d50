// SPDX-License-Identifier: MIT
// agent/win32/lock.hpp
//
// A critical section, held for a scope.
#pragma once
#include <windows.h>

namespace rundown::win32
{

class Lock
{
  public:
    Lock()
    {
        InitializeCriticalSection(&section_);
    }
    Lock(const Lock &) = delete;
    Lock &operator=(const Lock &) = delete;
    void enter()
    {
        EnterCriticalSection(&section_);
    }
    void leave()
    {
        LeaveCriticalSection(&section_);
    }

  private:
    CRITICAL_SECTION section_; // Lives as long as the process: threads may hold it at its end.
};

class Guard
{
  public:
    explicit Guard(Lock &lock) : lock_(lock)
    {
        lock_.enter();
    }
    ~Guard()
    {
        lock_.leave();
    }
    Guard(const Guard &) = delete;
    Guard &operator=(const Guard &) = delete;

  private:
    Lock &lock_;
};

} // namespace rundown::win32
