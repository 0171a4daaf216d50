// SPDX-License-Identifier: MIT
#include "guest/accelerator.hpp"

#include <gmock/gmock.h>

namespace rundown::guest {
namespace {

using testing::HasSubstr;
using Step = AcceleratorStep;
using Wish = AcceleratorWish;

const AcceleratorChoice kSawKvm{Accelerator::kvm, "a guest booted under KVM"};
const AcceleratorChoice kSawNothing{Accelerator::tcg, "nothing ran"};

TEST(Accelerator, TcgIsTakenAtItsWord) {
    const auto decision = decide(Wish::tcg, kSawKvm, "");
    EXPECT_EQ(decision->step, Step::use);
    EXPECT_EQ(decision->choice.accelerator, Accelerator::tcg);
}

TEST(Accelerator, AnOpenDeviceProvesNothing) {
    EXPECT_EQ(decide(Wish::automatic, std::nullopt, "")->step, Step::prove);
    EXPECT_EQ(decide(Wish::kvm, std::nullopt, "")->step, Step::prove);
}

TEST(Accelerator, ARememberedAnswerSavesTheProof) {
    EXPECT_EQ(decide(Wish::automatic, kSawKvm, "")->choice.accelerator, Accelerator::kvm);
    EXPECT_EQ(decide(Wish::automatic, kSawNothing, "")->choice.accelerator, Accelerator::tcg);
    EXPECT_EQ(decide(Wish::automatic, kSawNothing, "")->choice.reason, "nothing ran");
}

TEST(Accelerator, DemandedKvmIsProvedAnewAfterAFailure) {
    EXPECT_EQ(decide(Wish::kvm, kSawNothing, "")->step, Step::prove);
    EXPECT_EQ(decide(Wish::kvm, kSawKvm, "")->step, Step::use);
}

TEST(Accelerator, WithoutTheDeviceAutoIsTcgAndKvmFails) {
    const auto decision = decide(Wish::automatic, kSawKvm, "/dev/kvm does not exist");
    EXPECT_EQ(decision->choice.accelerator, Accelerator::tcg);
    EXPECT_EQ(decision->choice.reason, "/dev/kvm does not exist");
    const auto demanded = decide(Wish::kvm, std::nullopt, "/dev/kvm does not exist");
    EXPECT_EQ(demanded.error().kind, ErrorKind::environment);
    EXPECT_THAT(demanded.error().sentence, HasSubstr("/dev/kvm does not exist"));
    EXPECT_EQ(decide(Wish::invalid, std::nullopt, "").error().kind, ErrorKind::usage);
}

TEST(Accelerator, TheProofDecides) {
    EXPECT_EQ(conclude(Wish::automatic, "")->accelerator, Accelerator::kvm);
    EXPECT_EQ(conclude(Wish::automatic, "no byte")->accelerator, Accelerator::tcg);
    EXPECT_EQ(conclude(Wish::automatic, "no byte")->reason, "no byte");
    EXPECT_EQ(conclude(Wish::kvm, "no byte").error().kind, ErrorKind::environment);
}

TEST(AcceleratorCache, HoldsForThisHostOnly) {
    const HostIdentity host{"6.1.0", "7.2.22", "Some CPU"};
    const std::string text = to_cache(host, kSawNothing);
    const auto back = from_cache(text, host);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->accelerator, Accelerator::tcg);
    EXPECT_EQ(back->reason, "nothing ran");
    EXPECT_FALSE(from_cache(text, {"6.2.0", "7.2.22", "Some CPU"}).has_value());
    EXPECT_FALSE(from_cache(text, {"6.1.0", "8.0.0", "Some CPU"}).has_value());
    EXPECT_FALSE(from_cache(text, {"6.1.0", "7.2.22", "Other CPU"}).has_value());
}

TEST(AcceleratorCache, IgnoresWhatItDidNotWrite) {
    const HostIdentity host{"k", "q", "p"};
    for (const char* text :
         {"",
          "{",
          "[]",
          "{}",
          R"({"version":2})",
          R"({"version":1,"kernel":"k","qemu":"q","processor":"p","accelerator":"hax","reason":""})",
          R"({"version":1,"kernel":1,"qemu":"q","processor":"p","accelerator":"kvm","reason":""})"})
        EXPECT_FALSE(from_cache(text, host).has_value()) << text;
}

TEST(AcceleratorWish, Names) {
    EXPECT_EQ(accelerator_wish_from("auto"), Wish::automatic);
    EXPECT_EQ(accelerator_wish_from("kvm"), Wish::kvm);
    EXPECT_EQ(accelerator_wish_from("tcg"), Wish::tcg);
    EXPECT_EQ(accelerator_wish_from("KVM"), Wish::invalid);
}

}  // namespace
}  // namespace rundown::guest
