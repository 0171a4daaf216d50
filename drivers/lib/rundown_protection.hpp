// SPDX-License-Identifier: MIT
// lib/rundown_protection.hpp
//
// A rundown reference one can wait for. The waiter may free the memory as soon as Wait() has
// returned: the last Release() touches nothing after it has set the event.
#pragma once
#include "lib/kernel.hpp"
#include "lib/rundown_reference.hpp"

namespace rundown
{

class RundownProtection
{
  public:
    /// Before first use. Any IRQL.
    void Initialize()
    {
        References_.Reopen();
        KeInitializeEvent(&Drained_, NotificationEvent, FALSE);
    }

    /// IRQL <= DISPATCH_LEVEL. False: being run down, do not touch what this protects.
    bool TryAcquire()
    {
        return References_.TryAcquire();
    }

    /// IRQL <= DISPATCH_LEVEL.
    void Release()
    {
        if (References_.Release()) {
            KeSetEvent(&Drained_, IO_NO_INCREMENT, FALSE);
        }
    }

    /// No reference from here on. Any IRQL. Once.
    void Begin()
    {
        if (References_.BeginRundown()) {
            KeSetEvent(&Drained_, IO_NO_INCREMENT, FALSE);
        }
    }

    /// Waits, after Begin(), until the last reference is given back. PASSIVE_LEVEL; unbounded,
    /// because what is counted (sends, requests, routines that run) is owed to us by documented
    /// contract.
    void Wait()
    {
        KeWaitForSingleObject(&Drained_, Executive, KernelMode, FALSE, nullptr);
    }

    bool IsRunningDown() const
    {
        return References_.IsRunningDown();
    }

    ULONG Count() const
    {
        return References_.Count();
    }

  private:
    RundownReference References_;
    KEVENT Drained_ = {};
};

} // namespace rundown
