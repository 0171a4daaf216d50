// SPDX-License-Identifier: MIT
// The host's client and the agent's server talking over a real pair of sockets, with every frame
// lost or damaged in turn, and with the line cut at every frame.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "rpc/client_io.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>

#include "unit/agent/test_home.hpp"

namespace rundown::rpc {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

enum class Mishap {
    none,    // The line is good.
    lose,    // The portion does not arrive.
    damage,  // One bit of it is flipped.
    repeat,  // It arrives twice.
    cut,     // The line ends there.
};

/// The guest's end of the line: a server behind a line on which the Nth portion meets a mishap.
class FakeGuest {
  public:
    FakeGuest(asio::io_context& loop, Mishap mishap, int at)
        : client_end(loop), guest_end_(loop), mishap_(mishap), at_(at) {
        asio::local::connect_pair(client_end, guest_end_);
        EXPECT_TRUE(home.server->initialise());
        home.on_transmit = [this](std::string frame) { carry(std::move(frame), true); };
        asio::co_spawn(loop, read(), asio::detached);
    }
    ~FakeGuest() { close(); }

    void close() {
        boost::system::error_code ignored;
        guest_end_.close(ignored);
    }
    bool met_mishap() const { return portions_ > at_; }

    agent::TestHome home;
    Client::Stream client_end;

  private:
    awaitable<void> read() {
        std::array<std::uint8_t, 8192> bytes;
        for (;;) {
            const auto [error, count] = co_await guest_end_.async_read_some(
                asio::buffer(bytes), asio::as_tuple(asio::use_awaitable)
            );
            if (error) {
                co_return;
            }
            carry(std::string(bytes.begin(), bytes.begin() + static_cast<long>(count)), false);
            home.run_workers();
        }
    }

    void carry(std::string portion, bool to_host) {
        int times = 1;
        if (portions_++ == at_) {
            times = mishap_ == Mishap::lose ? 0 : mishap_ == Mishap::repeat ? 2 : 1;
            if (mishap_ == Mishap::damage) {
                portion[portion.size() / 2] = static_cast<char>(portion[portion.size() / 2] ^ 4);
            }
            if (mishap_ == Mishap::cut) {
                close();
                return;
            }
        }
        for (; times > 0; --times) {
            if (!to_host) {
                home.server->feed(
                    agent::Port::serial,
                    reinterpret_cast<const std::uint8_t*>(portion.data()),
                    portion.size()
                );
            } else if (guest_end_.is_open()) {
                boost::system::error_code ignored;
                asio::write(guest_end_, asio::buffer(portion), ignored);
            }
        }
    }

    Client::Stream guest_end_;
    Mishap mishap_;
    int at_;
    int portions_ = 0;
};

ClientOptions quick() {
    ClientOptions options;
    options.resend_after = 3ms;
    return options;
}

Deadline soon(const char* what = "an answer") {
    return Deadline::in(5s, what);
}

Request mark() {
    Request request;
    request.mutable_mark()->set_mark(1);
    return request;
}

Request ioctl() {
    Request request;
    request.mutable_ioctl()->set_device("any");
    return request;
}

/// Runs a coroutine to its end; what it throws fails the test.
void run(asio::io_context& loop, awaitable<void> body) {
    asio::co_spawn(loop, std::move(body), [&loop](std::exception_ptr error) {
        loop.stop();
        if (error) {
            std::rethrow_exception(error);
        }
    });
    loop.run();
}

/// All a run does with an agent, in small: what it counts on afterwards is checked by the caller.
awaitable<result<void>> talk(Client& client, const std::string& contents) {
    RUNDOWN_CO_TRY(co_await client.open(soon("the agent's hello")));
    RUNDOWN_CO_TRY(co_await client.call(mark(), soon()));
    RUNDOWN_CO_TRY(co_await put_file(client, "file", contents, soon()));
    RUNDOWN_CO_TRY(co_await client.call(mark(), soon()));
    const auto back = co_await get_file(client, "file", soon());
    RUNDOWN_CO_TRY(back);
    EXPECT_EQ(*back, contents);
    co_return result<void>{};
}

/// `talk` with the mishap at portion 0, 1, 2, ... until it never happens.
int with_each_portion(Mishap mishap, auto check) {
    const std::string contents = std::string(6000, 'c') + "the end";
    for (int at = 0;; ++at) {
        asio::io_context loop;
        FakeGuest guest(loop, mishap, at);
        result<void> outcome{};
        {
            Client client(std::move(guest.client_end), quick());
            run(loop, [&]() -> awaitable<void> { outcome = co_await talk(client, contents); }());
        }
        loop.restart();
        loop.poll();
        if (!guest.met_mishap()) {
            EXPECT_TRUE(outcome);
            return at;
        }
        check(outcome, guest.home, at);
    }
}

void expect_done_once(const result<void>& outcome, const agent::TestHome& home, int at) {
    EXPECT_TRUE(outcome) << "portion " << at << ": " << outcome.error().sentence;
    EXPECT_EQ(home.marks, 2) << "portion " << at;
}

TEST(RpcClient, EveryPortionLostOnce) {
    EXPECT_GE(with_each_portion(Mishap::lose, expect_done_once), 18);
}
TEST(RpcClient, EveryPortionDamagedOnce) {
    EXPECT_GE(with_each_portion(Mishap::damage, expect_done_once), 18);
}
TEST(RpcClient, EveryPortionRepeatedOnce) {
    EXPECT_GE(with_each_portion(Mishap::repeat, expect_done_once), 18);
}
TEST(RpcClient, TheLineCutAtEveryPortion) {
    with_each_portion(Mishap::cut, [](const result<void>& outcome, const agent::TestHome&, int at) {
        ASSERT_FALSE(outcome) << at;
        EXPECT_EQ(outcome.error().kind, ErrorKind::lost_contact) << outcome.error().sentence;
    });
}

class RpcClientTest : public testing::Test {
  protected:
    RpcClientTest() : guest_(loop_, Mishap::none, 0) {}

