// SPDX-License-Identifier: MIT
// Runs on guests of the image store. The full path with the reference guest: an image made of it,
// booted from an overlay by firmware, RPC on the serial line alone, no shared memory: the trace is
// the driver's own, drained by RPC, as it is on systems that let the driver map nothing. And the
// real thing, where $RUNDOWN_REACTOS_IMAGE names an installed ReactOS of the person's own store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A store of this test's own, with the reference guest in it.
class ImageGuest : public testing::Test {
  protected:
    void SetUp() override {
        Invocation build;
        build.arguments = {"image", "build", "reference", "--name", "disk"};
        build.environment = environment();
        const auto made = run_program(build);
        ASSERT_EQ(made.exit_code, 0) << made.err << made.out;
    }

    std::vector<std::string> environment() const { return {"RUNDOWN_IMAGES=" + store_.path()}; }

    JsonRun run(std::vector<std::string> arguments) const {
        return JsonRun(std::move(arguments), environment());
    }

  private:
    TemporaryDirectory store_;
};

std::vector<std::string> not_judged(const JsonRun& run, std::size_t number) {
    std::vector<std::string> rules;
    const auto& told = run.run(number).at("rules").as_object().at("not_judged").as_array();
    for (const auto& rule : told) {
        rules.emplace_back(rule.at("rule").as_string());
    }
    return rules;
}

TEST_F(ImageGuest, TheTraceComesByRpcAndTheRunsAreProofs) {
    const JsonRun run = this->run(
        {"unload-idle",
         "deregister-with-2-open-bindings",
         "last-unbind-deregisters",
         "--guest",
         "reference:disk",
         "--nic",
         "e1000",
         "--load",
         "idle",
         "--serial-only",
         "--no-window"}
    );
    ASSERT_EQ(run.run_count(), 3u) << run.describe();
    EXPECT_EQ(run.outcome().exit_code, 0) << run.describe();
    for (std::size_t i = 0; i < run.run_count(); ++i) {
        EXPECT_EQ(run.verdict(i), "pass") << run.describe();
        EXPECT_EQ(run.run(i).at("guest").as_string(), "reference:disk");
        const auto& counts = run.run(i).at("counts").as_object();
        EXPECT_GT(counts.at("records").to_number<int>(), 20);
        EXPECT_EQ(counts.at("records_lost").to_number<int>(), 0);
        EXPECT_THAT(not_judged(run, i), testing::Contains("contract-violation"))
            << "NDIS and the kernel have no ring to write to";
        EXPECT_THAT(not_judged(run, i), Not(testing::Contains("open-closed-once")));
        EXPECT_THAT(
            std::string(run.run(i).at("reproduce").as_string()), HasSubstr("--guest reference:disk")
        );
    }
    EXPECT_THAT(run.outcome().err, HasSubstr("not judged in 3 of 3: contract-violation"));
}

TEST_F(ImageGuest, WithTheWindowItIsTheGuestItIsWithoutADisk) {
    const JsonRun run = this->run(
        {"unload-under-load", "--guest", "reference:disk", "--nic", "virtio-net", "--load", "heavy"}
    );
    ASSERT_EQ(run.run_count(), 1u) << run.describe();
    EXPECT_EQ(run.verdict(0), "pass") << run.describe();
    EXPECT_TRUE(not_judged(run, 0).empty());
}

TEST_F(ImageGuest, AFaultyDriverIsFoundInADrainedTrace) {
    const JsonRun run = this->run(
        {"unload-idle",
         "--guest",
         "reference:disk",
         "--nic",
         "e1000",
         "--serial-only",
         "--no-window",
         "--driver",
         built("drivers-x64/never-closes.sys")}
    );
    ASSERT_EQ(run.run_count(), 1u) << run.describe();
    EXPECT_EQ(run.verdict(0), "fail") << run.describe();
    EXPECT_THAT(run.rules(0), HasSubstr("open-closed-once"));
}

TEST_F(ImageGuest, WhatItHasNoDriverForIsSkippedAndCounted) {
    const JsonRun run =
        this->run({"unload-idle", "--guest", "reference:disk", "--nic", "rtl8139", "--load", "idle"}
        );
    EXPECT_EQ(run.outcome().exit_code, 69) << "asked for by name, and not run";
    EXPECT_EQ(run.run_count(), 0u);
    const auto& skipped = run.document().at("skipped").as_array();
    ASSERT_EQ(skipped.size(), 1u) << run.describe();
    EXPECT_THAT(
        std::string(skipped[0].at("why").as_string()),
        HasSubstr("has no driver for the NIC model rtl8139")
    );
    EXPECT_THAT(run.outcome().err, HasSubstr("SKIPPED"));
}

TEST_F(ImageGuest, AnImageThatIsNotThereIsRefusedBeforeAnythingBoots) {
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--guest", "reference:dusk"};
    invocation.environment = environment();
    const auto refused = run_program(invocation);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("disk")) << "the nearest name";
}

TEST_F(ImageGuest, AHeldSyncPointIsInTheTraceAndTheCommand) {
    const JsonRun run = this->run(
        {"unload-idle",
         "--guest",
         "reference:disk",
         "--nic",
         "e1000",
         "--hold",
         "in-unload:150",
         "--sweep",
         "0..2000/2"}
    );
    ASSERT_EQ(run.run_count(), 2u) << run.describe();
    for (std::size_t i = 0; i < run.run_count(); ++i) {
        EXPECT_EQ(run.verdict(i), "pass") << run.describe();
        const auto& counts = run.run(i).at("counts").as_object();
        EXPECT_GE(counts.at("trigger_delay_us").to_number<int>(), i == 0 ? 0 : 2000);
        EXPECT_THAT(
            std::string(run.run(i).at("reproduce").as_string()),
            HasSubstr(i == 0 ? "--hold in-unload:150 --delay 0" : "--delay 2000")
        );
    }
}

/// An installed ReactOS. Its NdisDeregisterProtocol ignores open bindings: S6, against the system,
/// and known.
TEST(ReactOsGuest, UnloadingIsJudgedByItsOwnNdis) {
    const char* image = std::getenv("RUNDOWN_REACTOS_IMAGE");
    if (image == nullptr || *image == '\0') {
        GTEST_SKIP() << "RUNDOWN_REACTOS_IMAGE names no image: nothing was run on ReactOS";
    }
    const JsonRun run({"unload-idle", "--guest", std::string("reactos:") + image, "--nic", "e1000"}
    );
    ASSERT_EQ(run.run_count(), 1u) << run.describe();
    EXPECT_EQ(run.verdict(0), "known") << run.describe();
    const auto& verdict = run.run(0).at("verdict").as_object();
    for (const auto& finding : verdict.at("findings").as_array()) {
        EXPECT_EQ(finding.at("rule").as_string(), "unbind-once-per-open") << run.describe();
        EXPECT_EQ(finding.at("against").as_string(), "the system");
    }
}

}  // namespace
}  // namespace rundown::integration
