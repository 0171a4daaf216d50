// SPDX-License-Identifier: MIT
#include "base/nearest.hpp"

#include <gtest/gtest.h>

namespace rundown {
namespace {

const std::vector<std::string> kChoices = {"e1000", "virtio-net", "unload-idle", "run"};

TEST(Nearest, TypingErrorsFindTheirWord) {
    EXPECT_EQ(nearest("e100", kChoices), "e1000");
    EXPECT_EQ(nearest("e1000e", kChoices), "e1000");
    EXPECT_EQ(nearest("virtoi-net", kChoices), "virtio-net");
    EXPECT_EQ(nearest("virtio_net", kChoices), "virtio-net");
    EXPECT_EQ(nearest("unlaod-idle", kChoices), "unload-idle");
    EXPECT_EQ(nearest("rnu", kChoices), "run");
}

TEST(Nearest, OfTwoAsNearTheOneThatBeginsAlikeIsMeant) {
    EXPECT_EQ(nearest("onne", {"none", "one"}), "one");
}

TEST(Nearest, AnAbbreviationFindsItsWord) {
    EXPECT_EQ(nearest("virtio", kChoices), "virtio-net");
    EXPECT_EQ(nearest("vi", kChoices), "");
}

TEST(Nearest, WhatIsNothingLikeAChoiceSuggestsNothing) {
    EXPECT_EQ(nearest("beos", kChoices), "");
    EXPECT_EQ(nearest("", kChoices), "");
    EXPECT_EQ(nearest(std::string(100000, 'e'), kChoices), "");
    EXPECT_EQ(nearest("e1000", {}), "");
}

TEST(Nearest, TheSuggestionReadsAsPartOfASentence) {
    EXPECT_EQ(did_you_mean("e100", kChoices), ": did you mean 'e1000'?");
    EXPECT_EQ(did_you_mean("beos", kChoices), "");
}

}  // namespace
}  // namespace rundown
