// SPDX-License-Identifier: MIT
// The hash and the checksum against published values (FIPS 180-4's examples; CRC-32's check value).
#include "agent/core/sha256.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/core/crc32.hpp"

namespace rundown::agent {
namespace {

const std::uint8_t* bytes_of(const std::string& text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string hash(const std::string& text) {
    std::uint8_t digest[kSha256Bytes];
    sha256(bytes_of(text), text.size(), digest);
    std::string hex;
    for (const std::uint8_t byte : digest) {
        hex += fmt::format("{:02x}", byte);
    }
    return hex;
}

TEST(Sha256, PublishedExamples) {
    EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(
        hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    );
    EXPECT_EQ(
        hash(std::string(1000000, 'a')),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
}

TEST(Sha256, EveryLengthAroundABlockPadsDifferently) {
    std::string seen;
    for (std::size_t length = 50; length < 130; ++length) {
        const std::string one = hash(std::string(length, 'x'));
        EXPECT_EQ(seen.find(one), std::string::npos) << length;
        seen += one;
    }
}

TEST(Crc32, CheckValue) {
    const std::string text = "123456789";
    EXPECT_EQ(crc32(bytes_of(text), text.size()), 0xCBF43926u);
    EXPECT_EQ(crc32(nullptr, 0), 0u);
}

}  // namespace
}  // namespace rundown::agent
