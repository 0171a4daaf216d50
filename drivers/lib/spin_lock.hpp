// SPDX-License-Identifier: MIT
// lib/spin_lock.hpp
//
// A kernel spin lock that is released where its scope ends.
#pragma once
#include "lib/kernel.hpp"

namespace rundown
{

struct SpinLock {
    KSPIN_LOCK Lock = 0; // As KeInitializeSpinLock leaves it.
};

/// Holds the lock, at DISPATCH_LEVEL, while it lives. To be made at IRQL <= DISPATCH_LEVEL.
class SpinLockGuard
{
  public:
    explicit SpinLockGuard(SpinLock &lock) : Lock_(lock)
    {
        KeAcquireSpinLock(&Lock_.Lock, &Irql_);
    }
    ~SpinLockGuard()
    {
        KeReleaseSpinLock(&Lock_.Lock, Irql_);
    }
    SpinLockGuard(const SpinLockGuard &) = delete;
    SpinLockGuard &operator=(const SpinLockGuard &) = delete;

  private:
    SpinLock &Lock_;
    KIRQL Irql_;
};

} // namespace rundown
