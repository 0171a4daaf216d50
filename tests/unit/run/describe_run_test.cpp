// SPDX-License-Identifier: MIT
#include "run/describe_run.hpp"

#include <gtest/gtest.h>

namespace rundown::run {
namespace {

RunSpec spec_of(std::vector<std::string> nics) {
    RunSpec spec;
    spec.scenario.name = "unload-under-load";
    spec.nics = std::move(nics);
    spec.load = scenario::Load::heavy;
    spec.seed = 42;
    return spec;
}

TEST(DescribeRun, TheReproduceCommandSaysEverythingThatMatters) {
    ReproduceOptions options;
    options.program = "build/rundown";
    EXPECT_EQ(
        reproduce_command(options, spec_of({"e1000", "virtio-net"})),
        "build/rundown run unload-under-load --nic e1000+virtio-net --load heavy --seed 42"
    );
    options.driver = "my driver's.sys";
    options.accelerator = "tcg";
    options.connect = "qemu:///system";
    EXPECT_EQ(
        reproduce_command(options, spec_of({})),
        "build/rundown run unload-under-load --load heavy --seed 42 --driver 'my driver'\\''s.sys' "
        "--accel tcg --connect qemu:///system"
    );
}

TEST(DescribeRun, ADeterministicRunIsReproducedAsOne) {
    ReproduceOptions options;
    options.program = "rundown";
    RunSpec spec = spec_of({"e1000"});
    spec.deterministic = true;
    EXPECT_EQ(
        reproduce_command(options, spec),
        "rundown run unload-under-load --nic e1000 --load heavy --seed 42 --deterministic"
    );
}

TEST(DescribeRun, ARunOverTheSerialLineIsReproducedAsOne) {
    ReproduceOptions options;
    options.program = "rundown";
    RunSpec spec = spec_of({"e1000"});
    spec.serial_only = true;
    EXPECT_EQ(
        reproduce_command(options, spec),
        "rundown run unload-under-load --nic e1000 --load heavy --seed 42 --serial-only"
    );
}

TEST(DescribeRun, FiguresAreSummedOverTheNics) {
    oracle::RunRecord record;
    record.trigger = "rebind";
    record.nics.resize(2);
    record.nics[0].frames_from_guest = 10;
    record.nics[1].frames_from_guest = 5;
    record.nics[1].frames_bad = 1;
    record.nics[0].frames_to_guest = 7;
    record.censuses = {{oracle::CensusPoint::bound, 0, {}}, {oracle::CensusPoint::cycle, 0, {}}};
    record.trace.lost = 2;
    record.trace.torn = 1;
    oracle::Judgement judgement;
    judgement.in_flight.sends = 64;
    report::RunReport report;
    describe(record, judgement, report);
    EXPECT_EQ(report.counts.at("frames_from_guest"), 15u);
    EXPECT_EQ(report.counts.at("frames_to_guest"), 7u);
    EXPECT_EQ(report.counts.at("frames_bad"), 1u);
    EXPECT_EQ(report.counts.at("cycles"), 1u);
    EXPECT_EQ(report.counts.at("records_lost"), 3u);
    EXPECT_EQ(report.in_flight.sends, 64u);
}

}  // namespace
}  // namespace rundown::run
