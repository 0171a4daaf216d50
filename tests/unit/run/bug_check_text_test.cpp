// SPDX-License-Identifier: MIT
#include "run/bug_check_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace rundown::run {
namespace {

TEST(BugCheckText, CodeParametersAndModule) {
    const auto found = bug_check_in(
        "loading\n*** STOP 0x000000c2 (0x0000000000000007, 0x00000000deadbeef, 0x0, 0x12)\n"
        "  module fffff80000203456  protocol5.sys+0x1456\n  processor 0, IRQL 2\n*** halted\n"
    );
    ASSERT_TRUE(found);
    EXPECT_EQ(found->code, 0xC2u);
    EXPECT_EQ(found->parameter, (std::array<std::uint64_t, 4>{7, 0xDEADBEEF, 0, 0x12}));
    EXPECT_EQ(found->module, "protocol5.sys");
    EXPECT_EQ(found->offset, 0x1456u);
}

TEST(BugCheckText, WithoutAModuleTheRestIsStillThere) {
    const auto found = bug_check_in("*** STOP 0x00000050 (0x1, 0x2, 0x3, 0x4)\n  processor 0\n");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->code, 0x50u);
    EXPECT_EQ(found->parameter[3], 4u);
    EXPECT_EQ(found->module, "");
}

TEST(BugCheckText, NothingWhereThereIsNone) {
    EXPECT_FALSE(bug_check_in(""));
    EXPECT_FALSE(bug_check_in("all is well\n"));
    EXPECT_FALSE(bug_check_in("*** STOP "));
    EXPECT_FALSE(bug_check_in("*** STOP \n0x1"));
}

RC_GTEST_PROP(BugCheckText, AnyTextIsSurvived, (const std::string& text)) {
    static_cast<void>(bug_check_in("*** STOP " + text));
    static_cast<void>(bug_check_in("*** STOP 0x1 (0x2)\nmodule " + text));
}

}  // namespace
}  // namespace rundown::run
