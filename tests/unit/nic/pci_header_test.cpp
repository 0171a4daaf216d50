// SPDX-License-Identifier: MIT
// The reference guest's reading of PCI headers, and the names it builds from them.
#include "guest-images/reference/io/pnp/pci_header.hpp"

#include <gtest/gtest.h>

#include <string>

#include "guest-images/reference/io/pnp/text_writer.hpp"

namespace {

using pnp::Bar;
using pnp::kBars;

struct Registers {
    uint32_t values[kBars]{};
    uint32_t masks[kBars]{};

    Bar bar(uint32_t number) const { return pnp::decode_bar(values, masks, number); }
};

TEST(PciBar, PortOfAnE1000) {
    const Registers card{{0xfebc0000, 0x0000c001}, {0xfffe0000, 0xffffffc1}};
    EXPECT_EQ(card.bar(0).kind, Bar::Kind::memory);
    EXPECT_EQ(card.bar(0).address, 0xfebc0000u);
    EXPECT_EQ(card.bar(0).bytes, 0x20000u);
    EXPECT_EQ(card.bar(1).kind, Bar::Kind::port);
    EXPECT_EQ(card.bar(1).address, 0xc000u);
    EXPECT_EQ(card.bar(1).bytes, 0x40u);
    EXPECT_EQ(card.bar(2).kind, Bar::Kind::none);
}

TEST(PciBar, WideMemoryOfAModernVirtioDevice) {
    const Registers card{
        {0xc041, 0xfebd1000, 0, 0, 0xfe00000c, 0x00000001},
        {0xffffffe1, 0xfffff000, 0, 0, 0xffffc00c, 0xffffffff}};
    const Bar bar = card.bar(4);
    EXPECT_EQ(bar.kind, Bar::Kind::memory);
    EXPECT_TRUE(bar.wide);
    EXPECT_TRUE(bar.prefetchable);
    EXPECT_EQ(bar.address, 0x1fe000000u);
    EXPECT_EQ(bar.bytes, 0x4000u);
    EXPECT_EQ(card.bar(5).kind, Bar::Kind::none) << "the upper half of number 4";
    EXPECT_EQ(card.bar(0).bytes, 0x20u);
    EXPECT_EQ(card.bar(1).bytes, 0x1000u);
}

TEST(PciBar, PortThatDecodesSixteenBitsOnly) {
    const Registers card{{0x0000d001}, {0x0000ff01}};
    EXPECT_EQ(card.bar(0).bytes, 0x100u);
}

TEST(PciBar, UnassignedRegisterHasNoAddressButKindAndSize) {
    const Registers card{{0x00000000, 0x00000001}, {0xfffff000, 0xffffffe1}};
    EXPECT_EQ(card.bar(0).kind, Bar::Kind::memory);
    EXPECT_EQ(card.bar(0).bytes, 0x1000u);
    EXPECT_EQ(card.bar(0).address, 0u);
    EXPECT_EQ(card.bar(1).kind, Bar::Kind::port);
    EXPECT_EQ(card.bar(1).bytes, 0x20u);
    EXPECT_EQ(card.bar(1).address, 0u);
}

TEST(PciIdentity, ComesFromTheHeader) {
    uint8_t header[pnp::config_header_bytes]{};
    const uint8_t start[] = {0x86, 0x80, 0x0e, 0x10, 0x07, 0x01, 0, 0, 0x03, 0x00, 0x00, 0x02};
    std::copy(std::begin(start), std::end(start), header);
    header[0x2c] = 0xf4, header[0x2d] = 0x1a, header[0x2e] = 0x00, header[0x2f] = 0x11;
    header[0x3c] = 11, header[0x3d] = 1;
    const pnp::PciIdentity id = pnp::identify(header);
    EXPECT_EQ(id.vendor, 0x8086);
    EXPECT_EQ(id.device, 0x100e);
    EXPECT_EQ(id.subsystem_vendor, 0x1af4);
    EXPECT_EQ(id.subsystem, 0x1100);
    EXPECT_EQ(id.base_class, 2);
    EXPECT_EQ(id.revision, 3);
    EXPECT_TRUE(id.has_interrupt());
}

TEST(PciIdentity, LineZeroAndLineUnknownAreNoInterrupt) {
    pnp::PciIdentity id;
    id.interrupt_pin = 1;
    id.interrupt_line = 0;
    EXPECT_FALSE(id.has_interrupt());
    id.interrupt_line = 0xff;
    EXPECT_FALSE(id.has_interrupt());
    id.interrupt_line = 10;
    EXPECT_TRUE(id.has_interrupt());
    id.interrupt_pin = 0;
    EXPECT_FALSE(id.has_interrupt());
}

TEST(TextWriter, BuildsIdentifiersAndMultiStrings) {
    wchar_t text[40];
    pnp::TextWriter out(text, 40);
    out.text(L"VEN_").hex(0x8086, 4).end_string().decimal(7, 4).end_string();
    EXPECT_TRUE(out.fits());
    EXPECT_EQ(
        std::wstring(text, out.length()),
        std::wstring(
            L"VEN_8086\0"
            L"0007\0",
            14
        )
    );
}

TEST(TextWriter, SaysWhenItDoesNotFit) {
    wchar_t text[4];
    pnp::TextWriter out(text, 4);
    out.text(L"abcdef");
    EXPECT_FALSE(out.fits());
    EXPECT_STREQ(text, L"abc");
}

}  // namespace
