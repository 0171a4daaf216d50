// SPDX-License-Identifier: MIT
// integration/support/made_media.hpp
//
// CD images made for tests, by the programs real media are made with: small, but with everything
// that tells whose they are.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rundown::integration {

/// Paths and contents. A path that ends with '/' is a directory.
using MediaFiles = std::vector<std::pair<std::string, std::string>>;

enum class MediaMaker {
    iso9660,     // genisoimage: plain ISO 9660.
    joliet,      // genisoimage -J.
    udf_bridge,  // genisoimage -udf: UDF and ISO 9660 over the same files.
    xorriso,     // xorriso's own; Joliet.
};

struct MadeMedia {
    MediaMaker maker = MediaMaker::joliet;
    std::string volume_id = "TESTCD";
    bool boot_bios = true;  // With an El Torito entry.
    bool boot_uefi = false;
    MediaFiles files;
};

/// Makes the image file `path`. Fails the test (and gives back false) when the program does.
bool make_media(const MadeMedia& media, const std::string& path);

/// A PE file's head for that processor (0x14C, 0x8664), with a ProductVersion behind it.
std::string pe_file(unsigned machine, const std::string& product_version);

/// What tells media of these systems.
MediaFiles reactos_files(unsigned machine = 0x14C, const std::string& version = "0.4.16-x86-dev");
MediaFiles windows_xp_files();
MediaFiles windows_10_files();

}  // namespace rundown::integration
