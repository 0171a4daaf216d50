// SPDX-License-Identifier: MIT
#include "run/trace_window_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace rundown::run {

result<TraceWindow> TraceWindow::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status = {};
    void* memory = MAP_FAILED;
    if (fd >= 0 && ::fstat(fd, &status) == 0) {
        const auto bytes = static_cast<std::size_t>(status.st_size);
        memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    }
    const int error = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    if (memory == MAP_FAILED) {
        return fail(
            ErrorKind::environment,
            fmt::format("cannot map the trace window {}: {}", path, std::strerror(error))
        );
    }
    TraceWindow window;
    window.bytes_ = {
        static_cast<const std::byte*>(memory), static_cast<std::size_t>(status.st_size)};
    return window;
}

TraceWindow::TraceWindow(TraceWindow&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

TraceWindow& TraceWindow::operator=(TraceWindow&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

TraceWindow::~TraceWindow() {
    if (!bytes_.empty()) {
        ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
}

}  // namespace rundown::run
