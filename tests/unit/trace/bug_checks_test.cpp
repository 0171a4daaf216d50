// SPDX-License-Identifier: MIT
#include "trace/bug_checks.hpp"

#include <gtest/gtest.h>

#include "trace/names.hpp"

namespace rundown::trace {
namespace {

TEST(BugChecks, ParametersAreToldByTheirMeaning) {
    EXPECT_EQ(
        bug_check_meaning(0xD1, {0x10, 2, 1, 0x80123456}),
        "Parameters: memory referenced 0x10; IRQL 0x2; access 0x1 (write); by the instruction at "
        "0x80123456."
    );
    EXPECT_EQ(
        bug_check_meaning(0xC2, {7, 0x1205, 3, 4}),
        "Parameters: violation 0x7 (memory was freed that had been freed before); parameter 2 "
        "0x1205; parameter 3 0x3; parameter 4 0x4."
    );
}

TEST(BugChecks, UnusedParametersAreLeftOut) {
    EXPECT_EQ(
        bug_check_meaning(0x44, {0xFFFF, 1, 2, 3}), "Parameters: IRP completed twice 0xffff."
    );
}

TEST(BugChecks, AnUnknownCodeIsPassedOver) {
    EXPECT_EQ(bug_check_meaning(0xDEAD, {}), "");
}

TEST(BugChecks, TheUsualCodesHaveNameAndMeaning) {
    for (const std::uint32_t code :
         {0x0A, 0x19, 0x1E, 0x41, 0x44, 0x4E, 0x50, 0x7C, 0x7E,  0x7F,  0x80,  0x8E,  0x9F, 0xC2,
          0xC4, 0xC5, 0xC9, 0xCE, 0xD1, 0xD5, 0xD6, 0xE2, 0x101, 0x133, 0x139, 0x13A, 0x15E}) {
        EXPECT_NE(bug_check_name(code).find('('), std::string::npos) << std::hex << code;
        EXPECT_NE(bug_check_meaning(code, {1, 2, 3, 4}), "") << std::hex << code;
    }
}

}  // namespace
}  // namespace rundown::trace
