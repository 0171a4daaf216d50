// SPDX-License-Identifier: MIT
#include "agent/core/replies.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rundown::agent {
namespace {

class RepliesTest : public testing::Test {
  protected:
    Seen seen(std::uint16_t sequence) { return replies_.look_up(sequence, &frame_, &bytes_); }
    void answer(std::uint16_t sequence, std::size_t bytes = 20) {
        const std::string frame(bytes, 'f');
        replies_.answered(sequence, reinterpret_cast<const std::uint8_t*>(frame.data()), bytes);
    }
    void perform(std::uint16_t sequence) {
        ASSERT_EQ(seen(sequence), Seen::never) << sequence;
        ASSERT_TRUE(replies_.begin(sequence));
        answer(sequence);
    }

    Replies replies_;
    const std::uint8_t* frame_ = nullptr;
    std::size_t bytes_ = 0;
};

TEST_F(RepliesTest, TellWhatBecameOfARequest) {
    EXPECT_EQ(seen(1), Seen::never);
    ASSERT_TRUE(replies_.begin(1));
    EXPECT_EQ(seen(1), Seen::in_progress);
    answer(1);
    EXPECT_EQ(seen(1), Seen::answered);
    EXPECT_EQ(bytes_, 20u);
    ASSERT_TRUE(replies_.begin(2));
    answer(2, Replies::kStoredBytes + 1);
    EXPECT_EQ(seen(2), Seen::forgotten);
}

TEST_F(RepliesTest, WhatIsForgottenIsNeverTakenForNew) {
    for (std::uint16_t sequence = 1; sequence <= 100; ++sequence) {
        perform(sequence);
    }
    EXPECT_EQ(seen(100), Seen::answered);
    EXPECT_EQ(seen(69), Seen::answered);
    EXPECT_EQ(seen(68), Seen::too_old);
    EXPECT_EQ(seen(1), Seen::too_old);
    EXPECT_EQ(seen(101), Seen::never);
}

TEST_F(RepliesTest, ALateRequestIsStillNewWhileItsNeighboursAreRemembered) {
    for (std::uint16_t sequence = 1; sequence <= 40; ++sequence) {
        if (sequence != 20) {
            perform(sequence);
        }
    }
    perform(20);
}

TEST_F(RepliesTest, SequenceNumbersWrap) {
    for (std::uint32_t i = 0; i < 70000; ++i) {
        perform(static_cast<std::uint16_t>(65500 + i));
    }
}

TEST_F(RepliesTest, RequestsInProgressStay) {
    ASSERT_TRUE(replies_.begin(1));
    for (std::uint16_t sequence = 2; sequence <= 100; ++sequence) {
        perform(sequence);
    }
    EXPECT_EQ(seen(1), Seen::in_progress);
    answer(1);
    EXPECT_EQ(seen(1), Seen::answered);
}

TEST_F(RepliesTest, NoRoomWhenEveryRequestIsInProgress) {
    for (std::uint16_t sequence = 1; sequence <= Replies::kRemembered; ++sequence) {
        ASSERT_TRUE(replies_.begin(sequence));
    }
    EXPECT_FALSE(replies_.begin(500));
    answer(7);
    EXPECT_TRUE(replies_.begin(500));
}

TEST_F(RepliesTest, ANewSessionKnowsNothing) {
    for (std::uint16_t sequence = 1; sequence <= 100; ++sequence) {
        perform(sequence);
    }
    replies_.reset();
    EXPECT_EQ(seen(1), Seen::never);
    EXPECT_EQ(seen(100), Seen::never);
}

}  // namespace
}  // namespace rundown::agent
