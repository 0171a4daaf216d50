// SPDX-License-Identifier: MIT
// unit/ob/handle_table_test.cpp
//
// The reference guest's handle table against std::map: what was opened is found until it is closed,
// closed slots rest.
#include "guest-images/reference/ob/handle_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace {

using ob::HandleEntry;
using ob::HandleTable;

/// The table with the memory its owner provides.
class GrowingTable {
  public:
    std::uint32_t open(void* object, std::uint32_t access) {
        if (table.must_grow()) {
            auto bigger = std::make_unique<HandleEntry[]>(table.next_capacity());
            EXPECT_EQ(table.extend(bigger.get(), table.next_capacity()), memory_.get());
            memory_ = std::move(bigger);
        }
        return table.allocate(object, access, 0);
    }

    HandleTable table;

  private:
    std::unique_ptr<HandleEntry[]> memory_;
};

TEST(HandleTable, IsEmptyAtFirst) {
    HandleTable table;
    EXPECT_EQ(table.allocate(&table, 1, 0), 0u);
    EXPECT_EQ(table.find(0), nullptr);
    EXPECT_EQ(table.find(1), nullptr);
    EXPECT_TRUE(table.must_grow());
}

TEST(HandleTable, NeverUsesSlotZero) {
    GrowingTable handles;
    int object;
    for (int round = 0; round < 1000; ++round)
        ASSERT_NE(handles.open(&object, 1), 0u);
    EXPECT_EQ(handles.table.find(0), nullptr);
}

TEST(HandleTable, ClosedSlotsRest) {
    GrowingTable handles;
    int object;
    const std::uint32_t closed = handles.open(&object, 1);
    handles.table.release(closed);
    for (std::uint32_t round = 0; round < HandleTable::kRest; ++round) {
        const std::uint32_t slot = handles.open(&object, 1);
        EXPECT_NE(slot, closed);
        handles.table.release(slot);
    }
}

TEST(HandleTable, SlotsBeyondTheEndAreNotFound) {
    GrowingTable handles;
    int object;
    handles.open(&object, 1);
    EXPECT_EQ(handles.table.find(handles.table.capacity()), nullptr);
    EXPECT_EQ(handles.table.find(~std::uint64_t{0}), nullptr);
}

TEST(HandleTable, StopsAtItsLimit) {
    HandleTable table;
    std::vector<HandleEntry> entries(HandleTable::kCapacityMax);
    table.extend(entries.data(), HandleTable::kCapacityMax);
    EXPECT_EQ(table.next_capacity(), HandleTable::kCapacityMax);
    std::vector<HandleEntry> same(16);
    EXPECT_EQ(table.extend(same.data(), 16), same.data()) << "not bigger: handed back, unused";
}

TEST(HandleTable, BehavesAsAMap) {
    rc::check(
        "open, close and find agree with std::map",
        [](const std::vector<std::uint16_t>& moves) {
            GrowingTable handles;
            std::map<std::uint32_t, std::uint32_t> open;  // slot to access
            std::deque<std::uint32_t> recently_closed;
            std::vector<char> objects(moves.size() + 1);
            for (std::size_t step = 0; step < moves.size(); ++step) {
                if (moves[step] % 3 == 0 && !open.empty()) {
                    auto victim =
                        std::next(open.begin(), moves[step] / 3 % static_cast<long>(open.size()));
                    recently_closed.push_back(victim->first);
                    handles.table.release(victim->first);
                    open.erase(victim);
                } else {
                    const std::uint32_t slot = handles.open(&objects[step], moves[step]);
                    RC_ASSERT(slot != 0u && !open.contains(slot));
                    open[slot] = moves[step];
                }
                RC_ASSERT(handles.table.used() == open.size());
            }
            for (const auto& [slot, access] : open) {
                const HandleEntry* entry = handles.table.find(slot);
                RC_ASSERT(entry != nullptr && entry->access == access);
            }
            for (std::uint32_t slot : recently_closed)
                RC_ASSERT(open.contains(slot) || handles.table.find(slot) == nullptr);
        }
    );
}

}  // namespace
