// SPDX-License-Identifier: MIT
// image/media/recognise.cpp
//
// CD image or not, and which of its file systems to read.
#include <fmt/format.h>

#include "image/media/media_reader.hpp"
#include "image/room_io.hpp"

namespace rundown::image {
namespace {

struct Look {
    std::size_t offset;
    std::string_view bytes;
    std::string_view what;
};

constexpr Look kLooks[] = {
    {0, std::string_view("PK\x03\x04", 4), "a ZIP archive: unpack it"},
    {0, std::string_view("7z\xbc\xaf\x27\x1c", 6), "a 7z archive: unpack it"},
    {0, std::string_view("\x1f\x8b", 2), "a gzip file: unpack it"},
    {0, std::string_view("BZh", 3), "a bzip2 file: unpack it"},
    {0,
     std::string_view(
         "\xfd"
         "7zXZ",
         5
     ),
     "an xz file: unpack it"},
    {0, std::string_view("Rar!", 4), "a RAR archive: unpack it"},
    {0, std::string_view("QFI\xfb", 4), "a qcow2 disk: disks are given with --disk"},
    {0, std::string_view("KDMV", 4), "a VMDK disk: disks are given with --disk"},
    {0, std::string_view("vhdxfile", 8), "a VHDX disk: disks are given with --disk"},
    {0, std::string_view("conectix", 8), "a VHD disk: disks are given with --disk"},
    {0, std::string_view("MSWIM\0\0\0", 8), "a WIM file: give the ISO it came on"},
    {0, std::string_view("MZ", 2), "a program"},
    {0, std::string_view("<", 1), "a web page: the download did not work"},
    {510,
     std::string_view("\x55\xaa", 2),
     "a disk with a boot sector: disks are given with --disk"},
};

std::string look_of(const ByteSource& source) {
    if (source.bytes() == 0) {
        return "it is empty";
    }
    for (const auto& look : kLooks) {
        if (source.holds(look.offset, look.bytes.size())) {
            const auto bytes = source.read_text(look.offset, look.bytes.size());
            if (bytes && *bytes == look.bytes) {
                return fmt::format("it looks like {}", look.what);
            }
        }
    }
    return "it has neither an ISO 9660 nor a UDF file system";
}

/// A download that broke off has the right beginning.
result<void> check_length(const ByteSource& source, const std::string& primary) {
    const std::uint64_t needed = std::uint64_t{le32(primary, 80)} * kSector;
    if (needed <= source.bytes()) {
        return {};
    }
    return fail(
        ErrorKind::environment,
        fmt::format(
            "{} is cut short: it has {} of {}",
            source.name(),
            size_text(source.bytes()),
            size_text(needed)
        )
    );
}

}  // namespace

result<void> MediaImage::Reader::open() {
    auto found = read_volume_descriptors(*source);
    if (!found) {
        return found.error();
    }
    descriptors = std::move(*found);
    if (!descriptors.udf && !descriptors.primary) {
        return fail(
            ErrorKind::environment,
            fmt::format("{} is not a CD image: {}", source->name(), look_of(*source))
        );
    }
    if (descriptors.primary) {
        RUNDOWN_TRY(check_length(*source, *descriptors.primary));
    }
    // Windows media keep no more than a note in their ISO 9660 part; so UDF first.
    auto opened = descriptors.udf      ? open_udf(*source)
                  : descriptors.joliet ? open_iso9660(*source, *descriptors.joliet, true)
                                       : open_iso9660(*source, *descriptors.primary, false);
    if (!opened) {
        return opened.error();
    }
    file_system = std::move(*opened);
    return {};
}

}  // namespace rundown::image
