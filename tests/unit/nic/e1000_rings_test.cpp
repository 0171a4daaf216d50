// SPDX-License-Identifier: MIT
// The e1000 driver's descriptor rings, with the test playing the card.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>

#include "nic/e1000/receive_ring.hpp"
#include "nic/e1000/transmit_ring.hpp"

namespace {

using e1000::ReceiveRing;
using e1000::TransmitRing;
using nic::Fragment;
using nic::PostResult;

struct Transmit {
    Transmit() { ring.reset(descriptors); }

    /// The card has sent every frame up to the tail.
    void complete_all(uint8_t status = e1000::TXD_DD) {
        for (; head != ring.tail(); head = (head + 1) % TransmitRing::kSlots) {
            if ((descriptors[head].command & e1000::TXD_RS) != 0) {
                descriptors[head].status = status;
            }
        }
    }

    e1000::TxDescriptor descriptors[TransmitRing::kSlots];
    uint32_t head = 0;
    TransmitRing ring;
};

void* token(uintptr_t number) {
    return reinterpret_cast<void*>(number);
}

TEST(E1000TransmitRing, FrameOfSeveralFragmentsEndsOnce) {
    auto card = std::make_unique<Transmit>();
    const Fragment fragments[] = {{0x1000, 14}, {0x2000, 0}, {0x3000, 100}, {0x4000, 1400}};
    ASSERT_EQ(card->ring.post(fragments, 4, token(7)), PostResult::posted);
    EXPECT_EQ(card->ring.tail(), 3u) << "the empty fragment takes no descriptor";
    EXPECT_EQ(card->descriptors[0].command & e1000::TXD_EOP, 0);
    EXPECT_EQ(card->descriptors[1].address, 0x3000u);
    EXPECT_EQ(card->descriptors[2].command, e1000::TXD_EOP | e1000::TXD_RS | e1000::TXD_IFCS);
    uint8_t status = 0;
    EXPECT_EQ(card->ring.reap(&status), nullptr) << "not sent yet";
    card->complete_all();
    EXPECT_EQ(card->ring.reap(&status), token(7));
    EXPECT_EQ(card->ring.reap(&status), nullptr);
    EXPECT_EQ(card->ring.room(), TransmitRing::kSlots - 1);
}

TEST(E1000TransmitRing, OneEntryStaysEmpty) {
    auto card = std::make_unique<Transmit>();
    const Fragment fragment{0x1000, 60};
    for (uintptr_t i = 1; i < TransmitRing::kSlots; ++i) {
        ASSERT_EQ(card->ring.post(&fragment, 1, token(i)), PostResult::posted);
    }
    EXPECT_EQ(card->ring.post(&fragment, 1, token(999)), PostResult::full);
    EXPECT_NE(card->ring.tail(), 0u) << "tail == head would tell the card the ring is empty";
    EXPECT_EQ(card->ring.frames(), TransmitRing::kSlots - 1);
}

TEST(E1000TransmitRing, FramesThatCanNeverFitAreRefused) {
    auto card = std::make_unique<Transmit>();
    const Fragment empty{0x1000, 0};
    const Fragment huge{0x1000, e1000::kTxLengthMax + 1};
    Fragment many[TransmitRing::kSlots];
    for (auto& fragment : many) {
        fragment = {0x1000, 4};
    }
    EXPECT_EQ(card->ring.post(&empty, 1, token(1)), PostResult::refused);
    EXPECT_EQ(card->ring.post(&huge, 1, token(1)), PostResult::refused);
    EXPECT_EQ(card->ring.post(many, TransmitRing::kSlots, token(1)), PostResult::refused);
    EXPECT_EQ(card->ring.room(), TransmitRing::kSlots - 1);
}

TEST(E1000TransmitRing, TakeBackReturnsUnsentFramesInOrder) {
    auto card = std::make_unique<Transmit>();
    const Fragment pair[] = {{0x1000, 14}, {0x2000, 46}};
    for (uintptr_t i = 1; i <= 5; ++i) {
        ASSERT_EQ(card->ring.post(pair, 2, token(i)), PostResult::posted);
    }
    for (uintptr_t i = 1; i <= 5; ++i) {
        EXPECT_EQ(card->ring.take_back(), token(i));
    }
    EXPECT_EQ(card->ring.take_back(), nullptr);
    EXPECT_EQ(card->ring.frames(), 0u);
}

TEST(E1000TransmitRing, RandomTrafficComesBackInOrderAcrossManyWraps) {
    auto card = std::make_unique<Transmit>();
    std::mt19937 random(20031);
    std::deque<uintptr_t> expected;
    uintptr_t next = 1;
    for (int step = 0; step < 20000; ++step) {
        Fragment fragments[6];
        const uint32_t count = 1 + random() % 6;
        for (uint32_t i = 0; i < count; ++i) {
            fragments[i] = {0x1000u * (i + 1), static_cast<uint32_t>(1 + random() % 300)};
        }
        const uint32_t room = card->ring.room();
        const PostResult result = card->ring.post(fragments, count, token(next));
        ASSERT_EQ(result, count <= room ? PostResult::posted : PostResult::full);
        if (result == PostResult::posted) {
            expected.push_back(next++);
        }
        if (random() % 8 == 0) {
            card->complete_all();
        }
        uint8_t status = 0;
        while (random() % 4 != 0) {
            void* done = card->ring.reap(&status);
            if (done == nullptr) {
                break;
            }
            ASSERT_EQ(done, token(expected.front()));
            expected.pop_front();
        }
        ASSERT_EQ(card->ring.frames(), expected.size());
    }
    EXPECT_GT(next, 3000u);
}

struct Receive {
    Receive() { ring.reset(descriptors); }

