// SPDX-License-Identifier: MIT
// DER against encodings of X.690 and of real certificates.
#include "package/catalog/der.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace catalog {
namespace {

TEST(Der, LengthsAreAsShortAsTheyCanBe) {
    EXPECT_EQ(der::octets(Bytes(3, 1)), (Bytes{0x04, 3, 1, 1, 1}));
    EXPECT_EQ(der::octets(Bytes(127, 0))[1], 127);
    EXPECT_EQ(der::octets(Bytes(128, 0))[1], 0x81);
    EXPECT_EQ(der::octets(Bytes(128, 0))[2], 128);
    const Bytes long_one = der::octets(Bytes(300, 0));
    EXPECT_EQ(Bytes(long_one.begin(), long_one.begin() + 4), (Bytes{0x04, 0x82, 0x01, 0x2C}));
    EXPECT_EQ(der::contents(long_one).size(), 300u);
    EXPECT_EQ(der::contents(der::octets(Bytes(127, 0))).size(), 127u);
}

TEST(Der, IntegersArePositiveAndMinimal) {
    EXPECT_EQ(der::integer(0), (Bytes{0x02, 1, 0}));
    EXPECT_EQ(der::integer(127), (Bytes{0x02, 1, 0x7F}));
    EXPECT_EQ(der::integer(128), (Bytes{0x02, 2, 0, 0x80}));
    EXPECT_EQ(der::integer(0x10010001), (Bytes{0x02, 4, 0x10, 0x01, 0x00, 0x01}));
}

TEST(Der, ObjectIdentifiers) {
    EXPECT_EQ(der::oid("1.2.840.113549"), (Bytes{0x06, 6, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D}));
    EXPECT_EQ(
        der::oid("1.3.6.1.4.1.311.10.1"),
        (Bytes{0x06, 9, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0A, 0x01})
    );
    EXPECT_EQ(der::oid("2.16.840"), (Bytes{0x06, 3, 0x60, 0x86, 0x48}));
    for (const char* wrong : {"", "1", "3.1", "1.40", "1.x", "1.2x"})
        EXPECT_THROW(der::oid(wrong), std::invalid_argument) << wrong;
}

TEST(Der, SetsAreSortedByEncoding) {
    EXPECT_EQ(
        der::set_of({der::integer(300), der::integer(2), der::null()}),
        (Bytes{0x31, 9, 0x02, 1, 2, 0x02, 2, 0x01, 0x2C, 0x05, 0})
    );
}

TEST(Der, Times) {
    const Bytes time = der::utc_time(1574596800);  // 2019-11-24 12:00:00
    EXPECT_EQ(std::string(time.begin() + 2, time.end()), "191124120000Z");
}

TEST(Der, Strings) {
    EXPECT_EQ(der::bmp_string("OS"), (Bytes{0x1E, 4, 0, 'O', 0, 'S'}));
    EXPECT_EQ(utf16("a", true), (Bytes{'a', 0, 0, 0}));
    EXPECT_EQ(utf16("a", false), (Bytes{'a', 0}));
}

}  // namespace
}  // namespace catalog
