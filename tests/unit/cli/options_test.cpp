// SPDX-License-Identifier: MIT
#include "cli/options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace rundown::cli {
namespace {

Options parse(std::vector<const char*> words) {
    words.insert(words.begin(), "build/rundown");
    return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(Options, EveryOptionOfRunArrives) {
    const auto options =
        parse({"run",       "a",      "b",        "--nic", "e1000",     "--load",         "light",
               "--repeat",  "3",      "--seed",   "7",     "--out",     "/tmp/x",         "--json",
               "--accel",   "tcg",    "--driver", "d.sys", "--connect", "qemu:///system", "--guest",
               "reference", "--ndis", "5.1"});
    EXPECT_EQ(options.command, Command::run);
    EXPECT_TRUE(options.json);
    const auto& invocation = options.invocation;
    EXPECT_EQ(invocation.program, "build/rundown");
    EXPECT_EQ(invocation.request.scenarios, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(invocation.request.nic_sets, "e1000");
    EXPECT_EQ(invocation.request.load, "light");
    EXPECT_EQ(invocation.request.repeat, 3u);
    EXPECT_EQ(invocation.request.seed, 7u);
    EXPECT_EQ(invocation.out, "/tmp/x");
    EXPECT_EQ(invocation.accelerator, "tcg");
    EXPECT_EQ(invocation.driver, "d.sys");
    EXPECT_EQ(invocation.connect, "qemu:///system");
}

TEST(Options, WithoutASeedOneIsDrawn) {
    const auto one = parse({"run", "--all"}).invocation.request.seed;
    const auto other = parse({"run", "--all"}).invocation.request.seed;
    EXPECT_NE(one, other);
    EXPECT_LE(one, 0x7FFFFFFFu);
}

TEST(Options, TheOtherCommands) {
    EXPECT_EQ(parse({"list"}).command, Command::list);
    EXPECT_TRUE(parse({"list", "--rules"}).rules);
    EXPECT_EQ(parse({"doctor"}).command, Command::doctor);
    EXPECT_EQ(parse({"replay", "x"}).replay_directory, "x");
}

TEST(Options, WrongUsageIsExitCodeTwo) {
    for (const auto& words : std::vector<std::vector<const char*>>{
             {}, {"walk"}, {"run", "--nope"}, {"replay"}, {"run", "--accel", "hvf"}}) {
        const auto options = parse(words);
        EXPECT_EQ(options.command, Command::none);
        EXPECT_EQ(options.exit_code, exit_usage);
    }
}

}  // namespace
}  // namespace rundown::cli