    asio::io_context loop_;
    FakeGuest guest_;
};

TEST_F(RpcClientTest, ATimeoutNamesTheOperationAndWhatWasWaitedFor) {
    Client client(std::move(guest_.client_end), quick());
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await client.open(soon()));
        guest_.home.server->fall_silent();
        const auto response = co_await client.call(mark(), Deadline::in(30ms, "the mark"));
        EXPECT_FALSE(response);
        EXPECT_EQ(response.error().kind, ErrorKind::timeout);
        EXPECT_NE(response.error().sentence.find("operation mark"), std::string::npos);
        EXPECT_NE(response.error().sentence.find("the mark"), std::string::npos);
        EXPECT_GE(client.statistics().resent, 1u);
    }());
}

TEST_F(RpcClientTest, NoHelloIsAGuestThatDidNotBoot) {
    guest_.home.server->fall_silent();
    Client client(std::move(guest_.client_end), quick());
    run(loop_, [&]() -> awaitable<void> {
        const auto hello = co_await client.open(Deadline::in(30ms, "the agent's hello"));
        EXPECT_FALSE(hello);
        EXPECT_EQ(hello.error().kind, ErrorKind::guest_boot);
        EXPECT_NE(hello.error().sentence.find("the agent's hello"), std::string::npos);
    }());
}

TEST_F(RpcClientTest, AnAgentOfAnotherVersionIsRefused) {
    guest_.home.server->fall_silent();
    asio::local::stream_protocol::socket ours(loop_), theirs(loop_);
    asio::local::connect_pair(ours, theirs);
    Client client(std::move(ours), quick());
    run(loop_, [&]() -> awaitable<void> {
        std::array<std::uint8_t, 64> bytes;
        HelloRequest asked;
        Hello answer;
        answer.set_protocol_version(99);
        auto opened = asio::co_spawn(loop_, client.open(soon()), asio::use_awaitable);
        asio::co_spawn(
            loop_,
            [&]() -> awaitable<void> {
                const auto count =
                    co_await theirs.async_read_some(asio::buffer(bytes), asio::use_awaitable);
                const std::string frame(bytes.begin(), bytes.begin() + static_cast<long>(count));
                const auto taken = agent::take_frames(frame, frame.size());
                co_await asio::async_write(
                    theirs,
                    asio::buffer(agent::make_frame(
                        agent::FrameType::hello,
                        taken.at(0).head.session,
                        0,
                        answer.SerializeAsString()
                    )),
                    asio::use_awaitable
                );
            },
            asio::detached
        );
        const auto hello = co_await std::move(opened);
        EXPECT_FALSE(hello);
        EXPECT_EQ(hello.error().kind, ErrorKind::protocol);
        EXPECT_NE(hello.error().sentence.find("99"), std::string::npos);
    }());
}

TEST_F(RpcClientTest, ClosingEndsEveryWaitingCallAtOnce) {
    Client client(std::move(guest_.client_end), ClientOptions{});
    int ended = 0;
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await client.open(soon()));
        guest_.home.server->fall_silent();
        for (int i = 0; i < 3; ++i) {
            asio::co_spawn(
                loop_,
                [&]() -> awaitable<void> {
                    const auto response = co_await client.call(mark(), soon());
                    EXPECT_FALSE(response);
                    EXPECT_EQ(response.error().kind, ErrorKind::lost_contact);
                    ++ended;
                },
                asio::detached
            );
        }
        asio::steady_timer timer(loop_, 5ms);
        co_await timer.async_wait(asio::use_awaitable);
        const TimePoint begin = Clock::now();
        client.close();
        client.close();
        timer.expires_after(5ms);
        co_await timer.async_wait(asio::use_awaitable);
        EXPECT_EQ(ended, 3);
        EXPECT_LT(Clock::now() - begin, 1s);
        const auto after = co_await client.call(mark(), soon());
        EXPECT_FALSE(after);
        EXPECT_EQ(after.error().kind, ErrorKind::lost_contact);
    }());
}

