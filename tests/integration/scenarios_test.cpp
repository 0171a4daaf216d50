// SPDX-License-Identifier: MIT
// The main job: every scenario on every NIC model with the conforming driver passes, under the load
// it claims, leaves its evidence, and the recorded trace gives the same verdict again. The
// catalogue is read from its files, so that a new scenario cannot be forgotten here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/algorithm/string/join.hpp>
#include <filesystem>

#include "integration/support/result_document.hpp"
#include "scenario/scenario.hpp"

namespace rundown::integration {
namespace {

class Scenarios : public testing::TestWithParam<std::string> {};

/// One run: green, whole, with its evidence, and under the load it claims.
void expect_proof(const JsonRun& run, std::size_t number) {
    const auto& report = run.run(number);
    SCOPED_TRACE(std::string(report.at("run_id").as_string()));
    EXPECT_EQ(run.verdict(number), "pass") << run.describe();
    const auto count = [&report](const char* group, const char* name) {
        return report.at(group).as_object().at(name).to_number<std::int64_t>();
    };
    EXPECT_EQ(count("counts", "records_lost"), 0);
    EXPECT_GT(count("counts", "records"), 0);
    if (report.at("load").as_string() == "heavy") {
        EXPECT_GT(count("in_flight", "sends") + count("in_flight", "receives_held"), 0)
            << "heavy load without a packet proves nothing";
        EXPECT_GT(count("in_flight", "handles"), 0);
        EXPECT_GT(count("counts", "frames_from_guest"), 0);
        EXPECT_GT(count("counts", "frames_to_guest"), 0);
        EXPECT_EQ(count("counts", "frames_bad"), 0);
    }
    for (const char* kind : {"directory", "trace", "record", "debug_log", "domain_xml"}) {
        EXPECT_TRUE(std::filesystem::exists(run.artifact(number, kind))) << kind;
    }
}

/// Idle and heavy, as `make run` does; loads that a scenario does not have are left out.
std::vector<std::string> loads_of(const scenario::Scenario& scenario) {
    std::vector<std::string> loads;
    for (const auto load : scenario.loads) {
        if (load != scenario::Load::light) {
            loads.emplace_back(to_string(load));
        }
    }
    return loads;
}

std::vector<scenario::Scenario> catalogue() {
    const auto all = scenario::load_directory(std::string(RUNDOWN_SOURCE_DIR) + "/tests/scenarios");
    // A malformed one fails a test of the parser.
    return all ? *all : std::vector<scenario::Scenario>{};
}

TEST_P(Scenarios, PassesWithTheConformingDriver) {
    const auto found = scenario::find(catalogue(), GetParam());
    ASSERT_TRUE(found) << found.error().sentence;
    const scenario::Scenario& scenario = *found;
    const auto loads = loads_of(scenario);
    ASSERT_FALSE(loads.empty());
    const std::string nics = scenario.nic_count > 1 ? "e1000,virtio-net,mixed" : "e1000,virtio-net";
    const std::size_t nic_sets = scenario.nic_count == 0 ? 1 : scenario.nic_count == 1 ? 2 : 3;
    const JsonRun run({scenario.name, "--nic", nics, "--load", boost::algorithm::join(loads, ",")});
    ASSERT_EQ(run.run_count(), nic_sets * loads.size()) << run.describe();
    EXPECT_EQ(run.outcome().exit_code, 0);
    for (std::size_t i = 0; i < run.run_count(); ++i) {
        expect_proof(run, i);
    }
    EXPECT_THAT(leftovers(), testing::IsEmpty());
}

std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& scenario : catalogue()) {
        names.push_back(scenario.name);
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios, testing::ValuesIn(names()), [](const auto& info) {
    std::string name = info.param;
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
