// SPDX-License-Identifier: MIT
// tests/unit/ndislib/packet_owner_test.cpp: every step a packet may take, and that all others are
// violations.
#include "guest-images/reference/ndis/lib/packet_owner.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

namespace {

using ndis::packet_step;
using ndis::packet_word;
using ndis::PacketEvent;
using ndis::PacketOwner;
using ndis::PacketVerdict;

constexpr PacketOwner kOwners[] = {
    PacketOwner::free,
    PacketOwner::driver,
    PacketOwner::sent,
    PacketOwner::transfer,
    PacketOwner::indicated};
constexpr PacketEvent kEvents[] = {
    PacketEvent::allocate,
    PacketEvent::free,
    PacketEvent::send,
    PacketEvent::send_complete,
    PacketEvent::transfer,
    PacketEvent::transfer_complete,
    PacketEvent::indicate,
    PacketEvent::keep,
    PacketEvent::give_up,
    PacketEvent::end_indication};

/// The state at rest of each owner: nobody in the middle of an indication.
uint64_t at_rest(PacketOwner owner) {
    return owner == PacketOwner::indicated ? packet_word(owner, false, 1) : packet_word(owner);
}

TEST(PacketOwner, OnlyTheDocumentedStepsAreAllowed) {
    const std::set<std::pair<PacketOwner, PacketEvent>> allowed = {
        {PacketOwner::free, PacketEvent::allocate},
        {PacketOwner::driver, PacketEvent::free},
        {PacketOwner::driver, PacketEvent::send},
        {PacketOwner::driver, PacketEvent::transfer},
        {PacketOwner::driver, PacketEvent::indicate},
        {PacketOwner::sent, PacketEvent::send_complete},
        {PacketOwner::transfer, PacketEvent::transfer_complete},
        {PacketOwner::indicated, PacketEvent::give_up},
    };
    for (const PacketOwner owner : kOwners) {
        for (const PacketEvent event : kEvents) {
            const ndis::PacketStep step = packet_step(at_rest(owner), event, 1);
            const bool expected = allowed.count({owner, event}) != 0;
            EXPECT_EQ(step.verdict != PacketVerdict::violation, expected)
                << "owner " << static_cast<int>(owner) << " event " << static_cast<int>(event);
            if (!expected) {
                EXPECT_EQ(step.word, at_rest(owner)) << "a violation changes nothing";
            }
        }
    }
}

TEST(PacketOwner, SendingTwiceAndFreeingWhatIsOutAreViolations) {
    const uint64_t sent = packet_step(packet_word(PacketOwner::driver), PacketEvent::send).word;
    EXPECT_EQ(packet_step(sent, PacketEvent::send).verdict, PacketVerdict::violation);
    EXPECT_EQ(packet_step(sent, PacketEvent::free).verdict, PacketVerdict::violation);
    EXPECT_EQ(packet_step(sent, PacketEvent::indicate).verdict, PacketVerdict::violation);
}

TEST(PacketOwner, IndicationNobodyKeepsGoesStraightBack) {
    uint64_t word = packet_step(packet_word(PacketOwner::driver), PacketEvent::indicate).word;
    word = packet_step(word, PacketEvent::keep, 0).word;
    const ndis::PacketStep end = packet_step(word, PacketEvent::end_indication);
    EXPECT_EQ(end.verdict, PacketVerdict::back);
    EXPECT_EQ(end.word, packet_word(PacketOwner::driver));
}

TEST(PacketOwner, LastOfSeveralReferencesGivesItBack) {
    uint64_t word = packet_step(packet_word(PacketOwner::driver), PacketEvent::indicate).word;
    word = packet_step(word, PacketEvent::keep, 1).word;
    word = packet_step(word, PacketEvent::keep, 2).word;
    ndis::PacketStep step = packet_step(word, PacketEvent::end_indication);
    EXPECT_EQ(step.verdict, PacketVerdict::ok);
    for (int left = 3; left > 0; --left) {
        EXPECT_EQ(ndis::packet_references(step.word), left);
        step = packet_step(step.word, PacketEvent::give_up);
        EXPECT_EQ(step.verdict, left == 1 ? PacketVerdict::back : PacketVerdict::ok);
    }
    EXPECT_EQ(packet_step(step.word, PacketEvent::give_up).verdict, PacketVerdict::violation)
        << "returned once too often";
}

TEST(PacketOwner, ReturnMayComeBeforeTheHandlerHasSaidItKeepsIt) {
    uint64_t word = packet_step(packet_word(PacketOwner::driver), PacketEvent::indicate).word;
    ndis::PacketStep step = packet_step(word, PacketEvent::give_up);
    EXPECT_EQ(step.verdict, PacketVerdict::ok);
    EXPECT_EQ(ndis::packet_references(step.word), -1);
    step = packet_step(step.word, PacketEvent::keep, 1);
    EXPECT_EQ(packet_step(step.word, PacketEvent::end_indication).verdict, PacketVerdict::back);
}

TEST(PacketOwner, ReturnOfWhatNobodyKeptShowsAtTheEndOfTheIndication) {
    uint64_t word = packet_step(packet_word(PacketOwner::driver), PacketEvent::indicate).word;
    word = packet_step(word, PacketEvent::give_up).word;
    EXPECT_EQ(packet_step(word, PacketEvent::end_indication).verdict, PacketVerdict::violation);
}

TEST(PacketOwner, NegativeReferencesAreRefused) {
    const uint64_t word = packet_step(packet_word(PacketOwner::driver), PacketEvent::indicate).word;
    EXPECT_EQ(packet_step(word, PacketEvent::keep, -1).verdict, PacketVerdict::violation);
}

// Whatever order keeps and returns interleave in, the packet goes back exactly once, at the end.
TEST(PacketOwner, AnyInterleavingGivesItBackExactlyOnce) {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        const int kept = static_cast<int>(random() % 5);
        int to_keep = kept, to_return = kept, backs = 0;
        bool ended = false;
        uint64_t word = packet_step(packet_word(PacketOwner::driver), PacketEvent::indicate).word;
        while (to_keep != 0 || to_return != 0 || !ended) {
            PacketEvent event = PacketEvent::give_up;
            const unsigned pick = random() % 3;
            if (pick == 0 && to_keep != 0) {
                event = PacketEvent::keep;
                --to_keep;
            } else if (pick == 1 && to_return != 0) {
                --to_return;
            } else if (pick == 2 && to_keep == 0 && !ended) {
                event = PacketEvent::end_indication;
                ended = true;
            } else {
                continue;
            }
            const ndis::PacketStep step = packet_step(word, event, 1);
            ASSERT_NE(step.verdict, PacketVerdict::violation);
            backs += step.verdict == PacketVerdict::back ? 1 : 0;
            word = step.word;
        }
        ASSERT_EQ(backs, 1);
        ASSERT_EQ(word, packet_word(PacketOwner::driver));
    }
}

}  // namespace
