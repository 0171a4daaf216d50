// SPDX-License-Identifier: MIT
// The client over a line in memory: taken when it is offered, and done without as soon as anything
// is wrong with it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "rpc/guest_line_io.hpp"

#include <unistd.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "unit/rpc/memory_guest.hpp"

namespace rundown::rpc {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

Deadline soon() {
    return Deadline::in(10s, "an answer");
}

Request mark() {
    Request request;
    request.mutable_mark()->set_mark(1);
    return request;
}

/// Runs a coroutine to its end; what it throws fails the test.
void run(asio::io_context& loop, awaitable<void> body) {
    loop.restart();
    asio::co_spawn(loop, std::move(body), [&loop](std::exception_ptr error) {
        loop.stop();
        if (error) {
            std::rethrow_exception(error);
        }
    });
    loop.run();
}

class GuestLineTest : public testing::Test {
  protected:
    GuestLineTest() : guest_(loop_) {}

    ClientOptions options() const {
        ClientOptions options;
        options.resend_after = 1000s;  // What is sent again is sent for another reason.
        options.memory = guest_.line;
        return options;
    }
    std::unique_ptr<Client> opened(ClientOptions options) {
        auto client = std::make_unique<Client>(std::move(guest_.client_end), std::move(options));
        run(loop_, [&]() -> awaitable<void> { EXPECT_TRUE(co_await client->open(soon())); }());
        return client;
    }
    /// One request; whether it was answered.
    bool ask(Client& client) {
        bool answered = false;
        run(loop_, [&]() -> awaitable<void> {
            const auto response = co_await client.call(mark(), soon());
            answered = response && response->status() == 0;
        }());
        return answered;
    }

    asio::io_context loop_;
    MemoryGuest guest_;
};

TEST_F(GuestLineTest, FramesTravelInMemoryAfterHello) {
    const auto client = opened(options());
    const std::size_t serial_in = guest_.serial_in, serial_out = guest_.serial_out;
    const std::string contents = std::string(300000, 'c') + "the end";  // Round the ring, often.
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await put_file(*client, "file", contents, soon()));
        const auto back = co_await get_file(*client, "file", soon());
        EXPECT_TRUE(back && *back == contents);
    }());
    const auto statistics = client->statistics();
    EXPECT_EQ(statistics.memory_frames_sent, statistics.frames_sent - 1);  // But the hello.
    EXPECT_EQ(statistics.memory_frames_received, statistics.frames_received - 1);
    EXPECT_EQ(statistics.resent, 0u);
    EXPECT_EQ(statistics.skipped_bytes, 0u);
    EXPECT_EQ(guest_.serial_in - serial_in, statistics.bells_rung);  // Nothing but bells.
    EXPECT_LE(guest_.serial_out - serial_out, statistics.memory_frames_received);
}

TEST_F(GuestLineTest, WithoutTheWindowTheSerialLineCarriesEverything) {
    ClientOptions plain = options();
    plain.memory = nullptr;
    const auto client = opened(std::move(plain));
    EXPECT_TRUE(ask(*client));
    EXPECT_EQ(client->statistics().memory_frames_sent, 0u);
    EXPECT_EQ(client->statistics().bells_rung, 0u);
}

TEST_F(GuestLineTest, ASerialLineThatTurnsToGarbageMidFrameIsFoundBackTo) {
    ClientOptions plain = options();
    plain.memory = nullptr;
    const auto client = opened(std::move(plain));
    // The beginning of a large frame: the answer behind it looks like a part of it, until nothing
    // more comes. Nothing is sent again.
    const std::string large =
        agent::make_frame(agent::FrameType::response, 1, 1, std::string(9000, 'l'));
    for (const std::size_t cut : {std::size_t{3}, agent::kFrameHeaderBytes, std::size_t{4000}}) {
        guest_.serial_garbage = large.substr(0, cut);
        EXPECT_TRUE(ask(*client)) << cut;
    }
    EXPECT_EQ(client->statistics().resent, 0u);
    EXPECT_EQ(client->statistics().skipped_bytes, 3 + agent::kFrameHeaderBytes + 4000);
}

