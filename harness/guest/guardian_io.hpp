// SPDX-License-Identifier: MIT
// guest/guardian_io.hpp
//
// A second process that outlives this one when it is killed, and removes at once what it leaves:
// QEMU, trace window, sockets, runtime directory. Without it they would stay until the next run
// looks (clean_leftovers()), and a QEMU that nobody wants eats a processor until then. It knows of
// the end by a pipe that closes with this process, however that came: SIGKILL, a second Ctrl-C, a
// crash.
#pragma once

#include "base/result.hpp"
#include "guest/places.hpp"

namespace rundown::guest {

class Guardian {
  public:
    /// Forks it; to be called while this process has one thread. It is in a session of its own, so
    /// that the terminal's Ctrl-C does not reach it, and holds no file of ours open. Error:
    /// environment.
    static result<Guardian> start(const Places& places);
    Guardian(Guardian&& other) noexcept;
    Guardian& operator=(Guardian&&) = delete;
    Guardian(const Guardian&) = delete;
    Guardian& operator=(const Guardian&) = delete;
    /// Dismisses it, all being clean, and waits for its end.
    ~Guardian();

    int pid() const { return pid_; }

  private:
    Guardian(int pid, int pipe) : pid_(pid), pipe_(pipe) {}
    int pid_;
    int pipe_;  // Our end. Its close tells the guardian.
};

}  // namespace rundown::guest
