// SPDX-License-Identifier: MIT
// run/trace_window_io.hpp
//
// The trace window of a guest, kept open from its start: what the guest wrote last can be read
// after QEMU is gone and the window's name removed.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"

namespace rundown::run {

class TraceWindow {
  public:
    TraceWindow() = default;
    /// Maps the file for reading. Fails (environment) naming it.
    static result<TraceWindow> open(const std::string& path);

    TraceWindow(TraceWindow&& other) noexcept;
    TraceWindow& operator=(TraceWindow&& other) noexcept;
    ~TraceWindow();

    /// Memory that the guest writes while it runs; empty when nothing was opened.
    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::span<const std::byte> bytes_;
};

}  // namespace rundown::run