TEST_F(GuestLineTest, AGuestWithoutALineIsSpokenToOverTheSerialOne) {
    guest_.home.on_restart_line = nullptr;
    const auto client = opened(options());
    EXPECT_TRUE(ask(*client));
    EXPECT_EQ(client->statistics().memory_frames_sent, 0u);
}

TEST_F(GuestLineTest, AnOfferThatIsNotInMemoryIsNotTaken) {
    guest_.home.on_restart_line = [this] { guest_.home.line_epoch = 77; };
    const auto client = opened(options());
    EXPECT_TRUE(ask(*client));
    EXPECT_EQ(client->statistics().memory_frames_sent, 0u);
}

TEST_F(GuestLineTest, LostBellsOfTheGuestCostTimeAndNothingElse) {
    guest_.has_bell = false;
    const auto client = opened(options());
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(ask(*client));
    }
    EXPECT_EQ(guest_.home.marks, 3);
    EXPECT_EQ(client->statistics().resent, 0u);
}

TEST_F(GuestLineTest, EveryFrameDamagedInMemoryOnceIsMadeUpForOverTheSerialLine) {
    ClientOptions impatient = options();
    impatient.resend_after = 10ms;
    const auto client = opened(std::move(impatient));
    int portion = 0, damaged_at = -1;
    const auto damage = [&](std::string& bytes) {
        if (portion++ == damaged_at) {
            bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
        }
    };
    guest_.on_portion = damage;
    guest_.on_frame_out = damage;
    for (damaged_at = 0; damaged_at < 6; ++damaged_at) {
        portion = 0;
        const int marks = guest_.home.marks;
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(ask(*client)) << damaged_at;
        }
        EXPECT_EQ(guest_.home.marks, marks + 3) << damaged_at;
    }
    EXPECT_GE(client->statistics().resent, 6u);
}

TEST_F(GuestLineTest, CountersOutOfRangeSendEverythingOverTheSerialLineAtOnce) {
    for (const bool head : {true, false}) {
        asio::io_context loop;
        MemoryGuest guest(loop);
        ClientOptions wanted = options();
        wanted.memory = guest.line;
        Client client(std::move(guest.client_end), std::move(wanted));
        const TimePoint begin = Clock::now();
        run(loop, [&]() -> awaitable<void> {
            EXPECT_TRUE(co_await client.open(soon()));
            // The first answer is garbage in the ring, and then the counters are written over.
            guest.has_bell = false;
            bool is_first = true;
            guest.on_frame_out = [&](std::string& frame) {
                if (std::exchange(is_first, false)) {
                    frame.assign(frame.size(), 'x');
                    asio::post(loop, [&guest, head] {
                        (head ? guest.line->guest.head : guest.line->guest.tail) = 0x12345678;
                    });
                }
            };
            EXPECT_TRUE(co_await client.call(mark(), soon()));
            EXPECT_TRUE(co_await client.call(mark(), soon()));
        }());
        EXPECT_EQ(guest.home.marks, 2);
        EXPECT_LT(Clock::now() - begin, 5s);
        EXPECT_FALSE(guest.end.met());
        EXPECT_EQ(client.statistics().resent, 1u);
    }
}

TEST_F(GuestLineTest, AGuestThatFindsFaultIsFollowedToTheSerialLine) {
    const auto client = opened(options());
    EXPECT_TRUE(ask(*client));
    const auto before = client->statistics();
    guest_.line->host.head = guest_.line->host.head + RD_LINE_RING_BYTES + 1;
    EXPECT_FALSE(guest_.end.has_input());
    EXPECT_EQ(guest_.end.fault(), agent::LineFault::bad_head);
    EXPECT_TRUE(ask(*client));
    EXPECT_EQ(client->statistics().memory_frames_sent, before.memory_frames_sent);
    EXPECT_EQ(guest_.home.marks, 2);
}

