// SPDX-License-Identifier: MIT
// lib/rundown_reference.hpp
//
// The count behind "wait until nobody holds a reference": users take references while the object is
// open; once it has been run down no reference can be taken, and exactly one party learns that the
// last is gone. Pure and lock-free; any IRQL, any processor. lib/rundown_protection.hpp adds the
// waiting.
#pragma once
#include <stdint.h>

namespace rundown
{

class RundownReference
{
  public:
    /// Takes a reference. False once the object is being run down: do not touch it.
    bool TryAcquire()
    {
        uint32_t seen = __atomic_load_n(&State_, __ATOMIC_RELAXED);

        do {
            if (seen & RunningDown) {
                return false;
            }
        } while (!__atomic_compare_exchange_n(
            &State_, &seen, seen + OneReference, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
        return true;
    }

    /// Gives a reference back. True for the one release that empties an object which is being run
    /// down: that caller must tell whoever waits.
    [[nodiscard]] bool Release()
    {
        return __atomic_sub_fetch(&State_, OneReference, __ATOMIC_ACQ_REL) == RunningDown;
    }

    /// Refuses references from now on. True when none is out, so that there is nothing to wait for;
    /// with references out exactly one Release() returns true later. To be called once between two
    /// Reopen()s.
    [[nodiscard]] bool BeginRundown()
    {
        return (__atomic_fetch_or(&State_, RunningDown, __ATOMIC_ACQ_REL) & ~RunningDown) == 0;
    }

    /// Makes a run-down, empty object usable again.
    void Reopen()
    {
        __atomic_store_n(&State_, 0u, __ATOMIC_RELEASE);
    }

    uint32_t Count() const
    {
        return __atomic_load_n(&State_, __ATOMIC_RELAXED) / OneReference;
    }

    bool IsRunningDown() const
    {
        return (__atomic_load_n(&State_, __ATOMIC_ACQUIRE) & RunningDown) != 0;
    }

  private:
    static constexpr uint32_t RunningDown = 1;
    static constexpr uint32_t OneReference = 2;

    uint32_t State_ = 0; // References * 2, plus 1 once being run down.
};

} // namespace rundown
