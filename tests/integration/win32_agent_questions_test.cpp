// SPDX-License-Identifier: MIT
// What a run asks of Windows-family guests alone, asked of the agent under Wine.
#include <fstream>

#include "integration/win32_agent_fixture.hpp"
#include "run/agent_windows_io.hpp"

namespace rundown::integration {
namespace {

Deadline soon() {
    return Deadline::in(60s, "an answer");
}

TEST_F(Win32Agent, GivesItsDumpsToARun) {
    const std::string folder = wine->drive() + "/windows/Minidump";
    const std::string bytes(9000, 'd');
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/Mini.dmp") << bytes;
    bring_up();
    run::Agent agent(*client);
    const auto dumps = wait(run::guest_dumps(agent, soon()));
    ASSERT_TRUE(dumps) << dumps.error().sentence;
    ASSERT_EQ(dumps->size(), 1u);
    EXPECT_EQ(dumps->front().name, "Minidump\\Mini.dmp");
    const auto read = wait(run::read_guest_dump(agent, dumps->front(), 1 << 20, soon()));
    ASSERT_TRUE(read) << read.error().sentence;
    EXPECT_TRUE(*read == bytes);
    const auto large = wait(run::read_guest_dump(agent, dumps->front(), 8999, soon()));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().kind, ErrorKind::refused);
    std::filesystem::remove_all(folder);
}

TEST_F(Win32Agent, HasItsVerifierSetByARun) {
    bring_up();
    run::Agent agent(*client);
    const auto set = wait(run::set_guest_verifier(agent, 0x9BB, {"ndis.sys"}, soon()));
    ASSERT_TRUE(set) << set.error().sentence;
    EXPECT_EQ(set->flags, 0x9BBu);
    EXPECT_TRUE(set->reboot_needed);
    const auto asked = wait(run::guest_verifier(agent, soon()));
    ASSERT_TRUE(asked) << asked.error().sentence;
    EXPECT_EQ(asked->drivers, std::vector<std::string>{"ndis.sys"});
    EXPECT_TRUE(wait(run::set_guest_verifier(agent, 0, {}, soon())));
    const auto events = wait(run::guest_events(agent, "System", 3, soon()));
    ASSERT_TRUE(events) << events.error().sentence;
    EXPECT_LE(events->size(), 3u);
}

}  // namespace
}  // namespace rundown::integration
