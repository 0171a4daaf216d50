// SPDX-License-Identifier: MIT
// image/install/drive_io.hpp
//
// Performs what InstallProgress decides: starts the machines of an installation one after the
// other, listens to their COM ports, looks at disks and screen, speaks to the agent, and keeps what
// was said and seen. With Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/stop_request.hpp"
#include "image/install/machine_io.hpp"
#include "image/install/progress.hpp"
#include "rpc/client_io.hpp"

namespace rundown::image {

/// "Press any key to boot from CD": a key pressed on the first machine, from time to time, until it
/// has written to its disk or was reset.
struct InstallKeys {
    std::string key;  // QEMU's name: "ret".
    Milliseconds from{};
    Milliseconds until{};
    Milliseconds every{};
};

struct InstallJob {
    std::vector<Phase> phases;
    double slowness = 1;    // See InstallProgress.
    std::string directory;  // Exists. Gets com1.log, com2.log, rpc.log and pictures of the screen.
    /// Makes the next machine, number 0 first, and whatever must be done to the disk before.
    std::function<boost::asio::awaitable<result<std::unique_ptr<InstallMachine>>>(std::size_t)>
        next_machine;
    /// What is to be done through the agent once it said hello. When the next phase ends by power
    /// off, it asks for that at its end.
    std::function<boost::asio::awaitable<result<void>>(rpc::Client&, const rpc::Hello&)> on_hello;
    std::optional<InstallKeys> keys;
    /// After the hello, and before on_hello(): waits until the guest has neither written to its
    /// disk nor said a line for `settle_quiet`, but not longer than `settle_max`: what a system
    /// does at its first boot only is to be over. Zero: no wait.
    Milliseconds settle_quiet{0};
    Milliseconds settle_max{0};
    std::function<void(const std::string&)> show;      // What is going on now.
    std::function<void(const PhaseTime&)> phase_over;  // May be empty.
    Milliseconds look_every{1000};                     // At disks, and the clock.
    Milliseconds screen_every{5000};
};

struct InstallOutcome {
    std::vector<PhaseTime> times;
    std::vector<std::string> notes;
    std::vector<std::string> pictures;  // Paths.
    std::optional<Error> error;         // Why it is not installed.
    Culprit culprit = Culprit::none;
    std::vector<std::string> last_lines;  // With an error: what the guest said last.
};

/// Runs the installation to its end. Every machine is gone when it returns. A request to stop ends
/// it (error: cancelled).
boost::asio::awaitable<InstallOutcome> drive_installation(InstallJob& job, StopRequest& stop);

}  // namespace rundown::image
