// SPDX-License-Identifier: MIT
#include "integration/support/serial_cable.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/connect_pair.hpp>
#include <filesystem>
#include <stdexcept>

namespace rundown::integration {
namespace {

namespace asio = boost::asio;

constexpr int kLookMs = 20;  // For changes of what is to be done.

bool write_all(int fd, const char* bytes, std::size_t count, const std::atomic<bool>& is_over) {
    while (count > 0 && !is_over) {
        pollfd ready{fd, POLLOUT, 0};
        if (::poll(&ready, 1, kLookMs) == 0) {
            continue;
        }
        const ssize_t written = ::write(fd, bytes, count);
        if (written < 0) {
            return false;
        }
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
    return count == 0;
}

}  // namespace

SerialCable::SerialCable(std::string link) : link_(std::move(link)) {
    ::signal(SIGPIPE, SIG_IGN);  // The host's client may close its end at any time.
    guest_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (guest_ < 0 || ::grantpt(guest_) != 0 || ::unlockpt(guest_) != 0) {
        throw std::runtime_error("no pseudo-terminal can be had");
    }
    terminal_ = ::ptsname(guest_);
    slave_ = ::open(terminal_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios raw{};
    ::tcgetattr(slave_, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave_, TCSANOW, &raw);
    std::filesystem::remove(link_);
    thread_ = std::thread([this] { carry(); });
}

SerialCable::~SerialCable() {
    is_over_ = true;
    thread_.join();
    std::error_code none;
    std::filesystem::remove(link_, none);
    for (const int fd : {guest_, slave_, host_}) {
        ::close(fd);
    }
}

void SerialCable::plug_in() {
    std::filesystem::create_symlink(terminal_, link_);
}

rpc::Client::Stream SerialCable::host_end(asio::io_context& loop) {
    rpc::Client::Stream ours(loop), theirs(loop);
    asio::local::connect_pair(ours, theirs);
    const std::lock_guard guard(host_lock_);
    if (host_ >= 0) {
        ::close(host_);
    }
    host_ = ::dup(ours.native_handle());
    ::fcntl(host_, F_SETFD, FD_CLOEXEC);
    return theirs;
}

void SerialCable::say_to_guest(const std::string& bytes) {
    write_all(guest_, bytes.data(), bytes.size(), is_over_);
}

void SerialCable::say_to_host(const std::string& bytes) {
    const std::lock_guard guard(host_lock_);
    write_all(host_, bytes.data(), bytes.size(), is_over_);
}

void SerialCable::carry_to_host() {
    std::array<char, 4096> bytes;
    const ssize_t count = ::read(guest_, bytes.data(), bytes.size());
    if (count > 0) {
        guest_bytes_ += static_cast<std::size_t>(count);
        const std::lock_guard guard(host_lock_);
        if (host_ >= 0) {  // What is said to nobody is lost, as on any line.
            write_all(host_, bytes.data(), static_cast<std::size_t>(count), is_over_);
        }
    }
}

void SerialCable::carry_to_guest(int host) {
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(host, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
        write_all(guest_, bytes.data(), static_cast<std::size_t>(count), is_over_);
    } else if (count == 0) {  // Closed: a new one may come.
        const std::lock_guard guard(host_lock_);
        if (host_ == host) {
            ::close(host_);
            host_ = -1;
        }
    }
}

void SerialCable::carry() {
    while (!is_over_) {
        int host = -1;
        {
            const std::lock_guard guard(host_lock_);
            host = host_;
        }
        std::array<pollfd, 2> ends{pollfd{held_ ? -1 : guest_, POLLIN, 0}, pollfd{host, POLLIN, 0}};
        if (::poll(ends.data(), ends.size(), kLookMs) <= 0) {
            continue;
        }
        if (ends[0].revents != 0) {
            carry_to_host();
        }
        if (ends[1].revents != 0) {
            carry_to_guest(host);
        }
    }
}

}  // namespace rundown::integration
