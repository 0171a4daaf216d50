// SPDX-License-Identifier: MIT
// rpc/doorbell.hpp
//
// Tells a guest to look at the rings of the line in memory, where that is not done by a byte on
// COM1. The other direction is Client::look(): whoever hears the guest's ring calls it.
#pragma once

namespace rundown::rpc {

class Doorbell {
  public:
    virtual ~Doorbell() = default;
    /// Called after something was put into the ring to a guest that waits. On the line's executor.
    virtual void ring_guest() = 0;
};

}  // namespace rundown::rpc
