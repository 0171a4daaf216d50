// SPDX-License-Identifier: MIT
#include "lib/sync_table.hpp"

#include <gtest/gtest.h>

namespace rundown {
namespace {

rd_p5_sync_hold hold(std::uint32_t point, std::uint32_t binding = 0, std::uint32_t arrivals = 0) {
    return {point, RD_P5_SYNC_HOLDS, binding, arrivals, 1000, 0};
}

rd_p5_sync_hold delay(std::uint32_t point, std::uint32_t microseconds) {
    return {point, RD_P5_SYNC_DELAYS, 0, 0, 0, microseconds};
}

SyncWaiter at(std::uint32_t point, std::uint32_t binding = 1, std::uint64_t since = 0) {
    SyncWaiter waiter{};
    waiter.Point = point;
    waiter.Binding = binding;
    waiter.Thread = 7;
    waiter.SinceMs = since;
    return waiter;
}

rd_p5_sync_state state_of(const SyncTable& table, std::uint64_t now = 0) {
    rd_p5_sync_state state{};
    table.Describe(now, state);
    return state;
}

TEST(SyncTable, NothingHappensWhereNothingIsArmed) {
    SyncTable table;
    SyncWaiter waiter = at(RD_P5_SYNC_IN_UNBIND);
    EXPECT_FALSE(table.IsArmed(RD_P5_SYNC_IN_UNBIND));
    EXPECT_EQ(table.Arrive(waiter, true).What, SyncOrder::Pass);
    EXPECT_EQ(table.TakeHeld(0), nullptr);
}

TEST(SyncTable, HoldsUntilReleasedAndSaysWhoSinceWhen) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_IN_UNBIND)));
    EXPECT_TRUE(table.IsArmed(RD_P5_SYNC_IN_UNBIND));
    EXPECT_FALSE(table.IsArmed(RD_P5_SYNC_BEFORE_CLOSE));
    SyncWaiter first = at(RD_P5_SYNC_IN_UNBIND, 3, 100);
    SyncWaiter second = at(RD_P5_SYNC_IN_UNBIND, 4, 140);
    const SyncOrder order = table.Arrive(first, true);
    EXPECT_EQ(order.What, SyncOrder::Hold);
    EXPECT_EQ(order.Amount, 1000u);
    EXPECT_EQ(table.Arrive(second, true).What, SyncOrder::Hold);

    const auto held = state_of(table, 150).point[RD_P5_SYNC_IN_UNBIND];
    EXPECT_EQ(held.mode, RD_P5_SYNC_HOLDS);
    EXPECT_EQ(held.held, 2u);
    EXPECT_EQ(held.held_binding, 3u);
    EXPECT_EQ(held.held_thread, 7u);
    EXPECT_EQ(held.held_ms, 50u);
    EXPECT_EQ(held.passed, 2u);

    ASSERT_TRUE(table.Disarm(RD_P5_SYNC_IN_UNBIND));
    EXPECT_EQ(table.TakeHeld(RD_P5_SYNC_IN_UNBIND), &first);
    EXPECT_EQ(table.TakeHeld(RD_P5_SYNC_IN_UNBIND), &second);
    EXPECT_EQ(table.TakeHeld(RD_P5_SYNC_IN_UNBIND), nullptr);
    EXPECT_FALSE(table.Leave(first)) << "it was released";
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_IN_UNBIND].held, 0u);
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_IN_UNBIND].timed_out, 0u);
    EXPECT_EQ(table.Arrive(first, true).What, SyncOrder::Pass);
}

TEST(SyncTable, AHoldThatNobodyEndsIsCounted) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_BEFORE_CLOSE)));
    SyncWaiter waiter = at(RD_P5_SYNC_BEFORE_CLOSE);
    ASSERT_EQ(table.Arrive(waiter, true).What, SyncOrder::Hold);
    EXPECT_TRUE(table.Leave(waiter));
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_BEFORE_CLOSE].timed_out, 1u);
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_BEFORE_CLOSE].held, 0u);
    EXPECT_TRUE(table.IsArmed(RD_P5_SYNC_BEFORE_CLOSE)) << "the next one is held as well";
}

