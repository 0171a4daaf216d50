// SPDX-License-Identifier: MIT
// agent/doorbell.hpp
//
// How host and agent tell each other to look at the rings of the line in memory. COM1 is one way (uart.hpp): a byte each way.
// A doorbell carries nothing: one that is lost is made up for by a look every now and then, one too many does no harm.
#pragma once
#include "agent.hpp"

namespace agent {

class Doorbell {
  public:
    /// Tells the host. PASSIVE_LEVEL, one caller at a time (line_lock).
    virtual void ring_host() = 0;

    /// Waits until the host rings. False: it has not within that time. PASSIVE_LEVEL, one thread.
    virtual bool wait(ULONG milliseconds) = 0;

    /// The rings are all there is: hello goes through them too, the host is there from the first byte, and COM1 is not used.
    virtual bool is_alone() const = 0;

  protected:
    ~Doorbell() = default;
};

}  // namespace agent
