// SPDX-License-Identifier: MIT
// image/reference_disk.hpp
//
// The reference guest's disk, laid out as its loader reads it
// (guest-images/reference/diskboot/disk_layout.hpp). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace rundown::image {

struct ReferenceDiskParts {
    std::string loader;        // diskboot.bin: boot record and second stage.
    std::string kernel;        // boot.elf
    std::string initrd;        // initrd.tar
    std::string command_line;  // Used when QEMU was given none (fw_cfg opt/rundown/cmdline).
};

/// The disk's bytes, a multiple of 1 MiB. Error (environment): a loader that cannot be one.
result<std::string> lay_out_reference_disk(const ReferenceDiskParts& parts);

}  // namespace rundown::image
