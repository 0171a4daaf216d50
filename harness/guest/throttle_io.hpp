// SPDX-License-Identifier: MIT
// guest/throttle_io.hpp
//
// A virtual processor made slow, so that another one overtakes it: races that an even machine never
// shows. The host's scheduler does it (SCHED_DEADLINE): the processor's thread gets so many
// milliseconds in each period and not one more, however idle the host is. With Asio, on the loop.
//
// Limits: needs the privilege CAP_SYS_NICE, and threads that may run on every CPU of the host (no
// taskset around the harness). All throttles of a host together cannot ask for more than 95 % of
// its CPUs. Under TCG a translated block, under KVM the time until the next exit, is not
// interrupted early, so periods are long against both. A thread that stands still while it holds
// QEMU's main lock keeps QEMU's devices waiting, too, as a busy host does.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/guest_io.hpp"

namespace rundown::guest {

struct VcpuThrottle {
    std::size_t processor = 0;
    unsigned percent = 100;  // Of one CPU of the host, 1 to 90; 100: no throttle.
    /// Of which the processor may run `percent`, in one piece; 2 to 1000.
    Milliseconds period{20};
};

/// Sets or (percent 100) ends the throttle. Errors: usage (no such processor or value, or the
/// processors share one thread), environment (not permitted), hypervisor, timeout.
boost::asio::awaitable<result<void>> set_throttle(
    Guest& guest, VcpuThrottle throttle, Deadline deadline
);

}  // namespace rundown::guest