TEST(SyncTable, NothingIsHeldAtARaisedIrqlAndThatIsSaid) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_IN_RECEIVE, 0, 1)));
    SyncWaiter waiter = at(RD_P5_SYNC_IN_RECEIVE);
    EXPECT_EQ(table.Arrive(waiter, false).What, SyncOrder::CannotHold);
    EXPECT_FALSE(waiter.Link.IsLinked());
    const auto state = state_of(table).point[RD_P5_SYNC_IN_RECEIVE];
    EXPECT_EQ(state.could_not_hold, 1u);
    EXPECT_EQ(state.arrivals_left, 1u) << "the next one that can be held is";
    EXPECT_EQ(table.Arrive(waiter, true).What, SyncOrder::Hold);
}

TEST(SyncTable, OnlyTheBindingItIsForAndOnlySoOften) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_AFTER_CLOSE, 2, 1)));
    SyncWaiter other = at(RD_P5_SYNC_AFTER_CLOSE, 1), wanted = at(RD_P5_SYNC_AFTER_CLOSE, 2);
    SyncWaiter again = at(RD_P5_SYNC_AFTER_CLOSE, 2);
    EXPECT_EQ(table.Arrive(other, true).What, SyncOrder::Pass);
    EXPECT_EQ(table.Arrive(wanted, true).What, SyncOrder::Hold);
    EXPECT_EQ(table.Arrive(again, true).What, SyncOrder::Pass);
}

TEST(SyncTable, DelaysAtAnyIrqlAndHoldsNobody) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(delay(RD_P5_SYNC_IN_RECEIVE, 250)));
    SyncWaiter waiter = at(RD_P5_SYNC_IN_RECEIVE);
    for (const bool may_wait : {false, true}) {
        const SyncOrder order = table.Arrive(waiter, may_wait);
        EXPECT_EQ(order.What, SyncOrder::Delay);
        EXPECT_EQ(order.Amount, 250u);
    }
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_IN_RECEIVE].passed, 2u);
    EXPECT_EQ(table.TakeHeld(0), nullptr);
}

TEST(SyncTable, ArmingAgainKeepsWhoIsHeldAndForgetsTheCounts) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_IN_BIND)));
    SyncWaiter waiter = at(RD_P5_SYNC_IN_BIND);
    ASSERT_EQ(table.Arrive(waiter, true).What, SyncOrder::Hold);
    ASSERT_TRUE(table.Arm(delay(RD_P5_SYNC_IN_BIND, 10)));
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_IN_BIND].held, 1u);
    EXPECT_EQ(state_of(table).point[RD_P5_SYNC_IN_BIND].passed, 0u);
    EXPECT_EQ(table.TakeHeld(0), &waiter);
}

TEST(SyncTable, ReleasingAllReleasesEveryPoint) {
    SyncTable table;
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_IN_BIND)));
    ASSERT_TRUE(table.Arm(hold(RD_P5_SYNC_IN_UNLOAD)));
    SyncWaiter one = at(RD_P5_SYNC_IN_BIND), two = at(RD_P5_SYNC_IN_UNLOAD);
    table.Arrive(one, true);
    table.Arrive(two, true);
    ASSERT_TRUE(table.Disarm(0));
    EXPECT_EQ(table.TakeHeld(0), &one);
    EXPECT_EQ(table.TakeHeld(0), &two);
    EXPECT_FALSE(table.IsArmed(RD_P5_SYNC_IN_BIND));
    EXPECT_FALSE(table.IsArmed(RD_P5_SYNC_IN_UNLOAD));
}

TEST(SyncTable, RefusesWhatMakesNoSense) {
    SyncTable table;
    EXPECT_FALSE(table.Arm(hold(RD_P5_SYNC_INVALID)));
    EXPECT_FALSE(table.Arm(hold(RD_P5_SYNC_POINTS)));
    EXPECT_FALSE(table.Arm(hold(0xFFFFFFFFu)));
    EXPECT_FALSE(table.Arm({RD_P5_SYNC_IN_BIND, 3, 0, 0, 1, 1}));
    EXPECT_FALSE(table.Arm({RD_P5_SYNC_IN_BIND, RD_P5_SYNC_HOLDS, 0, 0, 0, 0})) << "for ever";
    EXPECT_FALSE(table.Arm({RD_P5_SYNC_IN_BIND, RD_P5_SYNC_HOLDS, 0, 0, RD_P5_SYNC_MAX_MS + 1, 0}));
    EXPECT_FALSE(table.Arm(delay(RD_P5_SYNC_IN_BIND, 0)));
    EXPECT_FALSE(table.Arm(delay(RD_P5_SYNC_IN_BIND, RD_P5_SYNC_MAX_US + 1)));
    EXPECT_FALSE(table.Disarm(RD_P5_SYNC_POINTS));
}

}  // namespace
}  // namespace rundown
