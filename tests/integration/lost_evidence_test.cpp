// SPDX-License-Identifier: MIT
// Evidence that cannot be written: whichever file it is and whenever it happens, the run is not
// green, does not crash, and one sentence names the file and the disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "integration/support/evidence_watch.hpp"
#include "integration/support/result_document.hpp"
#include "integration/support/small_machine.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Not green, not a crash, not the driver's fault; the machine's owner is told what to do.
void expect_lost_evidence(const Outcome& outcome, const std::string& words) {
    EXPECT_FALSE(outcome.timed_out);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("cannot write "));
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr(words));
    EXPECT_THAT(outcome.out, Not(HasSubstr("PASS ")));
    EXPECT_THAT(leftovers(), IsEmpty());
}

class FullDisk : public testing::TestWithParam<const char*> {};

TEST_P(FullDisk, OfAnySizeIsNamed) {
    if (!can_make_namespaces()) {
        GTEST_SKIP() << "needs the right to make a mount namespace";
    }
    const TemporaryDirectory disk;
    Invocation invocation;
    invocation.arguments = {"run", "unload-under-load", "--nic", "e1000", "--out", disk.path()};
    invocation.before_start = with_disk(disk.path(), GetParam());
    expect_lost_evidence(
        run_program(invocation), "the disk mounted at " + disk.path() + " is full"
    );
}

// From too small for a directory to too small for the last of the files only.
INSTANTIATE_TEST_SUITE_P(Size, FullDisk, testing::Values("4k", "16k", "64k", "512k"));

TEST(FullDiskMidRun, IsNamedThoughItWasEmptyInTime) {
    if (!can_make_namespaces()) {
        GTEST_SKIP() << "needs the right to make a mount namespace";
    }
    const TemporaryDirectory disk;
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--out", disk.path()};
    invocation.before_start = with_disk(disk.path(), "8m");
    invocation.meanwhile = [&](pid_t program) {
        await_qemu(program);
        fill_disk_of(program, disk.path());
    };
    expect_lost_evidence(
        run_program(invocation), "the disk mounted at " + disk.path() + " is full"
    );
}

class FullDiskFor : public testing::TestWithParam<const char*> {};

TEST_P(FullDiskFor, ThatFileAloneIsNamed) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [&](pid_t) {
        const fs::path run = await_run_directory(out.path());
        const bool of_all = std::string(GetParam()) == "report.json";
        fs::create_symlink("/dev/full", (of_all ? run.parent_path() : run) / GetParam());
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(std::string(GetParam()) + ": the disk mounted at "));
    EXPECT_THAT(leftovers(), IsEmpty());
}

// Those that are made a moment after the directory is there.
INSTANTIATE_TEST_SUITE_P(
    File,
    FullDiskFor,
    testing::Values(
        "rpc.log",
        "nic0.pcap",
        "qemu.log",
        "trace.bin",
        "scenario.toml",
        "record.json",
        "report.json"
    ),
    [](const auto& info) {
        std::string name = info.param;
        name[name.find('.')] = '_';
        return name;
    }
);

TEST(FileSizeLimit, IsAnErrorAndNoCrash) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "unload-under-load", "--nic", "e1000", "--out", out.path()};
    invocation.before_start = with_file_size_limit(1u << 20);
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, Not(HasSubstr("PASS ")));
    EXPECT_THAT(
        outcome.out + outcome.err, AnyOf(HasSubstr("ulimit -f"), HasSubstr("File too large"))
    );
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(LostEvidence, ARunDirectoryThatIsRemovedMidRunIsNoticed) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "unload-under-load", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [&](pid_t program) {
        await_qemu(program);
        fs::remove_all(fs::path(await_run_directory(out.path())).parent_path());
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("its directory is gone"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(LostEvidence, AFileThatIsRemovedMidRunIsNoticed) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [&](pid_t) {
        ASSERT_TRUE(await_word(out.path(), "rpc.log", "> driver_start"));
        fs::remove(await_run_directory(out.path()) + "/debug-console.log");
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("debug-console.log was removed"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(LostEvidence, AFullStandardOutputIsNoSuccess) {
    const TemporaryDirectory out;
    const std::string command = program() + " run no-adapter --json --out " + out.path() +
                                " >/dev/full 2>" + out.path() + "/err";
    EXPECT_EQ(WEXITSTATUS(system(command.c_str())), 69);
    EXPECT_THAT(
        contents_of(out.path() + "/err"),
        HasSubstr("cannot write to standard output: No space left on device")
    );
}

}  // namespace
}  // namespace rundown::integration
