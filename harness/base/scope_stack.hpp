// SPDX-License-Identifier: MIT
// base/scope_stack.hpp
//
// What must be undone, in reverse order, however the scope is left. A step that throws does not
// keep the others from running. Not thread-safe.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace rundown {

class ScopeStack {
  public:
    ScopeStack() = default;
    ScopeStack(const ScopeStack&) = delete;
    ScopeStack& operator=(const ScopeStack&) = delete;
    ScopeStack(ScopeStack&& other) noexcept : steps_(std::exchange(other.steps_, {})) {}
    ScopeStack& operator=(ScopeStack&& other) noexcept {
        if (this != &other) {
            close();
            steps_ = std::exchange(other.steps_, {});
        }
        return *this;
    }
    ~ScopeStack() { close(); }

    /// Undo step to run at close(), before all those pushed earlier.
    void push(std::function<void()> step) { steps_.push_back(std::move(step)); }

    /// Runs every step once, last pushed first.
    void close() noexcept {
        while (!steps_.empty()) {
            auto step = std::move(steps_.back());
            steps_.pop_back();
            try {
                step();
            } catch (...
            ) {  // Cleanup goes on: the next step may be the one that frees the machine.
            }
        }
    }

  private:
    std::vector<std::function<void()>> steps_;
};

}  // namespace rundown