TEST_F(GuestLineTest, TheLogTellsOfTheFault) {
    const auto file =
        std::filesystem::temp_directory_path() / ("rundown-line-log-" + std::to_string(::getpid()));
    ClientOptions logged = options();
    logged.log_file = file.string();
    {
        const auto client = opened(std::move(logged));
        EXPECT_TRUE(ask(*client));
        guest_.line->guest.head = guest_.line->guest.head + RD_LINE_RING_BYTES + 1;
        client->look();
        EXPECT_TRUE(ask(*client));
    }
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    std::filesystem::remove(file);
    EXPECT_NE(text.str().find("written more than the ring holds"), std::string::npos) << text.str();
    EXPECT_NE(text.str().find("memory"), std::string::npos);
    EXPECT_NE(text.str().find("serial"), std::string::npos);
}

TEST_F(GuestLineTest, AGuestThatRestartsIsAttachedToAnew) {
    const auto client = opened(options());
    EXPECT_TRUE(ask(*client));
    guest_.offer();  // Its memory begins anew before it says hello.
    guest_.home.server->announce();
    EXPECT_FALSE(ask(*client));
    run(loop_, [&]() -> awaitable<void> { EXPECT_TRUE(co_await client->open(soon())); }());
    const auto before = client->statistics().memory_frames_sent;
    EXPECT_TRUE(ask(*client));
    EXPECT_EQ(client->statistics().memory_frames_sent, before + 1);
}

TEST_F(GuestLineTest, WhatTheGuestSaidLastIsHeardAfterItsSerialLineEnded) {
    const auto client = opened(options());
    std::string heard;
    client->on_event([&heard](const Event& event) { heard += event.shutting_down(); });
    guest_.has_bell = false;
    auto event = std::make_unique<agent::Event>();
    event->which_event = rundown_rpc_Event_shutting_down_tag;
    std::snprintf(event->event.shutting_down, 64, "power off");
    guest_.home.server->send_event(*event);
    guest_.close();
    EXPECT_FALSE(ask(*client));
    EXPECT_EQ(heard, "power off");
}

TEST_F(GuestLineTest, AGuestThatNeverStopsWritingDoesNotHoldTheLoop) {
    const auto client = opened(options());
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        const std::string garbage(16 << 10, static_cast<char>(0xD5));
        while (!stop) {
            guest_.end.write(reinterpret_cast<const std::uint8_t*>(garbage.data()), garbage.size());
        }
    });
    while (guest_.line->guest.head == 0) {
        std::this_thread::yield();
    }
    client->look();
    int turns = 0;
    run(loop_, [&]() -> awaitable<void> {
        asio::steady_timer timer(loop_);
        for (; turns < 5; ++turns) {
            timer.expires_after(1ms);
            co_await timer.async_wait(asio::use_awaitable);
        }
    }());
    stop = true;
    writer.join();
    EXPECT_EQ(turns, 5);
    EXPECT_GT(client->statistics().skipped_bytes, 0u);
}

/// The rings with a doorbell of somebody else's: hello goes through them as well, and the serial
/// line carries nothing.
TEST_F(GuestLineTest, ADoorbellOfItsOwnNeedsNoSerialLine) {
    struct Bell : Doorbell {
        explicit Bell(std::function<void()> ring_) : ring(std::move(ring_)) {}
        void ring_guest() override { ring(); }
        std::function<void()> ring;
    };
    guest_.home.on_restart_line = nullptr;
    ClientOptions alone = options();
    alone.doorbell =
        std::make_shared<Bell>([this] { asio::post(loop_, [this] { guest_.look(); }); });
    const auto client = std::make_unique<Client>(std::move(guest_.client_end), std::move(alone));
    guest_.ring_host = [&] { asio::post(loop_, [&] { client->look(); }); };
    guest_.offer();
    run(loop_, [&]() -> awaitable<void> {
        guest_.home.server->announce();
        EXPECT_TRUE(co_await client->open(soon()));
        EXPECT_TRUE(co_await client->call(mark(), soon()));
    }());
    EXPECT_EQ(guest_.serial_out, 0u);
    EXPECT_EQ(guest_.home.marks, 1);
    EXPECT_EQ(client->statistics().memory_frames_received, client->statistics().frames_received);
}

}  // namespace
}  // namespace rundown::rpc
