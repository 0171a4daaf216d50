// SPDX-License-Identifier: MIT
#include "run/guest_kind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rundown::run {
namespace {

using testing::HasSubstr;

TEST(GuestKind, TheReferenceGuestAsBuiltIsNoImage) {
    const auto choice = guest_choice_from("reference");
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->family, GuestFamily::reference);
    EXPECT_FALSE(choice->from_store);
}

TEST(GuestKind, AnImageIsNamedBehindItsKind) {
    for (const char* text : {"reference:disk", "reactos:ros", "windows:w10"}) {
        const auto choice = guest_choice_from(text);
        ASSERT_TRUE(choice) << text;
        EXPECT_TRUE(choice->from_store) << text;
        EXPECT_EQ(to_string(*choice), text);
    }
}

TEST(GuestKind, AKindAloneIsTheOnlyImageOfIt) {
    const auto choice = guest_choice_from("reactos");
    ASSERT_TRUE(choice);
    EXPECT_TRUE(choice->from_store);
    EXPECT_TRUE(choice->image.empty());
}

TEST(GuestKind, AnythingElseIsRefusedWithTheChoices) {
    const auto unknown = guest_choice_from("reactso");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::usage);
    EXPECT_THAT(unknown.error().sentence, HasSubstr("did you mean 'reactos'?"));
    const auto nameless = guest_choice_from("windows:");
    ASSERT_FALSE(nameless);
    EXPECT_THAT(nameless.error().sentence, HasSubstr("names no image"));
}

TEST(GuestKind, AWholeSystemGetsLongerThanOurKernel) {
    EXPECT_EQ(patience_with(GuestFamily::reference), 1);
    EXPECT_GT(patience_with(GuestFamily::reactos), 1);
    const auto ros = guest_choice_from("reactos");
    const auto disk = guest_choice_from("reference:x");
    EXPECT_GT(boot_time_max(*ros), boot_time_max(*disk));
}

}  // namespace
}  // namespace rundown::run
