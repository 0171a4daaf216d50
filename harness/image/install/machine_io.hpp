// SPDX-License-Identifier: MIT
// image/install/machine_io.hpp
//
// What an installation needs of the machine it runs on, and no more; one object from power on to
// power off. guest_machine_io makes it of a guest::Guest, tests of a script. With Asio; all on one
// loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/install/screen.hpp"

namespace rundown::image {

enum class MachineEventKind {
    reset,        // By the guest. A machine that is told not to start again is over then.
    powered_off,  // By the guest.
    panicked,
    died,
};

struct MachineEvent {
    MachineEventKind kind = MachineEventKind::died;
    std::string text = {};  // Of a panic: what is known of it.
    Error error = {};       // Of a death.
};

class InstallMachine {
  public:
    using Stream = boost::asio::local::stream_protocol::socket;

    virtual ~InstallMachine() = default;

    /// COM1, connected. May be moved away.
    virtual Stream& com1() = 0;
    /// COM2, connected; null when nobody is to hear what is said there.
    virtual Stream* com2() = 0;
    /// Called on the loop for each event from now on, and at once for those before.
    virtual void on_event(std::function<void(const MachineEvent&)> handler) = 0;
    /// Bytes written to all disks since power on.
    virtual boost::asio::awaitable<result<std::uint64_t>> bytes_written(Deadline deadline) = 0;
    virtual boost::asio::awaitable<result<Screen>> screen(Deadline deadline) = 0;
    /// Keeps a picture of the screen as a PNG file.
    virtual boost::asio::awaitable<result<void>> keep_screen(
        std::string path, Deadline deadline
    ) = 0;
    /// Presses a key of the keyboard and lets go: QEMU's name of it, "ret".
    virtual boost::asio::awaitable<result<void>> press_key(std::string key, Deadline deadline) = 0;
    /// Ends it at once, whatever it does. May be called again.
    virtual boost::asio::awaitable<result<void>> stop(Deadline deadline) = 0;
};

}  // namespace rundown::image
