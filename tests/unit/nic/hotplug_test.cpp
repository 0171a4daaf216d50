// SPDX-License-Identifier: MIT
// tests/unit/nic/hotplug_test.cpp: what PCI hotplug decides without touching hardware: slots, room
// for a new card's registers, interrupt routing, the firmware's tables.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "guest-images/reference/io/pnp/acpi_tables.hpp"
#include "guest-images/reference/io/pnp/hotplug_slots.hpp"
#include "guest-images/reference/io/pnp/windows.hpp"

namespace {

using namespace pnp;

TEST(HotplugSlots, EverySlotIsTakenOnceFromTheLowest) {
    uint32_t slots = 0x80000009;
    EXPECT_EQ(take_slot(slots), 0u);
    EXPECT_EQ(take_slot(slots), 3u);
    EXPECT_EQ(take_slot(slots), 31u);
    EXPECT_EQ(take_slot(slots), kSlots);
    EXPECT_EQ(slots, 0u);
}

TEST(HotplugSlots, AnEjectIsOrderlyUnlessASurpriseIsAskedFor) {
    EXPECT_EQ(eject_way(nullptr), EjectWay::orderly);
    EXPECT_EQ(eject_way("orderly"), EjectWay::orderly);
    EXPECT_EQ(eject_way("surprise"), EjectWay::surprise);
    for (const char* word : {"", "surprised", "surpris", "Surprise"})
        EXPECT_EQ(eject_way(word), EjectWay::invalid) << word;
}

TEST(PciWindows, RoomIsAlignedAndOffWhatIsTaken) {
    const Range taken[] = {{0xe0000000, 0x1000}, {0xe0020000, 0x20000}};
    EXPECT_EQ(find_room(kMemoryWindow, 0x1000, taken, 2), 0xe0001000u);
    EXPECT_EQ(find_room(kMemoryWindow, 0x20000, taken, 2), 0xe0040000u);
    EXPECT_EQ(find_room(kPortWindow, 0x40, taken, 2), 0xc000u) << "memory takes no ports";
}

TEST(PciWindows, NoRoomIsSaid) {
    const Range all[] = {kPortWindow};
    EXPECT_EQ(find_room(kPortWindow, 0x40, all, 1), 0u);
    EXPECT_EQ(find_room(kPortWindow, 0x8000, nullptr, 0), 0u) << "larger than the window";
    EXPECT_EQ(find_room(kPortWindow, 0, nullptr, 0), 0u);
    EXPECT_EQ(find_room(kPortWindow, 0x30, nullptr, 0), 0u) << "not a power of two";
    const Range end[] = {{0xc000, 0x3fe0}};
    EXPECT_EQ(find_room(kPortWindow, 0x20, end, 1), 0xffe0u) << "the last place";
    EXPECT_EQ(find_room(kPortWindow, 0x40, end, 1), 0u);
}

TEST(PciWindows, PinsAreSwizzledOverTheFourRoutes) {
    const uint8_t routes[4] = {10, 11, 0x80, 5};
    EXPECT_EQ(routed_line(1, 1, routes), 10);
    EXPECT_EQ(routed_line(1, 2, routes), 11);
    EXPECT_EQ(routed_line(1, 3, routes), kNoInterruptLine) << "that route is off";
    EXPECT_EQ(routed_line(2, 3, routes), 5);
    EXPECT_EQ(routed_line(0, 3, routes), kNoInterruptLine) << "no pin";
}

void set_sum(std::vector<uint8_t>& table, size_t at, size_t bytes) {
    uint8_t sum = 0;
    table[at] = 0;
    for (size_t i = 0; i < bytes; ++i)
        sum = static_cast<uint8_t>(sum + table[i]);
    table[at] = static_cast<uint8_t>(-sum);
}

std::vector<uint8_t> fadt() {
    std::vector<uint8_t> table(116);
    std::memcpy(table.data(), "FACP", 4);
    table[4] = 116;
    table[46] = 9;
    table[48] = 0xb2;
    table[52] = 0xf1;
    table[64] = 0x04;
    table[65] = 0x06;
    table[80] = 0xe0;
    table[81] = 0xaf;
    table[92] = 4;
    set_sum(table, 9, table.size());
    return table;
}

TEST(AcpiTables, TheFadtNamesInterruptAndPorts) {
    const auto table = fadt();
    AcpiHardware hardware;
    ASSERT_TRUE(read_fadt(table.data(), table.size(), hardware));
    EXPECT_EQ(hardware.interrupt, 9);
    EXPECT_EQ(hardware.command_port, 0xb2);
    EXPECT_EQ(hardware.enable, 0xf1);
    EXPECT_EQ(hardware.control, 0x604);
    EXPECT_EQ(hardware.events, 0xafe0);
    EXPECT_EQ(hardware.event_bytes, 4);
}

TEST(AcpiTables, AFadtThatIsShortOrDoesNotAddUpIsRefused) {
    AcpiHardware hardware;
    auto table = fadt();
    EXPECT_FALSE(read_fadt(table.data(), 115, hardware));
    table[50] ^= 1;
    EXPECT_FALSE(read_fadt(table.data(), table.size(), hardware));
    table = fadt();
    table[92] = 0;  // no general purpose events
    set_sum(table, 9, table.size());
    EXPECT_FALSE(read_fadt(table.data(), table.size(), hardware));
}

TEST(AcpiTables, TheRootPointerIsFoundOnItsBoundaryWhenItAddsUp) {
    std::vector<uint8_t> area(128);
    std::vector<uint8_t> pointer(kRootPointerBytes);
    std::memcpy(pointer.data(), "RSD PTR ", 8);
    pointer[16] = 0x34;
    pointer[17] = 0x12;
    set_sum(pointer, 8, pointer.size());
    std::memcpy(area.data() + 24, pointer.data(), pointer.size());
    EXPECT_EQ(find_root_table(area.data(), area.size()), 0u) << "not on 16 bytes";
    std::memcpy(area.data() + 96, pointer.data(), pointer.size());
    EXPECT_EQ(find_root_table(area.data(), area.size()), 0x1234u);
    EXPECT_EQ(find_root_table(area.data(), 112), 0u) << "cut off";
    area[97] ^= 1;
    EXPECT_EQ(find_root_table(area.data(), area.size()), 0u);
}

TEST(AcpiTables, ATablesLengthMustBeSane) {
    std::vector<uint8_t> header(kTableHeaderBytes);
    EXPECT_EQ(table_bytes(header.data()), 0u);
    header[4] = 36;
    EXPECT_EQ(table_bytes(header.data()), 36u);
    header[7] = 1;
    EXPECT_EQ(table_bytes(header.data()), 0u);
}

}  // namespace
