// SPDX-License-Identifier: MIT
#include "lib/once_gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace rundown {
namespace {

TEST(OnceGate, NothingToDoBeforeItIsOpened) {
    OnceGate gate;
    EXPECT_FALSE(gate.IsOpen());
    EXPECT_EQ(gate.Enter(), GateEntry::Closed);
    gate.Open();
    EXPECT_EQ(gate.Enter(), GateEntry::Owner);
}

TEST(OnceGate, SecondPathWaitsForTheFirstAndThenSeesItDone) {
    OnceGate gate;
    gate.Open();
    EXPECT_TRUE(gate.IsOpen());
    EXPECT_EQ(gate.Enter(), GateEntry::Owner);
    EXPECT_FALSE(gate.IsOpen());
    EXPECT_EQ(gate.Enter(), GateEntry::Waiting);
    gate.Finish();
    EXPECT_EQ(gate.Enter(), GateEntry::Done);
    EXPECT_EQ(gate.Enter(), GateEntry::Done);
}

TEST(OnceGate, OneOwnerHoweverManyRace) {
    for (int round = 0; round < 200; ++round) {
        OnceGate gate;
        std::atomic<int> owners = 0;
        gate.Open();
        std::vector<std::thread> paths;
        for (int i = 0; i < 4; ++i) {
            paths.emplace_back([&] { owners += gate.Enter() == GateEntry::Owner; });
        }
        for (auto& path : paths) {
            path.join();
        }
        EXPECT_EQ(owners, 1);
    }
}

}  // namespace
}  // namespace rundown
