// SPDX-License-Identifier: MIT
#include "lib/rundown_reference.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace rundown {
namespace {

TEST(RundownReference, EmptyObjectNeedsNoWaiting) {
    RundownReference reference;
    EXPECT_TRUE(reference.BeginRundown());
}

TEST(RundownReference, CountsReferences) {
    RundownReference reference;
    EXPECT_TRUE(reference.TryAcquire());
    EXPECT_TRUE(reference.TryAcquire());
    EXPECT_EQ(reference.Count(), 2u);
    EXPECT_FALSE(reference.Release());
    EXPECT_EQ(reference.Count(), 1u);
}

TEST(RundownReference, ReleaseOfAnOpenObjectNeverSignals) {
    RundownReference reference;
    EXPECT_TRUE(reference.TryAcquire());
    EXPECT_FALSE(reference.Release());
    EXPECT_TRUE(reference.TryAcquire());
}

TEST(RundownReference, NoReferenceOnceRunningDown) {
    RundownReference reference;
    ASSERT_TRUE(reference.TryAcquire());
    EXPECT_FALSE(reference.BeginRundown());
    EXPECT_TRUE(reference.IsRunningDown());
    EXPECT_FALSE(reference.TryAcquire());
    EXPECT_EQ(reference.Count(), 1u);
}

TEST(RundownReference, OnlyTheLastReleaseSignals) {
    RundownReference reference;
    ASSERT_TRUE(reference.TryAcquire());
    ASSERT_TRUE(reference.TryAcquire());
    ASSERT_FALSE(reference.BeginRundown());
    EXPECT_FALSE(reference.Release());
    EXPECT_TRUE(reference.Release());
}

TEST(RundownReference, ReopenedObjectWorksAgain) {
    RundownReference reference;
    ASSERT_TRUE(reference.BeginRundown());
    reference.Reopen();
    EXPECT_TRUE(reference.TryAcquire());
    EXPECT_FALSE(reference.BeginRundown());
    EXPECT_TRUE(reference.Release());
}

TEST(RundownReference, ExactlyOneSignalHoweverManyRace) {
    for (int round = 0; round < 200; ++round) {
        RundownReference reference;
        std::atomic<int> signals = 0, used_after = 0;
        std::atomic<bool> gone = false;
        std::vector<std::thread> users;
        for (int i = 0; i < 4; ++i) {
            users.emplace_back([&] {
                while (reference.TryAcquire()) {
                    used_after += gone.load();
                    if (reference.Release()) {
                        gone = true;
                        ++signals;
                    }
                }
            });
        }
        if (reference.BeginRundown()) {
            gone = true;
            ++signals;
        }
        for (auto& user : users) {
            user.join();
        }
        EXPECT_EQ(signals, 1);
        EXPECT_EQ(used_after, 0);
        EXPECT_EQ(reference.Count(), 0u);
    }
}

}  // namespace
}  // namespace rundown
