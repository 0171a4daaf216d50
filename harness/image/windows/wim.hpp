// SPDX-License-Identifier: MIT
// image/windows/wim.hpp
//
// What the images of a WIM file (install.wim, .esd, the first .swm) are: its header says where its
// description stands, an uncompressed XML document. So a few kilobytes of the medium are read, not
// the gigabytes in front of them. Layout: Microsoft's "Windows Imaging File Format (WIM)". Pure;
// the bytes are trusted in nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/manifest.hpp"

namespace rundown::image::windows {

inline constexpr std::size_t kWimHeaderBytes = 208;
inline constexpr std::uint64_t kWimXmlBytesMax = 16 << 20;

/// Where the description stands in the file.
struct WimXmlPlace {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t images = 0;
};

struct WimImage {
    std::uint32_t index = 0;  // From 1; what an answer file names as /IMAGE/INDEX.
    std::string name;         // "Windows 10 Pro"
    std::string edition_id;   // "Professional"
    Arch arch = Arch::invalid;
    bool server = false;
    bool core = false;        // A server without desktop.
    bool evaluation = false;  // Needs no key, and stops after some months.
    std::uint32_t version_major = 0;
    std::uint32_t version_minor = 0;
    std::uint32_t build = 0;
    std::uint32_t update = 0;            // The build's own: 10.0.19045.<update>.
    std::vector<std::string> languages;  // The default one first.
};

/// Reads the first kWimHeaderBytes of a WIM. Errors, as "<file> ...": no WIM, a later part of a
/// split one, an encrypted ESD, a description that lies outside the file's `file_bytes`.
result<WimXmlPlace> wim_xml_place(
    std::string_view header, std::uint64_t file_bytes, const std::string& file
);

/// Reads the description (UTF-16 with a byte order mark, as in the file). Images that hold no
/// Windows (setup media, WinPE) are left out. Errors: not XML, no image.
result<std::vector<WimImage>> parse_wim_xml(std::string_view xml, const std::string& file);

/// "3: Windows 10 Pro (Professional, amd64, en-US)", as in lists of what there is.
std::string to_text(const WimImage& image);

/// The image a person means by `wanted`: its name or EDITIONID, in any case of letters; the only
/// one when `wanted` is empty. Refused, with a list of those there are: no such image, several
/// that fit. Of several with one EDITIONID (a server with and without desktop), the one with
/// desktop is meant.
result<WimImage> choose_edition(
    const std::vector<WimImage>& images, const std::string& wanted, const std::string& file
);

}  // namespace rundown::image::windows
