// SPDX-License-Identifier: MIT
// Which bytes of an image are hashed, on images of a few bytes.
#include "package/catalog/authenticode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace catalog {
namespace {

using File = std::vector<std::uint8_t>;

void put(File& file, std::size_t at, std::uint32_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i)
        file.at(at + i) = static_cast<std::uint8_t>(value >> 8 * i);
}

constexpr std::size_t kPe = 0x40, kOptional = kPe + 24, kHeaders = 0x200;
constexpr std::size_t kChecksum = kOptional + 64, kSecurity = kOptional + 112 + 32;

/// A PE32+ image of headers, one section of 0x100 bytes and `certificates` bytes behind it.
File image(std::size_t certificates = 0, std::size_t between = 0) {
    File file(kHeaders + 0x100 + between + certificates, 0x55);
    std::fill(file.begin(), file.begin() + kHeaders, 0);
    put(file, 0, 0x5A4D, 2);
    put(file, 0x3C, kPe, 4);
    put(file, kPe, 0x4550, 4);
    put(file, kPe + 4 + 2, 1, 2);     // Sections.
    put(file, kPe + 4 + 16, 240, 2);  // Optional header.
    put(file, kOptional, 0x20B, 2);
    put(file, kOptional + 60, kHeaders, 4);
    put(file, kOptional + 108, 16, 4);  // Directories.
    if (certificates != 0) {
        put(file, kSecurity, static_cast<std::uint32_t>(kHeaders + 0x100 + between), 4);
        put(file, kSecurity + 4, static_cast<std::uint32_t>(certificates), 4);
    }
    put(file, kOptional + 240 + 16, 0x100, 4);
    put(file, kOptional + 240 + 20, kHeaders, 4);
    return file;
}

File joined(const HashedBytes& hashed) {
    File all;
    for (const auto& range : hashed.ranges)
        all.insert(all.end(), range.begin(), range.end());
    return all;
}

std::string complaint(const File& file) {
    try {
        hashed_bytes(file);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "none";
}

TEST(Authenticode, OfAFlatFileEveryByte) {
    const File text = {'[', 'V', 'e', 'r'};
    EXPECT_EQ(hashed_bytes(text).kind, FileKind::Flat);
    EXPECT_EQ(joined(hashed_bytes(text)), text);
}

TEST(Authenticode, SigningDoesNotChangeWhatIsHashed) {
    File plain = image(), with = image(64);
    put(with, kChecksum, 0x12345678, 4);
    EXPECT_EQ(hashed_bytes(plain).kind, FileKind::PeImage);
    EXPECT_EQ(joined(hashed_bytes(plain)), joined(hashed_bytes(with)));
    EXPECT_EQ(joined(hashed_bytes(plain)).size(), plain.size() - 4 - 8);
}

TEST(Authenticode, EveryOtherByteCounts) {
    const File file = image(64, 8);
    const File before = joined(hashed_bytes(file));
    for (std::size_t at = kOptional + 240 + 40; at < file.size(); ++at) {
        File changed = file;
        changed[at] ^= 1;
        EXPECT_EQ(joined(hashed_bytes(changed)) != before, at < file.size() - 64) << at;
    }
}

TEST(Authenticode, ImagesThatContradictThemselvesAreRefused) {
    EXPECT_EQ(complaint(image(64)), "none");
    File file = image(64);
    put(file, kSecurity + 4, 60, 4);
    EXPECT_EQ(complaint(file), "the certificate table does not end the image");
    file = image(64);
    put(file, kSecurity, 0xFFFFFFFF, 4);
    EXPECT_EQ(complaint(file), "the certificate table does not end the image");
    file = image();
    put(file, kOptional + 240 + 16, 0x7FFFFFFF, 4);
    EXPECT_EQ(complaint(file), "the image's headers contradict each other");
    file = image();
    put(file, kOptional + 240 + 20, 0x10, 4);
    EXPECT_EQ(complaint(file), "the image's sections overlap");
    file = image();
    put(file, kOptional, 0x107, 2);
    EXPECT_EQ(complaint(file), "the optional header is of no known kind");
    file = image();
    put(file, 0x3C, 0xFFFFFFF0, 4);
    EXPECT_EQ(complaint(file), "the image ends within its headers");
    file = image();
    put(file, kPe, 0, 4);
    EXPECT_EQ(complaint(file), "it begins as an image, and has no PE header");
    file = image();
    put(file, kOptional + 108, 4, 4);
    EXPECT_EQ(complaint(file), "the image has no entry for certificates");
    file = image();
    put(file, kOptional + 60, 0x7FFFFFFF, 4);
    EXPECT_EQ(complaint(file), "the image's headers contradict each other");
}

TEST(Authenticode, AnImageCutAnywhereIsRefusedOrHashedWithinItself) {
    const File whole = image(64);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const File cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        try {
            EXPECT_LE(joined(hashed_bytes(cut)).size(), cut.size());
        } catch (const std::runtime_error&) {
        }
    }
}

}  // namespace
}  // namespace catalog
