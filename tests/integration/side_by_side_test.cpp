// SPDX-License-Identifier: MIT
// Several programs at once, in one output directory: none disturbs another, however one of them
// ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <set>
#include <thread>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using namespace std::chrono_literals;

Invocation a_run(const std::string& out) {
    Invocation invocation;
    invocation.arguments = {"run", "unload-under-load", "--nic", "e1000", "--out", out};
    return invocation;
}

TEST(SideBySide, ThreeProgramsShareNothingThoughTheyShareADirectory) {
    const TemporaryDirectory out;
    std::vector<Outcome> outcomes(3);
    std::vector<std::thread> threads;
    for (Outcome& outcome : outcomes) {
        threads.emplace_back([&outcome, &out] { outcome = run_program(a_run(out.path())); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const Outcome& outcome : outcomes) {
        EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(out.path()), fs::directory_iterator()), 3);
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(SideBySide, OneThatIsKilledAndOneThatIsStoppedDoNotDisturbTheThird) {
    const TemporaryDirectory out;
    const auto ended_by = [&out](int number) {
        Invocation invocation = a_run(out.path());
        invocation.meanwhile = [number](pid_t program) {
            await_qemu(program);
            std::this_thread::sleep_for(100ms);
            kill(program, number);
        };
        return run_program(invocation);
    };
    Outcome killed;
    Outcome stopped;
    std::thread one([&] { killed = ended_by(SIGKILL); });
    std::thread two([&] { stopped = ended_by(SIGINT); });
    // Its start cleans up after the dead, the others' ends come in its midst.
    const Outcome third = run_program(a_run(out.path()));
    one.join();
    two.join();
    EXPECT_EQ(third.exit_code, 0) << third.out << third.err;
    EXPECT_EQ(killed.exit_code, 128 + SIGKILL);
    EXPECT_EQ(stopped.exit_code, 69) << stopped.out << stopped.err;
    EXPECT_THAT(leftovers(5s), IsEmpty());
}

}  // namespace
}  // namespace rundown::integration
