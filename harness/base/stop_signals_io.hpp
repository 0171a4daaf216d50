// SPDX-License-Identifier: MIT
// base/stop_signals_io.hpp
//
// Ctrl-C, SIGTERM and the terminal's hang-up, as a StopRequest. The first one asks the run to end
// and gives it kStopTime for that. The second one, or the end of that time, ends the program where
// it stands; what it leaves, the guardian removes (guest/guardian_io.hpp). With Asio; one at a time
// in a process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/deadline.hpp"
#include "base/stop_request.hpp"

namespace rundown {

/// Ending a guest takes milliseconds, libvirt's first look at QEMU seconds, and it cannot be
/// interrupted.
inline constexpr std::chrono::seconds kStopTime{20};

class StopSignals {
  public:
    StopSignals(boost::asio::io_context& loop, StopRequest& stop);
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    /// From here on signals end the program again.
    ~StopSignals();

  private:
    void wait(StopRequest& stop);

    boost::asio::signal_set signals_;
};

}  // namespace rundown
