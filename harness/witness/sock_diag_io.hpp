// SPDX-License-Identifier: MIT
// witness/sock_diag_io.hpp
//
// What the kernel tells of a TCP connection's end on this machine (sock_diag(7)). No Asio here: its
// headers and the kernel's both declare tcp_info.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace rundown::witness {

/// One end of a connection of IPv4; addresses and ports in host order.
struct TcpEnd {
    std::uint32_t address = 0;
    std::uint16_t port = 0;
    std::uint32_t far_address = 0;
    std::uint16_t far_port = 0;
};

struct TcpIntake {
    std::uint64_t received = 0;  // Bytes since the connection was made.
    std::uint32_t unread = 0;    // Of them, those its process has not read.
};

/// A diagnostic socket. Fails (environment) where the kernel has none. The caller closes it.
result<int> open_sock_diag();

/// Asks about the socket at `end`. Does not wait. Errors: lost_contact (there is no such socket),
/// environment.
result<TcpIntake> tcp_intake(int sock_diag, const TcpEnd& end);

}  // namespace rundown::witness
