// SPDX-License-Identifier: MIT
// run/trace_window_io.hpp
//
// The window of a guest, kept open from its start: what the guest wrote last can be read after QEMU
// is gone and the window's name removed. The trace is in it, and the line to the agent at its end.
#pragma once

#include <rundown/line_abi.h>

#include <cstddef>
#include <memory>
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

    /// Takes the pages of a part of bytes() out of this process's memory; they are read again when
    /// asked for.
    void forget_pages(std::span<const std::byte> part);

    /// To be called once nobody writes any more and before all of it is read. To read a page that
    /// was never written is to allocate it, which ends a process with SIGBUS while /dev/shm is
    /// full; those pages become zeros of our own.
    void fill_holes();

  private:
    std::span<const std::byte> bytes_;
    int fd_ = -1;
};

/// Maps the window's part for the line (rpc::ClientOptions::memory), to be read and written, and
/// has memory set aside for it. Null: the window is too small to have one. Fails (environment)
/// naming the file.
result<std::shared_ptr<rd_line>> open_line(const std::string& path);

}  // namespace rundown::run
