// SPDX-License-Identifier: MIT
// catalog/authenticode.cpp
#include "package/catalog/authenticode.hpp"

#include <algorithm>
#include <stdexcept>

namespace catalog
{
namespace
{

constexpr size_t kNewHeaderAt = 0x3c, kFileHeaderBytes = 20, kSectionBytes = 40;
constexpr size_t kChecksumAt = 64, kHeaderBytesAt = 60; // Of the optional header.
constexpr size_t kDirectories32At = 96, kDirectories64At = 112;
constexpr uint32_t kSecurityDirectory = 4;
constexpr uint16_t kPe32 = 0x10b, kPe32Plus = 0x20b;

struct Reader {
    std::span<const uint8_t> file;

    uint32_t number(size_t at, size_t bytes) const
    {
        if (at > file.size() || file.size() - at < bytes) {
            throw std::runtime_error("the image ends within its headers");
        }
        uint32_t value = 0;
        for (size_t i = 0; i < bytes; ++i) {
            value |= static_cast<uint32_t>(file[at + i]) << 8 * i;
        }
        return value;
    }
    uint16_t half(size_t at) const
    {
        return static_cast<uint16_t>(number(at, 2));
    }
    uint32_t word(size_t at) const
    {
        return number(at, 4);
    }
};

struct Section {
    uint32_t at;
    uint32_t bytes;
};

/// Where the things are that are left out.
struct Layout {
    size_t checksum;
    size_t security_entry;
    size_t headers_end;
    size_t certificates; ///< The file's end when there are none.
    std::vector<Section> sections;
};

std::vector<Section>
read_sections(const Reader &image, size_t table, uint16_t count)
{
    std::vector<Section> sections;

    for (uint16_t i = 0; i < count; ++i) {
        const size_t entry = table + i * kSectionBytes;
        const Section section = {image.word(entry + 20), image.word(entry + 16)};

        if (section.bytes != 0) {
            sections.push_back(section);
        }
    }
    std::sort(sections.begin(), sections.end(), [](const Section &a, const Section &b) {
        return a.at < b.at;
    });
    return sections;
}

size_t
certificates_begin(const Reader &image, size_t entry)
{
    const uint32_t at = image.word(entry), bytes = image.word(entry + 4);

    if (bytes == 0) {
        return image.file.size();
    }
    if (at > image.file.size() || image.file.size() - at != bytes) {
        throw std::runtime_error("the certificate table does not end the image");
    }
    return at;
}

Layout
read_layout(const Reader &image, size_t signature)
{
    const size_t file_header = signature + 4, optional = file_header + kFileHeaderBytes;
    const uint16_t magic = image.half(optional);

    if (magic != kPe32 && magic != kPe32Plus) {
        throw std::runtime_error("the optional header is of no known kind");
    }

    const size_t directories = optional + (magic == kPe32 ? kDirectories32At : kDirectories64At);
    const size_t table = optional + image.half(file_header + 16);

    if (image.word(directories - 4) <= kSecurityDirectory) {
        throw std::runtime_error("the image has no entry for certificates");
    }

    const size_t entry = directories + 8 * kSecurityDirectory;

    return {
        optional + kChecksumAt,
        entry,
        image.word(optional + kHeaderBytesAt),
        certificates_begin(image, entry),
        read_sections(image, table, image.half(file_header + 2))};
}

/// Headers, sections by their place in the file, and what follows them up to the certificates.
std::vector<std::span<const uint8_t>>
ranges_of(std::span<const uint8_t> file, const Layout &layout)
{
    std::vector<std::span<const uint8_t>> ranges;
    size_t done = layout.headers_end;
    const auto add = [&](size_t from, size_t to) {
        if (from > to || to > layout.certificates) {
            throw std::runtime_error("the image's headers contradict each other");
        }
        if (from != to) {
            ranges.push_back(file.subspan(from, to - from));
        }
    };

    add(0, layout.checksum);
    add(layout.checksum + 4, layout.security_entry);
    add(layout.security_entry + 8, layout.headers_end);
    for (const Section &section : layout.sections) {
        if (section.at < done) {
            throw std::runtime_error("the image's sections overlap");
        }
        add(section.at, static_cast<size_t>(section.at) + section.bytes);
        done = static_cast<size_t>(section.at) + section.bytes;
    }
    add(done, layout.certificates);
    return ranges;
}

} // namespace

HashedBytes
hashed_bytes(std::span<const uint8_t> file)
{
    const Reader reader{file};

    if (file.size() < kNewHeaderAt + 4 || reader.half(0) != 0x5a4d) {
        return {FileKind::Flat, {file}};
    }

    const size_t signature = reader.word(kNewHeaderAt);

    if (reader.word(signature) != 0x4550) {
        throw std::runtime_error("it begins as an image, and has no PE header");
    }
    return {FileKind::PeImage, ranges_of(file, read_layout(reader, signature))};
}

} // namespace catalog
