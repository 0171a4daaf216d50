// SPDX-License-Identifier: MIT
// Machines that are odd, poor or in disorder: what must not matter does not, and what must is told
// in one sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
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

/// The shortest run that uses a NIC.
Invocation a_run(const std::string& out) {
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--out", out};
    return invocation;
}

void expect_pass(const Invocation& invocation) {
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    EXPECT_THAT(leftovers(), IsEmpty());
}

/// One line on standard error, exit code 69.
void expect_could_not_run(const Invocation& invocation, const std::string& words) {
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr(words));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(Surroundings, WithoutHomeAndWithATmpdirThatCannotBeWritten) {
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.environment = {
        "HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR=/proc/none", "USER", "LOGNAME"};
    expect_pass(invocation);
}

TEST(Surroundings, ARuntimeDirectoryTooLongForSocketsIsPassedOver) {
    const TemporaryDirectory out;
    const std::string longest = out.path() + "/" + std::string(200, 'r');
    fs::create_directory(longest);
    Invocation invocation = a_run(out.path());
    invocation.environment = {"XDG_RUNTIME_DIR=" + longest};
    expect_pass(invocation);
    EXPECT_TRUE(fs::is_empty(longest));
}

TEST(Surroundings, ACommaForAPointDoesNotChangeTheDocument) {
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--seed", "1"},
        {"LC_ALL=de_DE.UTF-8", "LANG=de_DE.UTF-8", "LANGUAGE=de"}
    );
    EXPECT_EQ(run.outcome().exit_code, 0) << run.describe();
    EXPECT_THAT(run.outcome().err, HasSubstr("PASS"));
}

TEST(Surroundings, EvidenceMayHaveAnyName) {
    for (const std::string& name :
         {std::string("with spaces, a comma,,and 'quotes' \"<&>"),
          std::string("\u00fcml\u00e4ut \u65e5\u672c\u8a9e \U0001f40c"),
          std::string("-"),
          std::string("percent %s %n $HOME `id`"),
          "long/" + std::string(200, 'l') + "/" + std::string(200, 'm')}) {
        const TemporaryDirectory parent;
        const std::string out = parent.path() + "/" + name;
        Invocation invocation = a_run(out);
        invocation.arguments.insert(
            invocation.arguments.end(), {"--driver", built("drivers-x64/bug-checks.sys")}
        );
        EXPECT_EQ(run_program(invocation).exit_code, 1) << name;
        EXPECT_THAT(leftovers(), IsEmpty());
        ASSERT_TRUE(fs::is_directory(out)) << name;
        const auto run = fs::directory_iterator(out)->path() / "unload-idle.e1000.idle";
        EXPECT_THAT(contents_of(run / "debug-console.log"), HasSubstr("*** STOP")) << name;
    }
}

TEST(Surroundings, EvidenceThatCanHaveNoPlaceIsNamed) {
    const TemporaryDirectory out;
    expect_could_not_run(a_run(out.path() + "/" + std::string(300, 'x')), "File name too long");
    expect_could_not_run(a_run(out.file("a-file", "x") + "/below"), "Not a directory");
    expect_could_not_run(a_run(out.file("a-file", "x")), "cannot write evidence to");
    expect_could_not_run(a_run("/proc/rundown-out"), "/proc/rundown-out");
}

TEST(Surroundings, AFullSharedMemoryIsNamedBeforeAnythingBoots) {
    if (!can_make_namespaces()) {
        GTEST_SKIP() << "needs the right to make a mount namespace";
    }
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.before_start = with_disk("/dev/shm", "1m");
    expect_could_not_run(invocation, "/dev/shm has no room for a trace window of 64 MiB");
}

TEST(Surroundings, ASharedMemoryThatFillsUpMidRunIsNamed) {
    if (!can_make_namespaces()) {
        GTEST_SKIP() << "needs the right to make a mount namespace";
    }
    const TemporaryDirectory out;
    Invocation invocation;
    invocation.arguments = {"run", "rebind-loop", "--nic", "e1000", "--out", out.path()};
    invocation.before_start = with_disk("/dev/shm", "70m");
    invocation.meanwhile = [&](pid_t program) {
        EXPECT_TRUE(await_word(out.path(), "rpc.log", "> driver_start"));
        fill_disk_of(program, "/dev/shm");
    };
    expect_could_not_run(invocation, "/dev/shm is full");
}

TEST(Surroundings, PortsThatAreAllInUseAreNamed) {
    if (!can_make_namespaces()) {
        GTEST_SKIP() << "needs the right to make a network namespace";
    }
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.before_start = with_few_ports(40000, 40001);
    expect_could_not_run(invocation, "cannot listen on 127.0.0.1: Address already in use");
}

TEST(Surroundings, AMachineWithoutMemoryForTheGuestSaysSo) {
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.before_start = with_address_space(700u << 20);  // The harness fits, QEMU does not.
    expect_could_not_run(invocation, "emory");
}

TEST(Surroundings, AWallClockThatJumpsAboutDoesNotEndAWait) {
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.environment = {std::string("LD_PRELOAD=") + RUNDOWN_JUMPING_CLOCK};
    expect_pass(invocation);
}

TEST(Surroundings, ClosedStandardStreamsAreNobodysFile) {
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.before_start = with_closed_streams({0, 1, 2});
    expect_pass(invocation);
    const auto run = fs::directory_iterator(out.path())->path() / "unload-idle.e1000.idle";
    EXPECT_THAT(contents_of(run / "domain.xml"), testing::StartsWith("<domain"));
}

TEST(Surroundings, AReaderThatGoesAwayLeavesNoGuest) {
    const TemporaryDirectory out;
    const std::string command = program() + " run unload-idle --nic e1000,virtio-net --out " +
                                out.path() + " | head -1 >/dev/null; exit ${PIPESTATUS[0]}";
    EXPECT_EQ(WEXITSTATUS(system(("bash -c '" + command + "'").c_str())), 0);
    const std::string list = program() + " list | true; exit ${PIPESTATUS[0]}";
    EXPECT_EQ(WEXITSTATUS(system(("bash -c '" + list + "'").c_str())), 0);
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(Surroundings, ALibvirtThatIsNotThereIsNamed) {
    const TemporaryDirectory out;
    Invocation invocation = a_run(out.path());
    invocation.arguments.insert(invocation.arguments.end(), {"--connect", "qemu:///nowhere"});
    expect_could_not_run(invocation, "cannot connect to libvirt at qemu:///nowhere");
}

}  // namespace
}  // namespace rundown::integration
