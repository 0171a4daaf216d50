// SPDX-License-Identifier: MIT
#include "integration/support/small_machine.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace rundown::integration {
namespace {

/// Mounts of this process from here on are its own.
bool own_mounts() {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool limit(int what, std::uint64_t bytes) {
    const rlimit wanted{bytes, bytes};
    return ::setrlimit(static_cast<__rlimit_resource>(what), &wanted) == 0;
}

bool loopback_up() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool up = fd >= 0 && ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    ::close(fd);
    return up;
}

/// Kept open, on purpose, by whatever this process becomes.
bool occupy(unsigned port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
           ::listen(fd, 1) == 0;
}

}  // namespace

Preparation with_disk(std::string directory, std::string size) {
    return [directory = std::move(directory), options = "size=" + size] {
        return own_mounts() &&
               ::mount("rundown-test", directory.c_str(), "tmpfs", 0, options.c_str()) == 0;
    };
}

Preparation with_file_size_limit(std::uint64_t bytes) {
    return [bytes] { return limit(RLIMIT_FSIZE, bytes); };
}

Preparation with_address_space(std::uint64_t bytes) {
    return [bytes] { return limit(RLIMIT_AS, bytes); };
}

Preparation with_few_ports(unsigned first, unsigned last) {
    return [first, last] {
        if (::unshare(CLONE_NEWNET) != 0 || !loopback_up()) {
            return false;
        }
        std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
        range << first << " " << last << std::flush;
        for (unsigned port = first; range && port <= last; ++port) {
            if (!occupy(port)) {
                return false;
            }
        }
        return static_cast<bool>(range);
    };
}

Preparation with_closed_streams(std::vector<int> streams) {
    return [streams = std::move(streams)] {
        for (const int stream : streams) {
            ::close(stream);
        }
        return true;
    };
}

Preparation with_ignored_signal(int number) {
    return [number] { return std::signal(number, SIG_IGN) != SIG_ERR; };
}

bool can_make_namespaces() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(own_mounts() && ::unshare(CLONE_NEWNET) == 0 ? 0 : 1);
    }
    int status = 1;
    ::waitpid(pid, &status, 0);
    return status == 0;
}

void fill_disk_of(pid_t pid, const std::string& directory) {
    const std::string path = "/proc/" + std::to_string(pid) + "/root" + directory + "/filler";
    const int filler = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(filler, block.data(), block.size()) > 0) {
    }
    ::close(filler);
}

}  // namespace rundown::integration
