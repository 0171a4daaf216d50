// SPDX-License-Identifier: MIT
// The Win32 agent and its line: killed and started again, garbage both ways, a host that reads
// nothing, a port that is not there yet.
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <random>
#include <thread>

#include "agent/core/frame.hpp"
#include "integration/win32_agent_fixture.hpp"

namespace rundown::integration {
namespace {

std::string garbage(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::string bytes(count, '\0');
    for (char& c : bytes) {
        const auto drawn = random();
        // Many frames seem to begin.
        c = static_cast<char>(drawn % 16 == 0 ? agent::kFrameStart : drawn >> 8);
    }
    return bytes;
}

TEST_F(Win32Agent, KilledAndStartedAgainIsAnotherSession) {
    bring_up();
    put("kept", "over the restart");
    const auto before = open();
    ASSERT_TRUE(before);
    ::kill(-agent, SIGKILL);
    ASSERT_TRUE(wait_for(agent, 20s));
    start_agent();
    // Its hello, unasked, ends the session it knows nothing of.
    rpc::Request request;
    request.mutable_ping();
    const auto lost = call(request, 60s);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().kind, ErrorKind::lost_contact) << lost.error().sentence;
    const auto after = open_again();
    ASSERT_TRUE(after) << after.error().sentence;
    EXPECT_NE(after->session_id(), before->session_id());
    EXPECT_EQ(after->boot_id(), before->boot_id()) << "the system has not been restarted";
    const auto kept = wait(rpc::get_file(*client, "kept", Deadline::in(20s, "a file")));
    ASSERT_TRUE(kept);
    EXPECT_EQ(*kept, "over the restart");
}

TEST_F(Win32Agent, AnotherBootIsToldByItsId) {
    bring_up();
    const auto before = open();
    ASSERT_TRUE(before);
    kill_agent();  // And all of Wine, registry included.
    start_agent();
    const auto after = open();
    ASSERT_TRUE(after) << after.error().sentence;
    EXPECT_NE(after->boot_id(), before->boot_id());
}

TEST_F(Win32Agent, FindsItsWayBackAfterGarbage) {
    bring_up();
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        cable->say_to_guest(garbage(20000, seed));
        EXPECT_TRUE(answers("after garbage to the guest")) << seed;
        cable->say_to_host(garbage(20000, seed));
        EXPECT_TRUE(answers("after garbage to the host")) << seed;
    }
    EXPECT_GT(client->statistics().skipped_bytes, 0u);
}

TEST_F(Win32Agent, LivesOnWhileNobodyReads) {
    bring_up();
    cable->hold_guest_bytes(true);
    // Far more answers than a terminal holds, from one worker and the reading thread.
    rpc::Request request;
    request.set_echo(std::string(4000, 'e'));
    for (int i = 0; i < 40; ++i) {
        EXPECT_FALSE(call(request, 200ms));
    }
    std::this_thread::sleep_for(7s);  // A frame's patience is over.
    cable->hold_guest_bytes(false);
    EXPECT_TRUE(answers("alive"));
    const auto hello = open();
    ASSERT_TRUE(hello) << hello.error().sentence;
    EXPECT_TRUE(answers("in a new session"));
}

TEST_F(Win32Agent, WaitsForItsPort) {
    start_agent();
    std::this_thread::sleep_for(3s);
    EXPECT_EQ(cable->guest_bytes(), 0u);
    cable->plug_in();
    const auto hello = open();
    ASSERT_TRUE(hello) << hello.error().sentence;
    EXPECT_NE(
        contents_of(folder() + "/rundown-agent.log").find("COM1 cannot be opened yet"),
        std::string::npos
    );
}

TEST_F(Win32Agent, SaysHelloUnaskedOnce) {
    cable->plug_in();
    start_agent();
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (cable->guest_bytes() == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(10ms);
    }
    const std::size_t said = cable->guest_bytes();
    EXPECT_GT(said, agent::kFrameHeaderBytes);
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(cable->guest_bytes(), said);
}

TEST_F(Win32Agent, AnswersWhileAnOperationBlocks) {
    bring_up();
    namespace asio = boost::asio;
    using namespace asio::experimental::awaitable_operators;
    rpc::Request slow, quick;
    slow.mutable_binding_wait();  // 200 ms at least
    quick.mutable_ping();
    TimePoint slow_end, quick_end;
    const auto timed = [&](rpc::Request request, TimePoint* end) -> asio::awaitable<bool> {
        auto answer = co_await client->call(request, Deadline::in(20s, "an answer"));
        *end = Clock::now();
        co_return answer.has_value() && answer->status() == 0;
    };
    const auto both = [&]() -> asio::awaitable<bool> {
        auto [a, b] = co_await (timed(slow, &slow_end) && timed(quick, &quick_end));
        co_return a&& b;
    };
    EXPECT_TRUE(wait(both()));
    EXPECT_LT(quick_end, slow_end);
}

}  // namespace
}  // namespace rundown::integration
