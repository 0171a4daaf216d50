// SPDX-License-Identifier: MIT
// agent/meeting.hpp
//
// The doorbell of a deterministic run: host and agent look at the rings when they meet (rundown/rendezvous_abi.h). The reading
// thread meets the host whenever there is something to send, and else once in a period of the guest's own time; so what comes
// from the host comes at instants that the guest chooses, the same in every run of a seed.
#pragma once
#include "doorbell.hpp"

namespace agent {

class Meeting final : public Doorbell {
  public:
    Meeting();

    /// Has the reading thread meet the host next. PASSIVE_LEVEL.
    void ring_host() override;

    /// Meets the host, after a period at most. True: where nothing has come after all, the caller sees it. PASSIVE_LEVEL, one
    /// thread.
    bool wait(ULONG milliseconds) override;

    bool is_alone() const override { return true; }

  private:
    static constexpr LONGLONG kPeriod = 10000;  // 1 ms, in 100 ns units
    KEVENT rung_ = {};
};

}  // namespace agent
