// SPDX-License-Identifier: MIT
// The far end of a NIC, with a socket of our own in the place of QEMU's.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "witness/nic_peer_io.hpp"
#include "witness/stream_decoder.hpp"
#include "witness/traffic.hpp"

namespace rundown::witness {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

class NicPeerTest : public testing::Test {
  protected:
    void SetUp() override {
        Tcp::acceptor acceptor(loop, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        qemu.connect(acceptor.local_endpoint());
        auto started = NicPeer::start(acceptor.accept(), NicPeerOptions{});
        ASSERT_TRUE(started);
        peer = std::move(*started);
    }

    /// Turns the loop until `done`, or until a hang is certain.
    template <class Done>
    void turn_until(Done done) {
        const auto end = Clock::now() + Milliseconds(5000);
        while (!done()) {
            ASSERT_LT(Clock::now(), end) << "hangs";
            loop.run_one_for(Milliseconds(20));
        }
    }

    asio::io_context loop{1};
    Tcp::socket qemu{loop};
    std::unique_ptr<NicPeer> peer;
};

TEST_F(NicPeerTest, ReadsWhileSilent) {
    Traffic traffic(1, 0, {});
    std::vector<std::byte> wire;
    traffic.append(50, wire);
    asio::write(qemu, asio::buffer(wire));
    turn_until([&] { return peer->statistics().frames_from_guest == 50; });
    EXPECT_EQ(peer->frames_to_guest(), 0u);
}

TEST_F(NicPeerTest, HeavyIsHeldBackByAGuestThatDoesNotTake) {
    peer->set_pace(Pace::heavy);
    std::uint64_t before = ~0ull;
    turn_until([&] {
        return std::exchange(before, peer->frames_to_guest()) == peer->frames_to_guest() &&
               before != 0;
    });
    const auto stuck = peer->frames_to_guest();
    std::vector<std::byte> taken(1 << 20);
    qemu.non_blocking(true);
    turn_until([&] {
        boost::system::error_code ignored;
        qemu.read_some(asio::buffer(taken), ignored);
        return peer->frames_to_guest() > stuck + 100;
    });
    peer->set_pace(Pace::silent);
    EXPECT_TRUE(peer->close());
}

TEST_F(NicPeerTest, LightIsAHundredASecond) {
    peer->set_pace(Pace::light);
    const auto start = Clock::now();
    turn_until([&] { return peer->frames_to_guest() >= 10; });
    EXPECT_GE(Clock::now() - start, Milliseconds(90));
}

TEST_F(NicPeerTest, QuietWaitsForTheLastFrameAndNoLonger) {
    bool quiet = false;
    bool done = false;
    asio::co_spawn(
        loop,
        [&]() -> asio::awaitable<void> {
            quiet = co_await peer->quiet(
                Milliseconds(30), Deadline::in(Milliseconds(2000), "the wire to be quiet")
            );
            done = true;
        },
        asio::detached
    );
    turn_until([&] { return done; });
    EXPECT_TRUE(quiet);
}

TEST_F(NicPeerTest, AWireOutOfStepIsTheErrorOfClose) {
    asio::write(qemu, asio::buffer("\xFF\xFF\xFF\xFF", 4));
    turn_until([&] { return peer->statistics().bytes_from_guest == 0 && loop.poll() == 0; });
    const auto closed = peer->close();
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().kind, ErrorKind::protocol);
}

}  // namespace
}  // namespace rundown::witness
