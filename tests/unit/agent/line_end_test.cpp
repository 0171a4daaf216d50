// SPDX-License-Identifier: MIT
// Both ends of the line in memory, in one memory: what is written comes out, whole and in order,
// and counters that make no sense end the line instead of being believed.
#include "agent/core/line_end.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace rundown::agent {
namespace {

constexpr std::uint32_t kEpoch = 7;

bool put(LineEnd& end, const std::string& bytes) {
    return end.write(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string take(LineEnd& end, std::size_t room = RD_LINE_RING_BYTES) {
    std::string bytes(room, '\0');
    bytes.resize(end.read(reinterpret_cast<std::uint8_t*>(bytes.data()), room));
    return bytes;
}

class LineEndTest : public testing::Test {
  protected:
    LineEndTest() : line_(std::make_unique<rd_line>()) {
        guest_.offer(line_.get(), kEpoch);
        EXPECT_TRUE(host_.attach(line_.get(), kEpoch));
    }

    std::unique_ptr<rd_line> line_;
    LineEnd guest_, host_;
};

TEST_F(LineEndTest, CarriesBytesBothWays) {
    EXPECT_TRUE(put(host_, "to the guest"));
    EXPECT_TRUE(put(guest_, "to the host"));
    EXPECT_TRUE(guest_.has_input());
    EXPECT_EQ(take(guest_), "to the guest");
    EXPECT_EQ(take(host_), "to the host");
    EXPECT_FALSE(guest_.has_input());
    EXPECT_EQ(take(guest_), "");
}

TEST_F(LineEndTest, TakesNoMoreThanThereIsRoomFor) {
    EXPECT_TRUE(put(host_, "abcdef"));
    EXPECT_EQ(take(guest_, 4), "abcd");
    EXPECT_EQ(take(guest_, 4), "ef");
}

TEST_F(LineEndTest, WritesAFrameWholeOrNotAtAll) {
    const std::string most(RD_LINE_RING_BYTES - 3, 'm');
    EXPECT_TRUE(put(host_, most));
    EXPECT_FALSE(put(host_, "four"));
    EXPECT_TRUE(put(host_, "two"));  // Full to the last byte.
    EXPECT_FALSE(put(host_, "x"));
    EXPECT_FALSE(host_.drained());
    EXPECT_EQ(take(guest_), most + "two");
    EXPECT_TRUE(host_.drained());
    EXPECT_TRUE(put(host_, "x"));
    EXPECT_FALSE(put(host_, std::string(RD_LINE_RING_BYTES + 1, 'l')));
}

TEST_F(LineEndTest, TheGuestMayWriteBeforeTheHostAttaches) {
    LineEnd guest, host;
    guest.offer(line_.get(), kEpoch + 1);
    EXPECT_FALSE(guest.met());
    EXPECT_TRUE(put(guest, "early"));
    ASSERT_TRUE(host.attach(line_.get(), kEpoch + 1));
    EXPECT_TRUE(guest.met());
    EXPECT_EQ(take(host), "early");
}

TEST_F(LineEndTest, WaitsAreToldToTheOtherSide) {
    EXPECT_TRUE(host_.other_waits());  // Until the guest says otherwise.
    guest_.set_waiting(false);
    EXPECT_FALSE(host_.other_waits());
    guest_.set_waiting(true);
    EXPECT_TRUE(host_.other_waits());
}

TEST_F(LineEndTest, AttachesOnlyToWhatIsOffered) {
    LineEnd host;
    EXPECT_FALSE(host.attach(line_.get(), kEpoch + 1));
    EXPECT_FALSE(host.attach(line_.get(), 0));
    const auto fails_with = [&](auto& field, auto value) {
        const auto good = field;
        field = value;
        EXPECT_FALSE(host.attach(line_.get(), kEpoch));
        EXPECT_EQ(host.epoch(), 0u);
        EXPECT_FALSE(put(host, "x"));
        field = good;
    };
    fails_with(line_->offered.magic, RD_LINE_MAGIC ^ 1);
    fails_with(line_->offered.version, RD_LINE_VERSION + 1);
    fails_with(line_->offered.ring_bytes, RD_LINE_RING_BYTES * 2);
    fails_with(line_->guest.epoch, 0u);
    EXPECT_TRUE(host.attach(line_.get(), kEpoch));
}

TEST_F(LineEndTest, AnotherEpochLeavesNothingOfTheLast) {
    EXPECT_TRUE(put(host_, "old"));
    EXPECT_TRUE(put(guest_, "old"));
    guest_.offer(line_.get(), kEpoch + 1);
    EXPECT_FALSE(host_.met());
    EXPECT_EQ(take(host_), "");
    EXPECT_EQ(host_.fault(), LineFault::none);
    EXPECT_TRUE(host_.attach(line_.get(), kEpoch + 1));
    EXPECT_EQ(take(guest_), "");
    EXPECT_EQ(take(host_), "");
    EXPECT_TRUE(put(host_, "new"));
    EXPECT_EQ(take(guest_), "new");
}

TEST_F(LineEndTest, AHeadThatClaimsMoreThanARingHoldsEndsTheLine) {
    for (const std::uint32_t head : {RD_LINE_RING_BYTES + 1, 0x80000000u, 0xFFFFFFFFu}) {
        guest_.offer(line_.get(), head);
        ASSERT_TRUE(host_.attach(line_.get(), head));
        line_->guest.head = head;
        EXPECT_FALSE(host_.has_input());
        EXPECT_EQ(host_.fault(), LineFault::bad_head) << head;
        EXPECT_EQ(take(host_), "");
        EXPECT_FALSE(put(host_, "x"));
        EXPECT_FALSE(guest_.met()) << "the guest is told";
    }
}

TEST_F(LineEndTest, ATailBeyondWhatWasWrittenEndsTheLine) {
    EXPECT_TRUE(put(host_, "four"));
    line_->guest.tail = 5;
    EXPECT_FALSE(put(host_, "x"));
    EXPECT_EQ(host_.fault(), LineFault::bad_tail);
    EXPECT_FALSE(host_.met());
}

TEST_F(LineEndTest, OnesOwnCountersInTheWindowAreNotBelieved) {
    EXPECT_TRUE(put(host_, "first "));
    EXPECT_EQ(take(guest_), "first ");
    line_->host.head = 0xDEAD;  // The guest may write where it likes.
    line_->host.tail = 0xDEAD;
    EXPECT_TRUE(put(host_, "second"));
    EXPECT_EQ(take(guest_), "second");
}

TEST_F(LineEndTest, AClosedLineTellsTheOtherSide) {
    host_.close();
    EXPECT_FALSE(guest_.met());
    EXPECT_EQ(host_.epoch(), 0u);
    EXPECT_TRUE(host_.drained());
    EXPECT_FALSE(host_.other_waits());
    EXPECT_EQ(host_.fault(), LineFault::none);
}

TEST(LineOffset, IsTheEndOfTheWindowWhereATraceFitsBeside) {
    EXPECT_EQ(rd_line_offset(0), 0u);
    EXPECT_EQ(rd_line_offset(2 * RD_LINE_AREA_BYTES - 1), 0u);
    EXPECT_EQ(rd_line_offset(64 << 20), (64u << 20) - RD_LINE_AREA_BYTES);
}

/// Counters run on modulo 2^32, rings wrap, portions are of any size: what comes out is what went
/// in.
RC_GTEST_PROP(LineEndProperty, IsAStream, ()) {
    const auto line = std::make_unique<rd_line>();
    LineEnd guest, host;
    guest.offer(line.get(), kEpoch);
    RC_ASSERT(host.attach(line.get(), kEpoch));
    std::string in, out;
    unsigned char next = 0;
    const auto steps = *rc::gen::container<std::vector<std::size_t>>(
        rc::gen::inRange<std::size_t>(0, RD_LINE_RING_BYTES)
    );
    for (const std::size_t step : steps) {
        std::string bytes(step, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(next++);
        }
        if (put(host, bytes)) {
            in += bytes;
        }
        out += take(guest, step / 2 + 1);
    }
    for (std::string rest; !(rest = take(guest)).empty();) {
        out += rest;
    }
    RC_ASSERT(out == in);
    RC_ASSERT(guest.fault() == LineFault::none && host.fault() == LineFault::none);
}

/// Whatever is written over the page of counters: no byte is read or written outside the rings
/// (which the sanitizer builds see), and an end that finds fault stays closed.
RC_GTEST_PROP(LineEndProperty, CountersOfAnyValueDoNoHarm, ()) {
    const auto line = std::make_unique<rd_line>();
    LineEnd guest, host;
    guest.offer(line.get(), kEpoch);
    RC_ASSERT(host.attach(line.get(), kEpoch));
    const auto words =
        *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>());
    for (const std::uint32_t word : words) {
        volatile std::uint32_t* const fields[] = {
            &line->guest.head, &line->guest.tail, &line->guest.epoch, &line->guest.waits};
        *fields[word % 4] = word / 4;
        put(host, std::string(word % 300, 'p'));
        RC_ASSERT(take(host, 512).size() <= 512u);
        if (host.fault() != LineFault::none) {
            RC_ASSERT(!host.met());
            RC_ASSERT(!put(host, "x"));
        }
    }
}

TEST(LineEndThreads, TwoEndsOnTwoProcessorsLoseNothing) {
    const auto line = std::make_unique<rd_line>();
    LineEnd guest, host;
    guest.offer(line.get(), kEpoch);
    ASSERT_TRUE(host.attach(line.get(), kEpoch));
    constexpr std::uint32_t kCount = 200000;
    std::thread writer([&host] {
        for (std::uint32_t i = 0; i < kCount;) {
            if (host.write(reinterpret_cast<const std::uint8_t*>(&i), sizeof i)) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint32_t expected = 0, wrong = 0;
    while (expected < kCount) {
        std::uint32_t numbers[64];
        const std::size_t count =
            guest.read(reinterpret_cast<std::uint8_t*>(numbers), sizeof numbers);
        ASSERT_EQ(guest.fault(), LineFault::none);
        for (std::size_t i = 0; i < count / sizeof numbers[0]; ++i) {
            wrong += numbers[i] != expected++;
        }
        if (count == 0) {
            std::this_thread::yield();
        }
    }
    writer.join();
    EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace rundown::agent
