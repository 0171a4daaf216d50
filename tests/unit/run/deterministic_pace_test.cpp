// SPDX-License-Identifier: MIT
// What is decided at the meetings of a deterministic run, in guest time.
#include "run/deterministic_pace.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace rundown::run {
namespace {

using namespace std::chrono_literals;
using witness::Pace;

struct Area {
    explicit Area(std::uint64_t frequency = 1000000000) : bytes(RD_LINE_AREA_BYTES) {
        block.magic = RD_RENDEZVOUS_MAGIC;
        block.frequency_hz = frequency;
        block.time = 0;
        block.count = 0;
    }
    std::span<const std::byte> meeting(std::uint64_t count, std::uint64_t time) {
        block.count = count;
        block.time = time;
        std::memcpy(bytes.data() + RD_RENDEZVOUS_OFFSET, &block, sizeof(block));
        return bytes;
    }
    std::vector<std::byte> bytes;
    rd_rendezvous block = {};
};

TEST(GuestClock, TellsTheGuestsTime) {
    Area area(2000000000);
    GuestClock clock;
    ASSERT_TRUE(clock.meet(area.meeting(1, 3000000001)));
    EXPECT_EQ(clock.now(), 1500000000ns);
    ASSERT_TRUE(clock.meet(area.meeting(2, 3000000001)));
    ASSERT_TRUE(clock.meet(area.meeting(3, 4000000000)));
    EXPECT_EQ(clock.now(), 2s);
    EXPECT_EQ(clock.meetings(), 3u);
}

TEST(GuestClock, BelievesNoBlockThatMakesNoSense) {
    const auto error = [](std::span<const std::byte> bytes) {
        GuestClock clock;
        const auto met = clock.meet(bytes);
        EXPECT_FALSE(met);
        EXPECT_EQ(clock.meetings(), 0u);
        return met ? ErrorKind::none : met.error().kind;
    };
    Area good;
    EXPECT_EQ(error(std::span(good.bytes).first(RD_RENDEZVOUS_OFFSET + 63)), ErrorKind::protocol);
    EXPECT_EQ(error(good.bytes), ErrorKind::protocol) << "a window nobody wrote to";
    EXPECT_EQ(error(good.meeting(2, 0)), ErrorKind::protocol) << "the second meeting first";
    EXPECT_EQ(error(good.meeting(0, 0)), ErrorKind::protocol);
    EXPECT_EQ(error(good.meeting(1, ~0ull)), ErrorKind::protocol) << "centuries";
    EXPECT_EQ(error(Area(0).meeting(1, 0)), ErrorKind::protocol) << "a clock that stands still";
}

TEST(GuestClock, TimeDoesNotRunBackwards) {
    Area area;
    GuestClock clock;
    ASSERT_TRUE(clock.meet(area.meeting(1, 1000)));
    EXPECT_FALSE(clock.meet(area.meeting(2, 999)));
    EXPECT_FALSE(clock.meet(area.meeting(3, 2000)));
    EXPECT_EQ(clock.now(), 1000ns);
    EXPECT_TRUE(clock.meet(area.meeting(2, 1000)));
}

TEST(GuestWaits, EndInTheOrderInWhichTheyAreDue) {
    GuestWaits waits;
    const auto late = waits.add(30ns), early = waits.add(10ns), same = waits.add(10ns),
               gone = waits.add(20ns);
    waits.remove(gone);
    EXPECT_TRUE(waits.over(9ns).empty());
    EXPECT_EQ(waits.over(29ns), (std::vector{early, same}));
    EXPECT_TRUE(waits.over(29ns).empty());
    EXPECT_EQ(waits.all(), std::vector{late});
}

TEST(FrameBudget, ASilentHostSendsNothing) {
    FrameBudget budget;
    EXPECT_EQ(budget.frames(Pace::silent, 0s), 0u);
    EXPECT_EQ(budget.frames(Pace::silent, 100s), 0u);
}

TEST(FrameBudget, ALightPaceIsAHundredASecond) {
    FrameBudget budget;
    std::size_t frames = 0;
    for (GuestTime now = 5s; now <= 6s; now += 1ms)
        frames += budget.frames(Pace::light, now);
    EXPECT_EQ(frames, 100u);
}

TEST(FrameBudget, AHeavyPaceDoesNotDependOnHowOftenOneMeets) {
    for (const GuestTime step : {GuestTime(100us), GuestTime(370us), GuestTime(1ms)}) {
        FrameBudget budget;
        std::size_t frames = 0;
        GuestTime now = 1s;
        for (; now <= 1500ms; now += step)
            frames += budget.frames(Pace::heavy, now);
        EXPECT_EQ(frames, static_cast<std::size_t>((now - step - 1s) / 50us)) << step.count();
    }
}

TEST(FrameBudget, APaceBeginsWhenItIsFirstSeen) {
    FrameBudget budget;
    EXPECT_EQ(budget.frames(Pace::silent, 1s), 0u);
    EXPECT_EQ(budget.frames(Pace::heavy, 10s), 0u) << "nothing is owed from before";
    EXPECT_EQ(budget.frames(Pace::heavy, 10s + 100us), 2u);
    EXPECT_EQ(budget.frames(Pace::silent, 11s), 0u);
    EXPECT_EQ(budget.frames(Pace::heavy, 12s), 0u);
}

TEST(FrameBudget, AGuestThatStayedAwayGetsABurstAndNoMore) {
    FrameBudget budget;
    budget.frames(Pace::heavy, 1s);
    EXPECT_EQ(budget.frames(Pace::heavy, 5s), 32u);
    EXPECT_EQ(budget.frames(Pace::heavy, 5s), 0u) << "what was not sent is forgotten";
    EXPECT_EQ(budget.frames(Pace::heavy, 5s + 50us), 1u);
}

}  // namespace
}  // namespace rundown::run
