// SPDX-License-Identifier: MIT
// Ctrl-C, SIGTERM and the terminal's hang-up, at any moment: the run ends soon, says so, and leaves
// nothing, also when the signal comes twice. Moments are swept: the program has not set up its
// signals at the first, and has ended by itself at the last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "integration/support/result_document.hpp"
#include "integration/support/small_machine.hpp"

namespace rundown::integration {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// Who was killed by a signal is cleaned up after by the guardian.
constexpr auto kGuardianTime = 5s;
constexpr double kSoonSeconds = 10;  // On a busy machine.

/// A run that gets those signals, `between` each other, so long after its start.
Outcome run_and_signal(
    const std::vector<int>& signals, std::chrono::milliseconds after, bool whole_group = false
) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {
        "run", "unload-under-load", "--nic", "e1000,virtio-net", "--out", out.path()};
    invocation.meanwhile = [&](pid_t program) {
        std::this_thread::sleep_for(after);
        for (const int number : signals) {
            kill(whole_group ? -program : program, number);
            std::this_thread::sleep_for(5ms);
        }
    };
    return run_program(invocation);
}

/// It said that it was stopped, or the signal found it before it could, or after it was done.
void expect_stopped(const Outcome& outcome, int number) {
    EXPECT_FALSE(outcome.timed_out);
    EXPECT_THAT(outcome.exit_code, AnyOf(69, 128 + number, 0)) << outcome.out << outcome.err;
    if (outcome.exit_code == 69) {
        EXPECT_THAT(outcome.out, HasSubstr("cancelled")) << outcome.err;
        EXPECT_THAT(outcome.out, HasSubstr("evidence: "));
    }
}

class StopAt : public testing::TestWithParam<int> {};

TEST_P(StopAt, OneSignalEndsTheRunAndLeavesNothing) {
    const int number = GetParam() % 20 == 0 ? SIGINT : SIGTERM;
    const Outcome outcome = run_and_signal({number}, std::chrono::milliseconds(GetParam()));
    expect_stopped(outcome, number);
    EXPECT_LT(outcome.seconds, GetParam() / 1000.0 + kSoonSeconds);
    // Only who was killed before the signals were set up leaves its cleaning to the guardian.
    EXPECT_THAT(leftovers(outcome.exit_code > 128 ? kGuardianTime : 0s), IsEmpty());
}

TEST_P(StopAt, TwoSignalsLeaveNothingEither) {
    const Outcome outcome =
        run_and_signal({SIGINT, SIGINT}, std::chrono::milliseconds(GetParam()), true);
    expect_stopped(outcome, SIGINT);
    EXPECT_LT(outcome.seconds, GetParam() / 1000.0 + kSoonSeconds);
    EXPECT_THAT(leftovers(kGuardianTime), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Milliseconds, StopAt, testing::Values(0, 15, 40, 75, 100, 150, 200, 255, 300, 400, 500, 700)
);

TEST(Stop, EveryRunOfThePlanSaysThatItWasCancelled) {
    const TemporaryDirectory out;
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

TEST(Stop, AQemuThatHangsWhileLibvirtAsksItIsEndedToo) {
    const TemporaryDirectory out;
    ASSERT_EQ(mkfifo((out.path() + "/never").c_str(), 0600), 0);
    const std::string fake = out.file(
        "qemu-system-x86_64",
        "#!/bin/bash\n"
        "exec -a qemu-system-x86_64 bash -c 'read -r word < " +
            out.path() + "/never; true' fake \"$@\"\n"
    );
    ASSERT_EQ(chmod(fake.c_str(), 0755), 0);
    Invocation invocation;
    invocation.arguments = {"run", "no-adapter", "--out", out.path()};
    invocation.environment = {"PATH=" + out.path() + ":" + std::getenv("PATH")};
    invocation.meanwhile = [&](pid_t program) {
        EXPECT_TRUE(await_process_with("qemu-system-x86_64", out.path() + "/never"));
        kill(program, SIGINT);
        std::this_thread::sleep_for(200ms);  // libvirt cannot be interrupted: the person insists.
        kill(program, SIGINT);
    };
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 128 + SIGINT) << outcome.out << outcome.err;
    EXPECT_LT(outcome.seconds, kSoonSeconds);
    EXPECT_THAT(leftovers(kGuardianTime), IsEmpty());
}

TEST(Stop, ATerminalThatGoesAwayEndsTheRunUnlessNohupSaysOtherwise) {
    const Outcome gone = run_and_signal({SIGHUP}, 300ms);
    EXPECT_THAT(gone.exit_code, AnyOf(69, 0)) << gone.out;
    EXPECT_THAT(leftovers(), IsEmpty());
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--out", out.path()};
    invocation.before_start = with_ignored_signal(SIGHUP);
    invocation.meanwhile = [](pid_t program) {
        await_qemu(program);
        kill(program, SIGHUP);
    };
    EXPECT_EQ(run_program(invocation).exit_code, 0);
    EXPECT_THAT(leftovers(), IsEmpty());
}

}  // namespace
}  // namespace rundown::integration
