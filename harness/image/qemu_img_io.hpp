// SPDX-License-Identifier: MIT
// image/qemu_img_io.hpp
//
// Disk image files, by qemu-img. Blocking.
#pragma once

#include <cstdint>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/qcow2_header.hpp"
#include "image/store.hpp"

namespace rundown::image {

/// Reads a file's qcow2 header. Errors: environment.
result<Qcow2Header> read_qcow2_header(const std::string& path);

/// A new, empty qcow2 disk.
result<void> create_disk(const std::string& path, std::uint64_t bytes, Deadline deadline);

/// A new qcow2 overlay of a qcow2 file, which is named in it by its absolute path.
result<void> create_overlay(const std::string& base, const std::string& path, Deadline deadline);

/// Copies a disk into a new qcow2 file without holes or backing file, compressed on demand.
/// `format`: of the source, qcow2 or raw; never guessed, as a guest could have written a header.
result<void> convert_disk(
    const std::string& from,
    const std::string& format,
    const std::string& to,
    bool compressed,
    Deadline deadline,
    const Watch& watch = {}
);

/// `qemu-img check`: an empty text when the file is whole, else what is wrong with it.
result<std::string> check_disk(const std::string& path, Deadline deadline, const Watch& watch = {});

}  // namespace rundown::image
