// SPDX-License-Identifier: MIT
// selftest/provoke_locks.cpp
//
// Crimes with locks.
#include "selftest/provoke.hpp"

extern "C" VOID provoke_spin_lock_twice() {
    static KSPIN_LOCK lock;
    KIRQL irql;
    KeInitializeSpinLock(&lock);
    provoke::value(1, &lock);
    KeAcquireSpinLock(&lock, &irql);
    KeAcquireSpinLock(&lock, &irql);
}
