// SPDX-License-Identifier: MIT
#include "base/deadline.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "base/scope_stack.hpp"

namespace rundown {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, AnInnerWaitNeverOutlivesTheOuterOne) {
    const TimePoint start{};
    const Deadline outer(start, 100ms, "the run");
    EXPECT_EQ(outer.within(start + 80ms, 50ms, "a reply").at(), outer.at());
    EXPECT_EQ(outer.within(start + 10ms, 50ms, "a reply").at(), start + 60ms);
}

TEST(Deadline, ExpiryNamesWhatWasWaitedFor) {
    const Deadline deadline(TimePoint{}, 250ms, "the agent's hello");
    EXPECT_FALSE(deadline.passed(TimePoint{} + 249ms));
    EXPECT_TRUE(deadline.passed(TimePoint{} + 250ms));
    EXPECT_EQ(deadline.left(TimePoint{} + 300ms), 0ms);
    EXPECT_EQ(deadline.expired().kind, ErrorKind::timeout);
    EXPECT_EQ(deadline.expired().sentence, "gave up waiting for the agent's hello after 250 ms");
}

TEST(ScopeStack, ClosesInReverseAndGoesOnAfterAStepThatThrows) {
    std::vector<int> order;
    {
        ScopeStack scope;
        scope.push([&] { order.push_back(1); });
        scope.push([&]() -> void { throw 2; });
        scope.push([&] { order.push_back(3); });
        scope.close();
        EXPECT_EQ(order, (std::vector{3, 1}));
    }
    EXPECT_EQ(order, (std::vector{3, 1})) << "a closed stack has nothing left to do";
}

}  // namespace
}  // namespace rundown
