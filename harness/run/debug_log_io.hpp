// SPDX-License-Identifier: MIT
// run/debug_log_io.hpp
//
// COM2 of a guest, whose kernel writes its debug log there: read all the time, because what is not
// read stalls the guest; kept in a file; answered where its debugger waits. With Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "guest/guest_io.hpp"
#include "run/debug_log.hpp"

namespace rundown::run {

class DebugLine {
  public:
    /// Reads on until the line ends. `on_news` is called, on the loop, when the guest has told a
    /// bug check or stands still at its debugger's prompt. Fails (environment) naming the file.
    static result<std::unique_ptr<DebugLine>> start(
        guest::Guest::SerialStream stream, const std::string& path, std::function<void()> on_news
    );
    DebugLine(const DebugLine&) = delete;
    DebugLine& operator=(const DebugLine&) = delete;
    ~DebugLine();

    const DebugLog& log() const;
    /// Bytes that came, and those beyond the file's bound that are not in it.
    std::uint64_t bytes() const;
    std::uint64_t bytes_left_out() const;
    /// Why the file is not whole; nothing: it is.
    const std::optional<Error>& error() const;
    /// Ends the reading and closes the file.
    void close();

    /// Of the file: a kernel that asserts in a loop must not fill the disk.
    static constexpr std::uint64_t kFileMax = 16u << 20;

  private:
    struct State;
    explicit DebugLine(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace rundown::run
