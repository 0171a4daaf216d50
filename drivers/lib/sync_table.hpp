// SPDX-License-Identifier: MIT
// lib/sync_table.hpp
//
// The decisions behind a driver's named sync points (rundown/protocol5_ioctl.h): what is armed, who
// is to be held or delayed, who is held since when. Pure: the owner's lock protects it, and the
// owner does the waiting.
#pragma once
#include <rundown/protocol5_ioctl.h>
#include <stdint.h>

#include "lib/list.hpp"

namespace rundown
{

/// A thread at a sync point; lives on its stack.
struct SyncWaiter {
    ListLink Link;
    uint32_t Point;
    uint32_t Binding;
    uint32_t Thread;
    uint64_t SinceMs;
};

/// What an arrival is to do.
struct SyncOrder {
    enum Kind { Pass, Hold, Delay, CannotHold } What;
    uint32_t Amount; // Milliseconds to hold at most, or microseconds to delay.
};

class SyncTable
{
  public:
    static constexpr uint32_t NoLimit = 0xFFFFFFFFu;

    /// Arms a point anew; who is held there stays held. False: the request makes no sense.
    bool Arm(const rd_p5_sync_hold &request)
    {
        const bool holds = request.mode == RD_P5_SYNC_HOLDS;

        if (!IsPoint(request.point) || (!holds && request.mode != RD_P5_SYNC_DELAYS)) {
            return false;
        }
        if (holds ? !Within(request.max_ms, RD_P5_SYNC_MAX_MS)
                  : !Within(request.delay_us, RD_P5_SYNC_MAX_US)) {
            return false;
        }

        rd_p5_sync_point_state &state = Points_[request.point];

        state = {};
        state.mode = request.mode;
        state.binding = request.binding;
        state.arrivals_left = request.arrivals != 0 ? request.arrivals : NoLimit;
        Amounts_[request.point] = holds ? request.max_ms : request.delay_us;
        __atomic_or_fetch(&Armed_, 1u << request.point, __ATOMIC_RELAXED);
        return true;
    }

    /// Disarms a point, or all with 0. False: there is no such point. The caller lets go who is
    /// held: TakeHeld().
    bool Disarm(uint32_t point)
    {
        if (point != 0 && !IsPoint(point)) {
            return false;
        }
        for (uint32_t each = 1; each < RD_P5_SYNC_POINTS; ++each) {
            if (point == 0 || point == each) {
                Points_[each].mode = RD_P5_SYNC_OFF;
                __atomic_and_fetch(&Armed_, ~(1u << each), __ATOMIC_RELAXED);
            }
        }
        return true;
    }

    /// Whether arrivals at this point matter. Without the lock: an answer that is late by a moment
    /// is as good.
    bool IsArmed(uint32_t point) const
    {
        return (__atomic_load_n(&Armed_, __ATOMIC_RELAXED) >> point & 1u) != 0;
    }

    /// A thread arrives, and does as it is told. On Hold the waiter is noted, until Leave() or
    /// TakeHeld().
    SyncOrder Arrive(SyncWaiter &waiter, bool mayWait)
    {
        rd_p5_sync_point_state &state = Points_[waiter.Point];

        if (state.mode == RD_P5_SYNC_OFF || state.arrivals_left == 0 ||
            (state.binding != 0 && state.binding != waiter.Binding)) {
            return {SyncOrder::Pass, 0};
        }
        // An arrival that cannot be held does not use up the next one that can.
        if (state.mode == RD_P5_SYNC_HOLDS && !mayWait) {
            ++state.could_not_hold;
            return {SyncOrder::CannotHold, 0};
        }
        if (state.arrivals_left != NoLimit) {
            --state.arrivals_left;
        }
        ++state.passed;
        if (state.mode == RD_P5_SYNC_DELAYS) {
            return {SyncOrder::Delay, Amounts_[waiter.Point]};
        }
        Waiters_.InsertTail(&waiter);
        return {SyncOrder::Hold, Amounts_[waiter.Point]};
    }

    /// The hold is over for the waiter. True: nobody released it, its time was up.
    bool Leave(SyncWaiter &waiter)
    {
        if (!waiter.Link.IsLinked()) {
            return false;
        }
        Waiters_.Remove(&waiter);
        ++Points_[waiter.Point].timed_out;
        return true;
    }

    /// Takes out one who is held at the point, or at any with 0, for the caller to wake; null when
    /// there is none left.
    SyncWaiter *TakeHeld(uint32_t point)
    {
        for (SyncWaiter *waiter = Waiters_.First(); waiter != nullptr;
             waiter = Waiters_.Next(waiter)) {
            if (point == 0 || waiter->Point == point) {
                Waiters_.Remove(waiter);
                return waiter;
            }
        }
        return nullptr;
    }

    void Describe(uint64_t nowMs, rd_p5_sync_state &state) const
    {
        state.count = RD_P5_SYNC_POINTS;
        state.reserved = 0;
        for (uint32_t point = 0; point < RD_P5_SYNC_POINTS; ++point) {
            state.point[point] = Points_[point];
        }
        for (SyncWaiter *waiter = Waiters_.First(); waiter != nullptr;
             waiter = Waiters_.Next(waiter)) {
            rd_p5_sync_point_state &entry = state.point[waiter->Point];

            if (entry.held++ == 0) {
                entry.held_binding = waiter->Binding;
                entry.held_thread = waiter->Thread;
                entry.held_ms = static_cast<uint32_t>(nowMs - waiter->SinceMs);
            }
        }
    }

  private:
    static bool IsPoint(uint32_t point)
    {
        return point > RD_P5_SYNC_INVALID && point < RD_P5_SYNC_POINTS;
    }
    static bool Within(uint32_t value, uint32_t most)
    {
        return value >= 1 && value <= most;
    }

    uint32_t Armed_ = 0;                                    // A bit a point.
    rd_p5_sync_point_state Points_[RD_P5_SYNC_POINTS] = {}; // `held*` are filled in by Describe().
    uint32_t Amounts_[RD_P5_SYNC_POINTS] = {};
    List<SyncWaiter, &SyncWaiter::Link> Waiters_;
};

static_assert(RD_P5_SYNC_POINTS <= 32, "one bit a point");

} // namespace rundown
