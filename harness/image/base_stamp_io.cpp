// SPDX-License-Identifier: MIT
#include "image/base_stamp_io.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "guest/text_file_io.hpp"
#include "image/hash_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/room_io.hpp"

namespace rundown::image {
namespace {

std::string stamp_path(const std::string& directory) {
    return directory + "/verified";
}

std::string stamp_of(const struct stat& status, const BaseFile& base) {
    return fmt::format(
        "rundown-verified 1\n{} {} {} {}.{:09} {}.{:09}\n",
        base.sha256,
        status.st_size,
        status.st_ino,
        status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec,
        status.st_ctim.tv_sec,
        status.st_ctim.tv_nsec
    );
}

Error damaged(const std::string& path, const std::string& how) {
    return fail(
        ErrorKind::environment,
        fmt::format("{} is not the disk that was added to the store: {}; build it again", path, how)
    );
}

/// Size and qcow2 header: a look that costs nothing.
result<void> check_shape(const std::string& path, const struct stat& status, const BaseFile& base) {
    if (static_cast<std::uint64_t>(status.st_size) != base.bytes) {
        return damaged(path, fmt::format("it has {} bytes and had {}", status.st_size, base.bytes));
    }
    const auto header = read_qcow2_header(path);
    if (!header) {
        return damaged(path, header.error().sentence);
    }
    if (header->virtual_bytes != base.virtual_bytes || header->has_backing_file ||
        header->corrupt) {
        return damaged(path, "its qcow2 header has changed");
    }
    return {};
}

}  // namespace

result<void> check_base(
    const std::string& directory, const Manifest& manifest, bool thorough, const Watch& watch
) {
    const std::string path = directory + "/" + manifest.base.file;
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0) {
        return damaged(path, errno == ENOENT ? "it is gone" : std::strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return damaged(path, "it is not a file");
    }
    RUNDOWN_TRY(check_shape(path, status, manifest.base));
    const std::string stamp = stamp_of(status, manifest.base);
    if (!thorough && guest::read_text_file(stamp_path(directory)) == stamp) {
        return {};
    }
    if (watch.status) {
        watch.status(fmt::format("hashing {} ({})", path, size_text(manifest.base.bytes)));
    }
    const auto hash = sha256_of_file(path, watch);
    if (!hash) {
        return hash.error();
    }
    if (*hash != manifest.base.sha256) {
        return damaged(path, fmt::format("its SHA-256 is {}", *hash));
    }
    guest::replace_text_file(stamp_path(directory), stamp);
    return {};
}

void stamp_base(const std::string& directory, const BaseFile& base) {
    struct stat status = {};
    if (::lstat((directory + "/" + base.file).c_str(), &status) == 0) {
        guest::replace_text_file(stamp_path(directory), stamp_of(status, base));
    }
}

}  // namespace rundown::image
