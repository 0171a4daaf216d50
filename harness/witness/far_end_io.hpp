// SPDX-License-Identifier: MIT
// witness/far_end_io.hpp
//
// Has the process at the other end of a TCP connection on this machine read what was sent? An
// acknowledgement only says that its kernel has it; the kernel's socket diagnostics (sock_diag(7))
// also say what lies unread there.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

#include "base/result.hpp"

namespace rundown::witness {

class FarEnd {
  public:
    /// Opens a diagnostic socket. Fails (environment) where the kernel has none.
    static result<FarEnd> open();
    FarEnd(FarEnd&& other) noexcept;
    FarEnd& operator=(FarEnd&& other) noexcept;
    FarEnd(const FarEnd&) = delete;
    FarEnd& operator=(const FarEnd&) = delete;
    ~FarEnd();

    /// True: the other end of `stream` has received `sent` bytes since the connection was made, and
    /// read them all. Does not wait. Errors: lost_contact (there is no other end on this machine
    /// any more), environment.
    result<bool> has_read(const boost::asio::ip::tcp::socket& stream, std::uint64_t sent);

  private:
    explicit FarEnd(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace rundown::witness
