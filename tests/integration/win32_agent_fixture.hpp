// SPDX-License-Identifier: MIT
// integration/win32_agent_fixture.hpp
//
// rundown-agent.exe under Wine, its COM1 on a pseudo-terminal, and the host's own client at the
// other end.
#pragma once
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/support/program.hpp"
#include "integration/support/serial_cable.hpp"
#include "integration/support/wine.hpp"
#include "rpc/client_io.hpp"

namespace rundown::integration {

using namespace std::chrono_literals;

class Win32Agent : public testing::Test {
  protected:
    void SetUp() override {
        const std::string missing = Wine::missing();
        if (!missing.empty()) {
            std::fprintf(stderr, "SKIPPED, LOUDLY: %s\n", missing.c_str());
            GTEST_SKIP() << missing;
        }
        ASSERT_TRUE(std::filesystem::exists(program_file()))
            << program_file() << " has not been built (make drivers)";
        wine = std::make_unique<Wine>();
        wine->end_everything();  // Of a test that was killed.
        std::filesystem::remove_all(folder());
        std::filesystem::create_directories(folder());
        std::filesystem::copy_file(program_file(), folder() + "/rundown-agent.exe");
        cable = std::make_unique<SerialCable>(wine->serial_line());
    }

    void TearDown() override {
        client.reset();
        if (HasFailure() && wine) {
            std::fprintf(
                stderr, "the agent's log:\n%s", contents_of(folder() + "/rundown-agent.log").c_str()
            );
        }
        if (agent > 0) {
            ::kill(-agent, SIGKILL);
            wait_for(agent, 10s);
        }
        if (HasFailure() && wine) {
            wine->forget();  // What a test left half done is not for the next one.
        }
        wine.reset();
        cable.reset();
    }

    static std::string program_file() { return built("drivers-x64/rundown-agent.exe"); }
    /// Where the agent is, for the host and for the guest.
    std::string folder() const { return wine->drive() + "/agent"; }
    static std::string guest_path(const std::string& name) { return "C:\\agent\\" + name; }
    /// Where the agent keeps files that were put.
    std::string store() const { return wine->drive() + "/windows/temp/rundown"; }

    void start_agent() {
        agent = wine->start({guest_path("rundown-agent.exe"), "--console"});
        ASSERT_GT(agent, 0);
    }
    /// As a power cut: no chance to say anything.
    void kill_agent() {
        ::kill(-agent, SIGKILL);
        ASSERT_TRUE(wait_for(agent, 20s));
        agent = -1;
        wine->end_everything();
    }

    /// A client of a new host, and its session.
    result<rpc::Hello> open(std::chrono::milliseconds patience = 60s) {
        client.reset();
        loop = std::make_unique<boost::asio::io_context>();
        client = std::make_unique<rpc::Client>(cable->host_end(*loop), rpc::ClientOptions{});
        return open_again(patience);
    }
    /// Another session of the same client.
    result<rpc::Hello> open_again(std::chrono::milliseconds patience = 60s) {
        return wait(client->open(Deadline::in(patience, "the agent's hello")));
    }

    /// Port, agent and session.
    void bring_up() {
        cable->plug_in();
        start_agent();
        const auto hello = open();
        ASSERT_TRUE(hello) << hello.error().sentence;
    }

    template <class T>
    T wait(boost::asio::awaitable<T> what) {
        std::optional<T> answer;
        boost::asio::co_spawn(*loop, std::move(what), [&](std::exception_ptr failure, T value) {
            EXPECT_FALSE(failure);
            answer.emplace(std::move(value));
        });
        loop->restart();
        while (!answer && loop->run_one() != 0) {
        }
        return std::move(*answer);
    }

    result<rpc::Response> call(rpc::Request request, std::chrono::milliseconds patience = 60s) {
        return wait(client->call(std::move(request), Deadline::in(patience, "an answer")));
    }
    /// An answer that has to come, whatever it says.
    rpc::Response ask(const rpc::Request& request) {
        auto answer = call(request);
        EXPECT_TRUE(answer) << answer.error().sentence;
        return answer ? *answer : rpc::Response();
    }
    /// An answer that has to be success.
    rpc::Response done(const rpc::Request& request) {
        const rpc::Response answer = ask(request);
        EXPECT_EQ(answer.status(), 0u) << answer.message();
        return answer;
    }
    /// An answer that has to be a refusal, with a sentence.
    std::string refused(const rpc::Request& request, std::uint32_t status = 0) {
        const rpc::Response answer = ask(request);
        EXPECT_NE(answer.status(), 0u) << "it was not refused";
        if (status != 0) {
            EXPECT_EQ(answer.status(), status) << answer.message();
        }
        EXPECT_GT(answer.message().size(), 10u) << "a refusal without a sentence";
        return answer.message();
    }
    bool answers(const std::string& text = "still here") {
        rpc::Request request;
        request.set_echo(text);
        const auto answer = call(request, 20s);
        return answer && answer->data() == text;
    }
    void put(const std::string& name, const std::string& bytes) {
        const auto end = wait(
            rpc::put_file(*client, name, bytes, Deadline::in(std::chrono::minutes(2), "a file put"))
        );
        EXPECT_TRUE(end) << end.error().sentence;
    }

    std::unique_ptr<Wine> wine;
    std::unique_ptr<SerialCable> cable;
    std::unique_ptr<boost::asio::io_context> loop;
    std::unique_ptr<rpc::Client> client;
    pid_t agent = -1;
};

}  // namespace rundown::integration
