// SPDX-License-Identifier: MIT
// What can go wrong around a run: one clear sentence, the right exit code, within a deadline,
// evidence kept, and no process, socket, shared memory or temporary file left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// Waits until a QEMU of that program runs; fails the test when none comes.
std::vector<pid_t> await_qemu(pid_t program) {
    for (int i = 0; i < 200; ++i) {
        if (auto pids = qemu_processes_of(program); !pids.empty()) {
            return pids;
        }
        std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << "no QEMU process appeared";
    return {};
}

/// A run of a driver file that cannot be one; nothing may boot for it.
void expect_bad_driver(const std::string& file, const std::string& sentence_part) {
    TemporaryDirectory out;
    const Outcome outcome =
        run_program({"run", "unload-idle", "--nic", "e1000", "--driver", file, "--out", out.path()}
        );
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(file));
    EXPECT_THAT(outcome.err, HasSubstr(sentence_part));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(BadDriver, IsRefusedBeforeAnythingBoots) {
    TemporaryDirectory directory;
    expect_bad_driver("/nowhere/x.sys", "No such file");
    expect_bad_driver(
        directory.file("text.sys", "this is not a driver at all, only text\n"), "not a PE image"
    );
    expect_bad_driver(directory.file("empty.sys", ""), "not a PE image");
    const std::string image = contents_of(built("drivers-x64/protocol5.sys"));
    ASSERT_GT(image.size(), 4096u);
    expect_bad_driver(directory.file("half.sys", image.substr(0, image.size() / 2)), "half.sys");
    expect_bad_driver(built("drivers-i386/protocol5.sys"), "32-bit");
}

TEST(BadDriver, UnresolvedImportsAreAllNamed) {
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--driver", built("drivers-x64/missing-imports.sys")}
    );
    EXPECT_EQ(run.outcome().exit_code, 69) << run.describe();
    const std::string sentence(run.run(0).at("verdict").as_object().at("sentence").as_string());
    EXPECT_GE(std::count(sentence.begin(), sentence.end(), '!'), 3)
        << "module!name, three of them: " << sentence;
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(GuestFailure, AGuestThatNeverAnswersIsABootFailureWithinItsDeadline) {
    // The real boot files without the agent: the kernel comes up, nobody says hello.
    TemporaryDirectory assets;
    const std::string make =
        "cp -r " + built("scenarios") + " " + built("drivers-x64") + " " + assets.path() +
        " && mkdir " + assets.path() + "/guest && cp " + built("guest/boot.elf") + " " +
        assets.path() + "/guest && cp " + built("guest/initrd.tar") + " " + assets.path() +
        "/guest && tar --delete -f " + assets.path() + "/guest/initrd.tar $(tar tf " +
        assets.path() +
        "/guest/initrd.tar | grep agent.sys) && sed -i '$ a deadlines_ms = { boot = 3000 }' " +
        assets.path() + "/scenarios/no-adapter.toml";
    ASSERT_EQ(system(make.c_str()), 0);
    const JsonRun run({"no-adapter"}, {"RUNDOWN_ASSETS=" + assets.path()});
    EXPECT_EQ(run.outcome().exit_code, 69) << run.describe();
    const auto& verdict = run.run(0).at("verdict").as_object();
    EXPECT_EQ(verdict.at("inconclusive").as_string(), "boot_failed");
    EXPECT_THAT(std::string(verdict.at("sentence").as_string()), HasSubstr("hello"));
    EXPECT_LT(run.outcome().seconds, 20);
    EXPECT_TRUE(std::filesystem::exists(run.artifact(0, "debug_log")));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(GuestFailure, ABugCheckIsToldWithCodeModuleAndTheGuestsLastWords) {
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--driver", built("drivers-x64/bug-checks.sys")}
    );
    EXPECT_EQ(run.outcome().exit_code, 1) << run.describe();
    EXPECT_THAT(run.rules(0), HasSubstr("bug-check"));
    EXPECT_THAT(run.outcome().err, HasSubstr("bug-checks.sys+0x"));
    EXPECT_THAT(contents_of(run.artifact(0, "debug_log")), HasSubstr("*** STOP 0x"));
    EXPECT_THAT(contents_of(run.artifact(0, "qmp_log")), HasSubstr("GUEST_PANICKED"));
    EXPECT_LT(run.outcome().seconds, 15);  // No deadline had to pass.
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(GuestFailure, AHangLeavesADumpOfWhatEveryThreadIsAt) {
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--driver", built("drivers-x64/hangs-the-guest.sys")}
    );
    EXPECT_EQ(run.outcome().exit_code, 1) << run.describe();
    EXPECT_THAT(run.rules(0), HasSubstr("deadline"));
    EXPECT_THAT(run.outcome().err, HasSubstr("the driver to stop"));
    EXPECT_THAT(contents_of(run.artifact(0, "debug_log")), HasSubstr("hangs-the-guest.sys+0x"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, KillingQemuIsTheMachinesProblemNotTheDrivers) {
    TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "rebind-loop", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) {
        for (const pid_t pid : await_qemu(program)) {
            std::this_thread::sleep_for(1s);
            kill(pid, SIGKILL);
        }
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("infrastructure"));
    EXPECT_THAT(outcome.out, HasSubstr("QEMU"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, CtrlCEndsTheRunAndLeavesNothing) {
    TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "rebind-loop", "--nic", "e1000,virtio-net", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) {
        await_qemu(program);
        std::this_thread::sleep_for(500ms);
        kill(program, SIGINT);
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("cancelled"));
    EXPECT_LT(outcome.seconds, 30);
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, SigtermEndsAllRunsAndTheDocumentSaysSo) {
    TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {
        "run", "rebind-loop", "--nic", "e1000,virtio-net", "--json", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) {
        await_qemu(program);
        kill(program, SIGTERM);
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.err;
    const auto document = boost::json::parse(outcome.out).as_object();
    const auto& runs = document.at("runs").as_array();
    ASSERT_EQ(runs.size(), 2u);
    for (const auto& run : runs) {
        const auto& verdict = run.as_object().at("verdict").as_object();
        EXPECT_EQ(verdict.at("inconclusive").as_string(), "cancelled");
        EXPECT_THAT(std::string(verdict.at("sentence").as_string()), HasSubstr("SIGTERM"));
    }
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, AReaderThatGoesAwayLeavesNoGuest) {
    TemporaryDirectory out;
    const std::string command = std::string(RUNDOWN_BINARY) +
                                " run unload-idle --nic e1000,virtio-net --out " + out.path() +
                                " | head -1 >/dev/null";
    EXPECT_EQ(system(command.c_str()), 0);
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, AFullDiskIsTheMachinesProblemAndNotSilent) {
    TemporaryDirectory directory;
    const std::string mount =
        "mount -t tmpfs -o size=48k rundown-test " + directory.path() + " 2>/dev/null";
    if (geteuid() != 0 || system(mount.c_str()) != 0) {
        GTEST_SKIP() << "needs the right to mount a tmpfs";
    }
    const Outcome outcome = run_program(
        {"run", "unload-under-load", "--nic", "e1000", "--out", directory.path() + "/out"}
    );
    EXPECT_EQ(system(("umount " + directory.path()).c_str()), 0);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("cannot write"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, WhatAKilledRunLeavesTheNextOneCleansUp) {
    TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "rebind-loop", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) {
        await_qemu(program);
        std::this_thread::sleep_for(500ms);
        kill(program, SIGKILL);
    };
    EXPECT_EQ(run_program(invocation).exit_code, 128 + SIGKILL);
    EXPECT_EQ(run_program({"run", "no-adapter", "--out", out.path()}).exit_code, 0);
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, AMissingQemuIsNamedWithItsPackage) {
    TemporaryDirectory empty_path;
    Invocation invocation;
    invocation.arguments = {"run", "no-adapter", "--out", empty_path.path()};
    invocation.environment = {"PATH=" + empty_path.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69);
    EXPECT_THAT(outcome.err, HasSubstr("qemu-system-x86"));
}

TEST(HostFailure, AMissingLibvirtDriverIsNamedWithItsPackage) {
    TemporaryDirectory nothing;
    Invocation invocation;
    invocation.arguments = {"run", "no-adapter", "--out", nothing.path()};
    invocation.environment = {"LIBVIRT_DRIVER_DIR=" + nothing.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69);
    EXPECT_THAT(outcome.err, HasSubstr("libvirt-daemon-driver-qemu"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(SideBySide, TwoProgramsShareNothing) {
    TemporaryDirectory out;
    Outcome other;
    std::thread second([&] {
        other =
            run_program({"run", "unload-under-load", "--nic", "e1000", "--out", out.path() + "/b"});
    });
    const Outcome one =
        run_program({"run", "unload-under-load", "--nic", "e1000", "--out", out.path() + "/a"});
    second.join();
    EXPECT_EQ(one.exit_code, 0) << one.out << one.err;
    EXPECT_EQ(other.exit_code, 0) << other.out << other.err;
    EXPECT_THAT(leftovers(), IsEmpty());
}

}  // namespace
}  // namespace rundown::integration
