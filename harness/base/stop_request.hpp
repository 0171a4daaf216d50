// SPDX-License-Identifier: MIT
// base/stop_request.hpp
//
// A person's wish to stop (Ctrl-C, SIGTERM), handed to whatever is under way. Pure; not
// thread-safe.
#pragma once

#include <functional>
#include <string>
#include <utility>

namespace rundown {

class StopRequest {
  public:
    /// `how`: the signal's name. The first request counts.
    void request(std::string how) {
        if (how_.empty()) {
            how_ = std::move(how);
            if (interrupt_) {
                interrupt_();
            }
        }
    }

    bool requested() const { return !how_.empty(); }
    const std::string& how() const { return how_; }

    /// Called at the request, to end the wait under way; empty: nobody waits. One at a time.
    void on_request(std::function<void()> interrupt) { interrupt_ = std::move(interrupt); }

  private:
    std::string how_;
    std::function<void()> interrupt_;
};

}  // namespace rundown
