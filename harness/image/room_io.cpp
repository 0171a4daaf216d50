// SPDX-License-Identifier: MIT
#include "image/room_io.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file_io.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

result<void> check_room(const std::string& directory, std::uint64_t bytes_needed) {
    const std::string mount = mount_point_of(directory);
    struct statvfs room = {};
    if (::statvfs(mount.c_str(), &room) != 0) {
        return fail(
            ErrorKind::environment,
            fmt::format("cannot tell how much room {} has: {}", mount, std::strerror(errno))
        );
    }
    const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
    if (free >= bytes_needed) {
        return {};
    }
    return fail(
        ErrorKind::environment,
        fmt::format(
            "{} is needed in {} and the disk mounted at {} has {} free",
            size_text(bytes_needed),
            directory,
            mount,
            size_text(free)
        )
    );
}

std::string size_text(std::uint64_t bytes) {
    constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        return fmt::format("{} bytes", bytes);
    }
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(kUnits)) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::uint64_t bytes_on_disk(const std::string& directory) {
    constexpr std::uint64_t kStatBlock = 512;  // What st_blocks counts, whatever the disk's own.
    std::uint64_t bytes = 0;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
        struct stat status = {};
        if (::lstat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
            bytes += static_cast<std::uint64_t>(status.st_blocks) * kStatBlock;
        }
    }
    return bytes;
}

}  // namespace rundown::image
