// SPDX-License-Identifier: MIT
// SIGKILL: of QEMU at every phase of a run, which is the machine's problem and never the driver's;
// of the harness at any moment, after which its guardian cleans up; of both, after which the next
// run does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "guest/process_io.hpp"
#include "integration/support/evidence_watch.hpp"
#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr auto kGuardianTime = 5s;

/// A run whose QEMU is killed as soon as the RPC log has that word; empty: as soon as QEMU is
/// there.
Outcome run_with_qemu_killed_at(const std::string& word, const std::string& out) {
    Invocation invocation;
    invocation.arguments = {"run", "unload-under-load", "--nic", "e1000", "--out", out};
    invocation.meanwhile = [&](pid_t program) {
        const auto qemu = await_qemu(program);
        if (!word.empty()) {
            ASSERT_TRUE(await_word(out, "rpc.log", word)) << word;
        }
        for (const pid_t pid : qemu) {
            kill(pid, SIGKILL);
        }
    };
    return run_program(invocation);
}

class QemuKilledAt : public testing::TestWithParam<const char*> {};

TEST_P(QemuKilledAt, IsTheMachinesProblem) {
    const TemporaryDirectory out;
    const Outcome outcome = run_with_qemu_killed_at(GetParam(), out.path());
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("infrastructure: "));
    EXPECT_THAT(outcome.out, HasSubstr("QEMU"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("rule ")));
    EXPECT_LT(outcome.seconds, 15) << "no deadline has to pass";
    EXPECT_THAT(files_of_run(out.path()), testing::IsSupersetOf({"domain.xml", "record.json"}));
    EXPECT_THAT(leftovers(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Phase,
    QemuKilledAt,
    testing::Values(
        "",                // Before its wires are connected.
        "< hello",         // boot
        "> file_put",      // deploy
        "> driver_start",  // bind
        "> ioctl",         // load
        "> driver_stop",   // trigger
        "< driver_stop"    // settle
    ),
    [](const auto& info) { return "Word" + std::to_string(info.index); }
);

/// The guardian of a program: its child of that name.
pid_t guardian_of(pid_t program) {
    for (int looks = 0; looks < 1000; ++looks) {
        std::ifstream children(
            "/proc/" + std::to_string(program) + "/task/" + std::to_string(program) + "/children"
        );
        for (pid_t pid = 0; children >> pid;) {
            if (contents_of("/proc/" + std::to_string(pid) + "/comm") == "rundown-guard\n") {
                return pid;
            }
        }
        std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "no guardian appeared";
    return 0;
}

class HarnessKilledAt : public testing::TestWithParam<int> {};

TEST_P(HarnessKilledAt, IsCleanedUpAfterByItsGuardian) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "rebind-loop", "--nic", "virtio-net", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) {
        std::this_thread::sleep_for(std::chrono::milliseconds(GetParam()));
        kill(program, SIGKILL);
    };
    EXPECT_THAT(run_program(invocation).exit_code, AnyOf(128 + SIGKILL, 0));
    EXPECT_THAT(leftovers(kGuardianTime), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Milliseconds, HarnessKilledAt, testing::Values(5, 40, 80, 120, 160, 220, 300, 450, 700)
);

TEST(HarnessKilled, WithItsGuardianIsCleanedUpAfterByTheNextRun) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "rebind-loop", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) {
        const pid_t guardian = guardian_of(program);
        await_qemu(program);
        kill(guardian, SIGKILL);
        kill(program, SIGKILL);
    };
    EXPECT_EQ(run_program(invocation).exit_code, 128 + SIGKILL);
    EXPECT_THAT(leftovers(), Not(IsEmpty())) << "that is what must be cleaned";
    EXPECT_EQ(run_program({"run", "no-adapter", "--out", out.path()}).exit_code, 0);
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HarnessKilled, ARunWhoseGuardianIsKilledGoesOn) {
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--out", out.path()};
    invocation.meanwhile = [](pid_t program) { kill(guardian_of(program), SIGKILL); };
    EXPECT_EQ(run_program(invocation).exit_code, 0);
    EXPECT_THAT(leftovers(), IsEmpty());
}

}  // namespace
}  // namespace rundown::integration
