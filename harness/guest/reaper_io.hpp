// SPDX-License-Identifier: MIT
// guest/reaper_io.hpp
//
// Buries QEMUs at once. libvirt's QEMUs are daemons, so they become children of process 1, and
// libvirt waits in steps of 0.2 s until they have vanished from the process table: where process 1
// is slow to reap, 2 s a stop. So this process adopts them (PR_SET_CHILD_SUBREAPER) and reaps them
// as they end. libvirt's own children, which it waits for itself, are left alone.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>

namespace rundown::guest {

/// Makes this process the adopter of orphans among its descendants, for good.
void become_subreaper();

/// Reaps adopted children that have ended; the number of them. An adopted child is told by its
/// session: a daemon's session was begun by its vanished parent, while a child of our own is in our
/// session or began its own.
int reap_adopted_children();

/// Reaps on SIGCHLD for as long as it exists.
class Reaper {
  public:
    explicit Reaper(boost::asio::any_io_executor loop);
    Reaper(const Reaper&) = delete;
    Reaper& operator=(const Reaper&) = delete;
    ~Reaper();

  private:
    struct Watch;
    std::shared_ptr<Watch> watch_;
};

}  // namespace rundown::guest
