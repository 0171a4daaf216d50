// SPDX-License-Identifier: MIT
// What a snapshot fits, and how a difference is told.
#include "guest/snapshot.hpp"

#include <gmock/gmock.h>

namespace rundown::guest {
namespace {

using testing::HasSubstr;

GuestSpec spec() {
    GuestSpec spec;
    spec.kernel = "/images/boot.elf";
    spec.accelerator = Accelerator::tcg;
    spec.directory = "/runs/1";
    spec.nics = {{NicModel::e1000, nic_mac(0)}};
    spec.snapshots = true;
    return spec;
}

constexpr const char* kQemu = "7.2.22";

template <class Change>
std::string difference(Change change) {
    GuestSpec other = spec();
    change(other);
    const SnapshotRecord record{hardware_of(spec(), kQemu), 1};
    const auto fits = check_fits(record, hardware_of(other, kQemu), "/s/a.state");
    return fits ? "" : fits.error().sentence;
}

TEST(Snapshot, FitsTheSameHardwareWhateverTheRest) {
    EXPECT_EQ(difference([](auto& s) { s.directory = "/runs/2", s.reboots = false; }), "");
}

TEST(Snapshot, TellsTheFirstDifferenceByName) {
    EXPECT_THAT(
        difference([](auto& s) { s.memory_mib = 128; }),
        HasSubstr("memory=64 and this guest has memory=128")
    );
    EXPECT_THAT(
        difference([](auto& s) { s.nics[0].model = NicModel::e1000e; }),
        HasSubstr("nic0=e1000,52:54:00:72:64:01")
    );
    EXPECT_THAT(difference([](auto& s) { s.nics.clear(); }), HasSubstr("this guest has nic0=none"));
    EXPECT_THAT(
        difference([](auto& s) {
            s.disks.push_back(DiskSpec{"/d", DiskBus::ide});
        }),
        HasSubstr("disk0=none and this guest has disk0=ide")
    );
    EXPECT_THAT(difference([](auto& s) { s.processors = 2; }), HasSubstr("processors"));
    EXPECT_THAT(difference([](auto& s) { s.trace_window_mib = 64; }), HasSubstr("window=32"));
    EXPECT_THAT(difference([](auto& s) { s.machine = "q35"; }), HasSubstr("machine=pc"));
    const SnapshotRecord record{hardware_of(spec(), kQemu), 1};
    const auto newer = check_fits(record, hardware_of(spec(), "8.0.0"), "/s/a.state");
    EXPECT_THAT(newer.error().sentence, HasSubstr("qemu=7.2.22 and this guest has qemu=8.0.0"));
    EXPECT_EQ(newer.error().kind, ErrorKind::usage);
}

TEST(Snapshot, TheRecordGoesThroughItsFile) {
    const SnapshotRecord record{hardware_of(spec(), kQemu), 4711};
    const auto read = snapshot_record_from_json(to_json(record), "a.json");
    ASSERT_TRUE(read.has_value()) << read.error().sentence;
    EXPECT_EQ(read->hardware, record.hardware);
    EXPECT_EQ(read->state_bytes, 4711u);
    EXPECT_THAT(hardware_line(read->hardware), testing::StartsWith("qemu=7.2.22 machine=pc "));
}

TEST(Snapshot, DamagedRecordsAreRefusedByName) {
    const std::string good = to_json({hardware_of(spec(), kQemu), 1});
    for (const std::string& text :
         {std::string(),
          std::string("[]"),
          std::string("{}"),
          good.substr(0, good.size() / 2),
          std::string(R"({"schema":"rundown.snapshot/2","state_bytes":1,"hardware":{}})"),
          std::string(R"({"schema":"rundown.snapshot/1","state_bytes":-1,"hardware":{}})"),
          std::string(R"({"schema":"rundown.snapshot/1","state_bytes":1,"hardware":[]})"),
          std::string(R"({"schema":"rundown.snapshot/1","state_bytes":1,"hardware":{"a":1}})")}) {
        const auto read = snapshot_record_from_json(text, "/s/a.json");
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_THAT(read.error().sentence, HasSubstr("/s/a.json"));
    }
}

}  // namespace
}  // namespace rundown::guest
