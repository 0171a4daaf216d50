// SPDX-License-Identifier: MIT
// The Win32 agent as a service of Wine's, and replaced by another one.
#include <gmock/gmock.h>

#include <thread>

#include "integration/win32_agent_fixture.hpp"

namespace rundown::integration {
namespace {

using testing::HasSubstr;

/// The program with something behind its end, which makes it another file and no other program.
std::string another_build() {
    return contents_of(built("drivers-x64/rundown-agent.exe")) + "another build";
}

rpc::Request update_request() {
    rpc::Request request;
    request.mutable_agent_update()->set_file("new-agent.exe");
    return request;
}

TEST_F(Win32Agent, IsReplacedByAFileThatWasPut) {
    bring_up();
    put("new-agent.exe", another_build());
    done(update_request());
    const auto hello = open_again();
    ASSERT_TRUE(hello) << hello.error().sentence;
    // The old one answers until its end: the new one is there when the old process is gone.
    ASSERT_TRUE(wait_for(agent, 30s)) << "the old agent has not ended";
    agent = -1;
    ASSERT_TRUE(open());
    EXPECT_TRUE(answers());
    EXPECT_TRUE(contents_of(folder() + "/rundown-agent.exe") == another_build());
    EXPECT_TRUE(std::filesystem::exists(folder() + "/rundown-agent.exe.old"));
    done(update_request());  // And again, over the old one.
    std::this_thread::sleep_for(2s);
    ASSERT_TRUE(open());
    EXPECT_TRUE(answers());
}

TEST_F(Win32Agent, IsNotReplacedByWhatDoesNotRun) {
    bring_up();
    put("new-agent.exe", "no program");
    EXPECT_THAT(refused(update_request(), 0xC000007B), HasSubstr("architecture"));
    put("new-agent.exe", contents_of(built("drivers-i386/rundown-agent.exe")));
    EXPECT_THAT(refused(update_request(), 0xC000007B), HasSubstr("architecture"));
    put("new-agent.exe", another_build().substr(0, 100000));
    refused(update_request());
    rpc::Request request;
    request.mutable_agent_update()->set_file("never-put.exe");
    EXPECT_THAT(refused(request, 0xC0000034), HasSubstr("no such file"));
    request.mutable_agent_update()->set_file("..\\x.exe");
    refused(request, 0xC0000033);
    EXPECT_TRUE(answers());
    EXPECT_TRUE(
        contents_of(folder() + "/rundown-agent.exe") ==
        contents_of(built("drivers-x64/rundown-agent.exe"))
    );
}

TEST_F(Win32Agent, RunsAsAServiceAndIsUpdatedAsOne) {
    cable->plug_in();
    const std::string program = guest_path("rundown-agent.exe");
    // Wine ends its services with the last program that is none: another agent, for a port that
    // never comes.
    agent =
        wine->start({program, "--console", "--port", "COM77", "--log", guest_path("other.log")});
    ASSERT_EQ(wine->run({program, "--install", "--start"}, 60s), 0);
    ASSERT_TRUE(open());
    EXPECT_TRUE(answers());
    ASSERT_EQ(wine->run({program, "--install", "--start"}, 60s), 0) << "once more is fine";
    put("new-agent.exe", another_build());
    done(update_request());
    std::this_thread::sleep_for(2s);
    const auto hello = open();
    ASSERT_TRUE(hello) << hello.error().sentence;
    EXPECT_TRUE(answers());
    EXPECT_TRUE(contents_of(folder() + "/rundown-agent.exe") == another_build());
    const auto removed = wine->run({program, "--remove"}, 60s);
    EXPECT_EQ(removed, 0);
    EXPECT_FALSE(open(3s)) << "it is gone";
    EXPECT_NE(wine->run({program, "--remove"}, 60s), 0) << "there is none";
}

TEST_F(Win32Agent, SaysWhatIsWrongWithItsCommandLine) {
    const std::string program = guest_path("rundown-agent.exe");
    EXPECT_EQ(wine->run({program, "--version"}, 60s), 0);
    EXPECT_EQ(wine->run({program}, 60s), 2);
    EXPECT_EQ(wine->run({program, "--console", "--port", "a\\b"}, 60s), 2);
    EXPECT_EQ(wine->run({program, "--service"}, 120s), 1) << "not started by the manager";
}

}  // namespace
}  // namespace rundown::integration
