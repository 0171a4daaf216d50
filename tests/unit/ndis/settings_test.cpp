// SPDX-License-Identifier: MIT
// tests/unit/ndis/settings_test.cpp: what a run can force of NDIS's choices.
#include "guest-images/reference/ndis/settings.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ndis;

TEST(NdisSettings, NoWordLeavesTheChoiceToTheSeed) {
    EXPECT_TRUE(open_pends(open_way(nullptr), true));
    EXPECT_FALSE(open_pends(open_way(nullptr), false));
    EXPECT_TRUE(close_pends(close_way(nullptr), true));
    EXPECT_FALSE(close_pends(close_way(nullptr), false));
}

TEST(NdisSettings, PendAndSyncDoNotAskTheSeed) {
    for (const bool seed : {false, true}) {
        EXPECT_TRUE(open_pends(open_way("pend"), seed));
        EXPECT_FALSE(open_pends(open_way("sync"), seed));
        EXPECT_TRUE(close_pends(close_way("pend"), seed));
        EXPECT_FALSE(close_pends(close_way("sync"), seed));
    }
}

TEST(NdisSettings, ARefusalComesAtOnceOrLate) {
    EXPECT_EQ(open_way("refuse"), OpenWay::refuse);
    EXPECT_EQ(open_way("refuse-late"), OpenWay::refuse_late);
    EXPECT_FALSE(open_pends(OpenWay::refuse, true));
    EXPECT_TRUE(open_pends(OpenWay::refuse_late, false));
}

TEST(NdisSettings, OtherWordsAreRefused) {
    for (const char* word : {"", "pen", "pending", "PEND", "refuse-"}) {
        EXPECT_EQ(open_way(word), OpenWay::invalid) << word;
        EXPECT_EQ(close_way(word), CloseWay::invalid) << word;
    }
    EXPECT_EQ(close_way("refuse"), CloseWay::invalid);
}

}  // namespace
