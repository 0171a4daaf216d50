// SPDX-License-Identifier: MIT
// The main job: every scenario on every NIC model with the conforming driver passes, under the load
// it claims, leaves its evidence, and the recorded trace gives the same verdict again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

struct Case {
    std::string scenario;
    std::string nics;
};

class Scenarios : public testing::TestWithParam<Case> {};

TEST_P(Scenarios, PassesWithTheConformingDriver) {
    const JsonRun run({GetParam().scenario, "--nic", GetParam().nics});
    ASSERT_EQ(run.run_count(), 1u) << run.describe();
    EXPECT_EQ(run.verdict(0), "pass") << run.describe();
    EXPECT_EQ(run.outcome().exit_code, 0);
    const auto& report = run.run(0);
    EXPECT_EQ(report.at("counts").as_object().at("records_lost").to_number<int>(), 0);
    EXPECT_GT(report.at("counts").as_object().at("records").to_number<int>(), 0);
    if (report.at("load").as_string() == "heavy") {
        EXPECT_GT(report.at("in_flight").as_object().at("sends").to_number<int>(), 0)
            << "heavy load without a packet in flight proves nothing";
        EXPECT_GT(report.at("counts").as_object().at("frames_from_guest").to_number<int>(), 0);
        EXPECT_GT(report.at("counts").as_object().at("frames_to_guest").to_number<int>(), 0);
        EXPECT_EQ(report.at("counts").as_object().at("frames_bad").to_number<int>(), 0);
    }
    for (const char* kind : {"directory", "trace", "record", "debug_log", "domain_xml"}) {
        EXPECT_TRUE(std::filesystem::exists(run.artifact(0, kind))) << kind;
    }
    EXPECT_THAT(leftovers(), testing::IsEmpty());
}

std::vector<Case> cases() {
    std::vector<Case> all = {
        {"no-adapter", "e1000"}, {"deregister-with-2-open-bindings", "e1000+virtio-net"}};
    for (const char* nic : {"e1000", "virtio-net"}) {
        for (const char* scenario :
             {"unload-idle",
              "unload-under-load",
              "last-unbind-deregisters",
              "deregister-with-1-open-binding",
              "deregister-with-2-open-bindings",
              "shutdown-while-bound",
              "rebind-loop"}) {
            all.push_back({scenario, nic});
        }
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios, testing::ValuesIn(cases()), [](const auto& info) {
    std::string name = info.param.scenario + "_" + info.param.nics;
    for (char& c : name) {
        c = isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    return name;
});

TEST(Replay, GivesTheSameVerdictsWithoutAGuest) {
    const JsonRun good({"unload-under-load", "--nic", "virtio-net"});
    EXPECT_EQ(run_program({"replay", good.directory()}).exit_code, 0);

    const JsonRun bad(
        {"unload-idle", "--nic", "virtio-net", "--driver", built("drivers-x64/never-closes.sys")}
    );
    const Outcome again = run_program({"replay", bad.directory(), "--json"});
    EXPECT_EQ(again.exit_code, 1);
    const auto document = boost::json::parse(again.out).as_object();
    EXPECT_EQ(
        document.at("runs").as_array().at(0).as_object().at("verdict").as_object().at("findings"),
        bad.run(0).at("verdict").as_object().at("findings")
    );
}

TEST(Repeat, EachRepetitionHasItsSeedAndEvidence) {
    const JsonRun run({"unload-idle", "--nic", "virtio-net", "--repeat", "2", "--seed", "100"});
    ASSERT_EQ(run.run_count(), 2u) << run.describe();
    EXPECT_EQ(run.run(0).at("seed").to_number<int>(), 100);
    EXPECT_EQ(run.run(1).at("seed").to_number<int>(), 101);
    EXPECT_NE(run.artifact(0, "trace"), run.artifact(1, "trace"));
}

}  // namespace
}  // namespace rundown::integration
