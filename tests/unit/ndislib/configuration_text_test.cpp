// SPDX-License-Identifier: MIT
// tests/unit/ndislib/configuration_text_test.cpp: numbers and addresses in registry text.
#include "guest-images/reference/ndis/lib/configuration_text.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace {

struct Number {
    bool good;
    uint32_t value;
};

Number number(std::u16string_view text, unsigned base = 10) {
    uint32_t value = 0;
    const bool good = ndis::parse_number(text.data(), text.size(), base, &value);
    return {good, value};
}

TEST(ConfigurationText, NumbersInBothBases) {
    EXPECT_EQ(number(u"128").value, 128u);
    EXPECT_EQ(number(u" 7 ").value, 7u);
    EXPECT_EQ(number(u"-1").value, 0xFFFFFFFFu);
    EXPECT_EQ(number(u"0x1F").value, 31u);
    EXPECT_EQ(number(u"1f", 16).value, 31u);
    EXPECT_EQ(number(u"4294967295").value, 0xFFFFFFFFu);
    EXPECT_TRUE(number(std::u16string_view(u"12\0", 3)).good) << "the terminator is in the data";
}

TEST(ConfigurationText, WhatIsNoNumberIsRefused) {
    for (const std::u16string_view text : {u"", u" ", u"-", u"0x", u"12a", u"1 2", u"4294967296"}) {
        EXPECT_FALSE(number(text).good);
    }
}

std::vector<uint8_t> address(std::u16string_view text) {
    uint8_t bytes[8];
    const size_t count = ndis::parse_network_address(text.data(), text.size(), bytes, sizeof bytes);
    return {bytes, bytes + count};
}

TEST(ConfigurationText, NetworkAddresses) {
    const std::vector<uint8_t> expected{0x02, 0x00, 0x5e, 0xab, 0xcd, 0xef};
    EXPECT_EQ(address(u"02005EABCDEF"), expected);
    EXPECT_EQ(address(u"02-00-5e-ab-cd-ef"), expected);
    EXPECT_EQ(address(u"02:00:5e:ab:cd:ef"), expected);
}

TEST(ConfigurationText, BrokenNetworkAddressesAreRefused) {
    for (const std::u16string_view text :
         {u"",
          u"0",
          u"02005EABCDE",
          u"02 00",
          u"0g",
          u"02-",
          u"-02",
          u"02--00",
          u"000102030405060708"}) {
        EXPECT_TRUE(address(text).empty());
    }
}

}  // namespace
