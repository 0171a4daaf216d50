// SPDX-License-Identifier: MIT
#include "lib/pci_window.hpp"

#include <gtest/gtest.h>

namespace rundown {
namespace {

constexpr std::uint64_t kFourGigabytes = 1ull << 32;

PciHeader window(std::uint32_t bar_low, std::uint32_t bar_high = 0, std::uint8_t command = 2) {
    PciHeader header{};
    const auto put = [&](std::uint32_t at, std::uint32_t value, std::uint32_t bytes) {
        for (std::uint32_t i = 0; i < bytes; ++i)
            header.Data[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
    };
    put(0, 0x1AF4, 2);
    put(2, 0x1110, 2);
    put(4, command, 2);
    put(0x18, bar_low, 4);
    put(0x1C, bar_high, 4);
    return header;
}

TEST(PciWindow, IsKnownByItsNumbers) {
    PciHeader header = window(0xFE00000C);
    EXPECT_TRUE(header.IsPresent());
    EXPECT_TRUE(header.IsWindow());
    EXPECT_TRUE(header.DecodesMemory());
    EXPECT_FALSE(window(0xFE00000C, 0, 1).DecodesMemory());
    header.Data[2] = 0x00;
    EXPECT_FALSE(header.IsWindow());
    header.Data[0] = header.Data[1] = 0xFF;
    EXPECT_FALSE(header.IsPresent());
}

TEST(PciWindow, LiesWhereBar2Says) {
    const WindowPlace low = PlaceOfWindow(window(0xFE000008), 0x100000, ~0ull);
    EXPECT_EQ(low.Verdict, RD_P5_WINDOW_FOUND);
    EXPECT_EQ(low.Base, 0xFE000000u);
    // 64 bits wide, in two registers.
    const WindowPlace high = PlaceOfWindow(window(0xC000000C, 0x12), 0x100000, ~0ull);
    EXPECT_EQ(high.Verdict, RD_P5_WINDOW_FOUND);
    EXPECT_EQ(high.Base, 0x12C0000000u);
    // The register behind a 32-bit one is another's.
    EXPECT_EQ(PlaceOfWindow(window(0xFE000008, 0x12), 0x100000, ~0ull).Base, 0xFE000000u);
}

TEST(PciWindow, ThatNobodyHasPlacedIsNotUsed) {
    for (const std::uint32_t low : {0x0000000Cu, 0x00000008u, 0xFFFFFFF8u, 0xFFFFFFFCu}) {
        EXPECT_EQ(PlaceOfWindow(window(low), 0x1000, ~0ull).Verdict, RD_P5_WINDOW_NOT_ASSIGNED)
            << low;
    }
    EXPECT_EQ(PlaceOfWindow(window(0xC001), 0x1000, ~0ull).Verdict, RD_P5_WINDOW_NOT_ASSIGNED)
        << "a port";
}

TEST(PciWindow, BeyondWhatTheSystemReachesIsNotUsed) {
    const std::uint64_t highest = kFourGigabytes - 1;
    EXPECT_EQ(
        PlaceOfWindow(window(0xC000000C, 1), 0x1000, highest).Verdict, RD_P5_WINDOW_OUT_OF_REACH
    );
    EXPECT_EQ(PlaceOfWindow(window(0xFFF00008), 0x100000, highest).Verdict, RD_P5_WINDOW_FOUND)
        << "it ends where the addresses end";
    EXPECT_EQ(
        PlaceOfWindow(window(0xFFF00008), 0x100001, highest).Verdict, RD_P5_WINDOW_OUT_OF_REACH
    );
    EXPECT_EQ(PlaceOfWindow(window(0xFE000008), 0, highest).Verdict, RD_P5_WINDOW_OUT_OF_REACH);
}

TEST(PciWindow, TellsWhetherThereAreMoreFunctions) {
    PciHeader header = window(0xFE000008);
    EXPECT_FALSE(header.IsMultifunction());
    header.Data[0x0E] = 0x80;
    EXPECT_TRUE(header.IsMultifunction());
}

}  // namespace
}  // namespace rundown
