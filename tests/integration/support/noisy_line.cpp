// SPDX-License-Identifier: MIT
#include "integration/support/noisy_line.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <thread>

#include "guest/places.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBurstBytes = 3;  // In the middle of a frame, not all of it.
constexpr auto kPatience = std::chrono::seconds(20);

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

/// The socket the program listens on, as soon as it is there.
std::string await_serial_socket(pid_t program) {
    const std::string runtime = guest::Places::of_this_process().runtime;
    const std::string prefix = std::to_string(program) + "-";
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
        std::error_code none;
        for (fs::directory_iterator at(runtime, none); !none && at != fs::directory_iterator();
             at.increment(none)) {
            const fs::path socket = at->path() / "serial-1";
            if (at->path().filename().string().starts_with(prefix) && fs::exists(socket, none)) {
                return socket.string();
            }
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return {};
}

int listen_at(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(fd, where, sizeof address) != 0 || ::listen(fd, 1) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

int connect_to(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

bool write_all(int fd, const char* bytes, std::size_t count) {
    while (count > 0) {
        const ssize_t written = ::send(fd, bytes, count, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
    return true;
}

}  // namespace

void NoisyLine::stand_between(pid_t program) {
    const std::string socket = await_serial_socket(program);
    const std::string behind = socket + ".real";
    std::error_code failed;
    fs::rename(socket, behind, failed);
    if (socket.empty() || failed) {
        return;
    }
    const int listener = listen_at(socket);
    pollfd waiting{listener, POLLIN, 0};
    if (listener >= 0 && ::poll(&waiting, 1, 20000) == 1) {
        const int guest = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const int harness = connect_to(behind);
        stood_ = guest >= 0 && harness >= 0;
        if (stood_) {
            carry(guest, harness);
        }
        ::close(guest);
        ::close(harness);
    }
    ::close(listener);
    fs::remove(behind, failed);
}

void NoisyLine::carry(int guest, int harness) {
    std::array<char, 4096> bytes;
    for (;;) {
        std::array<pollfd, 2> ends{pollfd{guest, POLLIN, 0}, pollfd{harness, POLLIN, 0}};
        if (::poll(ends.data(), ends.size(), -1) < 0) {
            return;
        }
        for (std::size_t from = 0; from < ends.size(); ++from) {
            if (ends[from].revents == 0) {
                continue;
            }
            const ssize_t count = ::read(ends[from].fd, bytes.data(), bytes.size());
            if (count <= 0) {
                return;
            }
            if (from == 0) {
                destroy(bytes.data(), static_cast<std::size_t>(count));
            }
            if (!write_all(ends[1 - from].fd, bytes.data(), static_cast<std::size_t>(count))) {
                return;
            }
        }
    }
}

void NoisyLine::destroy(char* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, ++seen_) {
        const bool begun = seen_ >= after_;
        if (begun && (noise_ == Noise::for_ever || destroyed_ < kBurstBytes)) {
            bytes[i] = static_cast<char>(bytes[i] ^ 0x5A);
            ++destroyed_;
        }
    }
}

}  // namespace rundown::integration
