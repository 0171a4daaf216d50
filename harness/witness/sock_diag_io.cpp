// SPDX-License-Identifier: MIT
#include "witness/sock_diag_io.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rundown::witness {

namespace {

struct Question {
    nlmsghdr header;
    inet_diag_req_v2 request;
};

Error cannot(const char* what, int error) {
    return fail(
        ErrorKind::environment,
        fmt::format("cannot {} through sock_diag: {}", what, std::strerror(error))
    );
}

Question question_about(const TcpEnd& end) {
    Question question = {};
    question.header.nlmsg_len = sizeof(question);
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    inet_diag_req_v2& request = question.request;
    request.sdiag_family = AF_INET;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_ext = 1 << (INET_DIAG_INFO - 1);
    request.idiag_states = ~0u;
    request.id.idiag_sport = htons(end.port);
    request.id.idiag_dport = htons(end.far_port);
    request.id.idiag_src[0] = htonl(end.address);
    request.id.idiag_dst[0] = htonl(end.far_address);
    request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return question;
}

/// Bytes that came in over the connection, from the attributes behind the answer; 0 where the
/// kernel does not tell.
std::uint64_t received_in(const std::byte* at, std::size_t left) {
    while (left >= sizeof(nlattr)) {
        nlattr attribute;
        std::memcpy(&attribute, at, sizeof(attribute));
        if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > left) {
            return 0;
        }
        constexpr std::size_t at_bytes =
            sizeof(attribute) + offsetof(tcp_info, tcpi_bytes_received);
        std::uint64_t received;
        if (attribute.nla_type == INET_DIAG_INFO &&
            attribute.nla_len >= at_bytes + sizeof(received)) {
            std::memcpy(&received, at + at_bytes, sizeof(received));
            return received;
        }
        const std::size_t step = NLA_ALIGN(attribute.nla_len);
        if (step >= left) {
            return 0;
        }
        at += step;
        left -= step;
    }
    return 0;
}

result<TcpIntake> intake_in(const std::byte* answer, std::size_t bytes) {
    constexpr std::size_t kBegin = NLMSG_LENGTH(sizeof(inet_diag_msg));
    nlmsghdr header;
    if (bytes < sizeof(header)) {
        return cannot("learn about a NIC's wire", EPROTO);
    }
    std::memcpy(&header, answer, sizeof(header));
    if (header.nlmsg_type == NLMSG_ERROR) {
        return fail(ErrorKind::lost_contact, "QEMU's end of a NIC's wire is gone");
    }
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || bytes < kBegin) {
        return cannot("learn about a NIC's wire", EPROTO);
    }
    inet_diag_msg told;
    std::memcpy(&told, answer + NLMSG_HDRLEN, sizeof(told));
    return TcpIntake{received_in(answer + kBegin, bytes - kBegin), told.idiag_rqueue};
}

}  // namespace

result<int> open_sock_diag() {
    const int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) {
        return cannot("ask about connections", errno);
    }
    return fd;
}

result<TcpIntake> tcp_intake(int sock_diag, const TcpEnd& end) {
    const Question question = question_about(end);
    if (::send(sock_diag, &question, sizeof(question), 0) !=
        static_cast<ssize_t>(sizeof(question))) {
        return cannot("ask about a NIC's wire", errno);
    }
    std::array<std::byte, 8192> answer;
    // The kernel answers before send() returns.
    const ssize_t count = ::recv(sock_diag, answer.data(), answer.size(), MSG_DONTWAIT);
    if (count < 0) {
        return cannot("learn about a NIC's wire", errno);
    }
    return intake_in(answer.data(), static_cast<std::size_t>(count));
}

}  // namespace rundown::witness
