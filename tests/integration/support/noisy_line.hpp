// SPDX-License-Identifier: MIT
// integration/support/noisy_line.hpp
//
// Stands in the serial line of a run, between QEMU and the harness, and destroys some of what the
// guest says. It takes the place of the harness's socket after that was made and before QEMU
// connects to it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace rundown::integration {

class NoisyLine {
  public:
    enum class Noise {
        once,      // Some bytes, once; then the line is clean again.
        for_ever,  // Every byte from there on.
    };
    /// The noise begins after that many bytes of the guest's.
    NoisyLine(Noise noise, std::size_t after_bytes) : noise_(noise), after_(after_bytes) {}

    /// Carries bytes both ways until either end closes. Blocking; meant for Invocation::meanwhile.
    void stand_between(pid_t program);

    bool stood_between() const { return stood_; }
    std::size_t bytes_destroyed() const { return destroyed_; }

  private:
    void carry(int guest, int harness);
    void destroy(char* bytes, std::size_t count);

    Noise noise_;
    std::size_t after_;
    std::size_t seen_ = 0;
    std::size_t destroyed_ = 0;
    bool stood_ = false;
};

}  // namespace rundown::integration