    void fill(
        uint16_t length, uint8_t status = e1000::RXD_DD | e1000::RXD_EOP, uint8_t errors = 0
    ) {
        ASSERT_NE(head, ring.tail()) << "the card may not pass the tail";
        descriptors[head].length = length;
        descriptors[head].errors = errors;
        descriptors[head].status = status;
        head = (head + 1) % ReceiveRing::kSlots;
    }

    e1000::RxDescriptor descriptors[ReceiveRing::kSlots];
    uint32_t head = 0;
    ReceiveRing ring;
};

TEST(E1000ReceiveRing, BuffersComeBackInTheOrderPosted) {
    auto card = std::make_unique<Receive>();
    for (uintptr_t i = 1; i <= 3; ++i) {
        ASSERT_TRUE(card->ring.post(0x1000 * i, token(i)));
    }
    e1000::ReceivedFrame frame{};
    EXPECT_FALSE(card->ring.take(frame));
    card->fill(60);
    card->fill(1514);
    ASSERT_TRUE(card->ring.take(frame));
    EXPECT_EQ(frame.token, token(1));
    EXPECT_EQ(frame.length, 60u);
    EXPECT_TRUE(frame.whole);
    ASSERT_TRUE(card->ring.take(frame));
    EXPECT_EQ(frame.length, 1514u);
    EXPECT_FALSE(card->ring.take(frame));
    EXPECT_EQ(card->ring.posted(), 1u);
    EXPECT_EQ(card->ring.take_back(), token(3));
    EXPECT_EQ(card->ring.take_back(), nullptr);
}

TEST(E1000ReceiveRing, NeverPostsTheLastEntry) {
    auto card = std::make_unique<Receive>();
    for (uintptr_t i = 1; i < ReceiveRing::kSlots; ++i) {
        ASSERT_TRUE(card->ring.post(0x1000 * i, token(i)));
    }
    EXPECT_FALSE(card->ring.post(0x1000, token(1)));
    EXPECT_EQ(card->ring.tail(), ReceiveRing::kSlots - 1);
}

TEST(E1000ReceiveRing, PiecesOfAnOverLongFrameAreNotWholeFrames) {
    auto card = std::make_unique<Receive>();
    for (uintptr_t i = 1; i <= 3; ++i) {
        ASSERT_TRUE(card->ring.post(0x1000 * i, token(i)));
    }
    card->fill(2048, e1000::RXD_DD);
    card->fill(100);
    card->fill(64);
    e1000::ReceivedFrame frame{};
    ASSERT_TRUE(card->ring.take(frame));
    EXPECT_FALSE(frame.whole);
    ASSERT_TRUE(card->ring.take(frame));
    EXPECT_FALSE(frame.whole) << "the tail of the long frame";
    ASSERT_TRUE(card->ring.take(frame));
    EXPECT_TRUE(frame.whole);
}

TEST(E1000ReceiveRing, ErrorsAreReported) {
    auto card = std::make_unique<Receive>();
    ASSERT_TRUE(card->ring.post(0x1000, token(1)));
    card->fill(60, e1000::RXD_DD | e1000::RXD_EOP, e1000::RXD_CE);
    e1000::ReceivedFrame frame{};
    ASSERT_TRUE(card->ring.take(frame));
    EXPECT_EQ(frame.errors, e1000::RXD_CE);
}

}  // namespace
