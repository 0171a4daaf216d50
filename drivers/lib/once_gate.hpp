// SPDX-License-Identifier: MIT
// lib/once_gate.hpp
//
// Decides which of several racing paths does a thing that must be done exactly once
// (deregistering), and when it may be done at all. Pure and lock-free; any IRQL.
#pragma once
#include <stdint.h>

namespace rundown
{

enum class GateEntry {
    Owner,   // The caller does the work and then calls Finish().
    Waiting, // Another path is doing it: wait for that one.
    Done,    // It has been done.
    Closed,  // There is nothing to do: the gate was never opened.
};

class OnceGate
{
  public:
    /// There is something to do now. Once.
    void Open()
    {
        __atomic_store_n(&State_, Opened, __ATOMIC_RELEASE);
    }

    /// Asks to do it. Exactly one caller in the gate's life is told Owner.
    GateEntry Enter()
    {
        uint32_t expected = Opened;

        if (__atomic_compare_exchange_n(
                &State_, &expected, Entered, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return GateEntry::Owner;
        }
        switch (expected) {
        case Entered:
            return GateEntry::Waiting;
        case Finished:
            return GateEntry::Done;
        default:
            return GateEntry::Closed;
        }
    }

    /// The owner has done it.
    void Finish()
    {
        __atomic_store_n(&State_, Finished, __ATOMIC_RELEASE);
    }

    /// Opened, and nobody has begun yet.
    bool IsOpen() const
    {
        return __atomic_load_n(&State_, __ATOMIC_ACQUIRE) == Opened;
    }

  private:
    static constexpr uint32_t Shut = 0;
    static constexpr uint32_t Opened = 1;
    static constexpr uint32_t Entered = 2;
    static constexpr uint32_t Finished = 3;

    uint32_t State_ = Shut;
};

} // namespace rundown
