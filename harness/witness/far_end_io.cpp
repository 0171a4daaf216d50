// SPDX-License-Identifier: MIT
#include "witness/far_end_io.hpp"

#include <unistd.h>

#include <utility>

#include "witness/sock_diag_io.hpp"

namespace rundown::witness {

result<FarEnd> FarEnd::open() {
    const auto fd = open_sock_diag();
    if (!fd) {
        return fd.error();
    }
    return FarEnd(*fd);
}

FarEnd::FarEnd(FarEnd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FarEnd& FarEnd::operator=(FarEnd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FarEnd::~FarEnd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

result<bool> FarEnd::has_read(const boost::asio::ip::tcp::socket& stream, std::uint64_t sent) {
    boost::system::error_code error;
    const auto ours = stream.local_endpoint(error);
    const auto theirs = error ? ours : stream.remote_endpoint(error);
    if (error) {
        return fail(ErrorKind::lost_contact, "a NIC's wire is closed: " + error.message());
    }
    const auto intake = tcp_intake(
        fd_,
        {theirs.address().to_v4().to_uint(),
         theirs.port(),
         ours.address().to_v4().to_uint(),
         ours.port()}
    );
    if (!intake) {
        return intake.error();
    }
    return intake->received >= sent && intake->unread == 0;
}

}  // namespace rundown::witness