TEST_F(RpcClientTest, AnswersComeInAnyOrder) {
    Client client(std::move(guest_.client_end), ClientOptions{});
    std::string order;
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await client.open(soon()));
        asio::co_spawn(
            loop_,
            [&]() -> awaitable<void> {
                EXPECT_TRUE(co_await client.call(ioctl(), soon()));  // A worker's.
                order += "ioctl ";
            },
            asio::detached
        );
        EXPECT_TRUE(co_await client.call(mark(), soon()));
        order += "mark ";
        asio::steady_timer timer(loop_, 5ms);
        co_await timer.async_wait(asio::use_awaitable);
    }());
    EXPECT_EQ(order, "mark ioctl ");
}

TEST_F(RpcClientTest, AGuestThatRestartsEndsTheSessionAndCanBeOpenedAgain) {
    Client client(std::move(guest_.client_end), ClientOptions{});
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await client.open(soon()));
        guest_.home.server->announce();
        const auto response = co_await client.call(mark(), soon());
        EXPECT_FALSE(response);
        EXPECT_EQ(response.error().kind, ErrorKind::lost_contact);
        EXPECT_NE(response.error().sentence.find("restarted"), std::string::npos);
        EXPECT_TRUE(co_await client.open(soon()));
        EXPECT_TRUE(co_await client.call(mark(), soon()));
    }());
}

TEST_F(RpcClientTest, EventsAreHeard) {
    Client client(std::move(guest_.client_end), quick());
    std::string heard;
    client.on_event([&heard](const Event& event) { heard += event.shutting_down(); });
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await client.open(soon()));
        auto event = std::make_unique<agent::Event>();
        event->which_event = rundown_rpc_Event_shutting_down_tag;
        std::snprintf(event->event.shutting_down, 64, "power off");
        guest_.home.server->send_event(*event);
        EXPECT_TRUE(co_await client.call(mark(), soon()));
    }());
    EXPECT_EQ(heard, "power off");
}

TEST_F(RpcClientTest, ARefusedFileSaysWhy) {
    Client client(std::move(guest_.client_end), quick());
    guest_.home.write_status = 0xC000007F;
    run(loop_, [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await client.open(soon()));
        const auto put = co_await put_file(client, "file", "bytes", soon());
        EXPECT_FALSE(put);
        EXPECT_EQ(put.error().kind, ErrorKind::refused);
        EXPECT_NE(put.error().sentence.find("C000007F"), std::string::npos);
        const auto got = co_await get_file(client, "absent", soon());
        EXPECT_FALSE(got);
        EXPECT_EQ(got.error().kind, ErrorKind::refused);
    }());
}

TEST_F(RpcClientTest, TheLogHasALineAFrame) {
    const auto file =
        std::filesystem::temp_directory_path() / ("rundown-rpc-log-" + std::to_string(::getpid()));
    {
        Client client(std::move(guest_.client_end), ClientOptions{file.string(), 1});
        run(loop_, [&]() -> awaitable<void> {
            EXPECT_TRUE(co_await client.open(soon()));
            EXPECT_TRUE(co_await client.call(mark(), soon()));
        }());
    }
    std::ifstream log(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) {
        lines.push_back(line);
    }
    std::filesystem::remove(file);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_NE(lines[0].find("> hello_request"), std::string::npos);
    EXPECT_NE(lines[1].find("< hello"), std::string::npos);
    EXPECT_NE(lines[2].find("> mark"), std::string::npos);
    EXPECT_NE(lines[3].find("< mark"), std::string::npos);
}

TEST_F(RpcClientTest, ALogThatCannotBeWrittenIsSaid) {
    Client client(std::move(guest_.client_end), ClientOptions{"/nonexistent/rpc.log", 1});
    run(loop_, [&]() -> awaitable<void> {
        const auto hello = co_await client.open(soon());
        EXPECT_FALSE(hello);
        EXPECT_EQ(hello.error().kind, ErrorKind::environment);
    }());
}

TEST_F(RpcClientTest, ARequestBeforeTheSessionIsAnError) {
    Client client(std::move(guest_.client_end), quick());
    run(loop_, [&]() -> awaitable<void> {
        const auto response = co_await client.call(mark(), soon());
        EXPECT_FALSE(response);
        EXPECT_EQ(response.error().kind, ErrorKind::internal);
    }());
}

}  // namespace
}  // namespace rundown::rpc
