// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/process_io.hpp"
#include "guest/reaper_io.hpp"

namespace rundown::guest {
namespace {

TEST(ProcessStat, NameMayHoldAnything) {
    const auto stat = parse_process_stat(
        "42 (a) b (c)) S 1 42 41 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 200 "
        "18446744073709551615\n"
    );
    ASSERT_TRUE(stat.has_value());
    EXPECT_EQ(stat->identity, (ProcessIdentity{42, 98765}));
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->parent, 1);
    EXPECT_EQ(stat->session, 41);
}

TEST(ProcessStat, RefusesTornText) {
    for (const char* text : {"", "42", "42 (x", "x (y) S 1 2 3", "42 (x) S 1 42 41 0 -1"})
        EXPECT_FALSE(parse_process_stat(text).has_value()) << text;
}

TEST(Process, ThisOneIsAliveAndAnotherStartTimeIsNot) {
    ProcessIdentity self = this_process();
    EXPECT_EQ(self.pid, ::getpid());
    EXPECT_TRUE(is_alive(self));
    ++self.start_ticks;
    EXPECT_FALSE(is_alive(self)) << "the number was reused";
    EXPECT_FALSE(is_alive({0, 0}));
    EXPECT_FALSE(boot_id().empty());
}

const std::vector<std::string> kQemu = {
    "/usr/bin/qemu-system-x86_64",
    "-name",
    "guest=rd-1-1,debug-threads=on",
    "-object",
    "file=/run/rundown/1-2/v/key",
    "-uuid",
    "u-1"};

TEST(DomainProcess, ProgramNameAndUuidMustAgree) {
    EXPECT_TRUE(is_domain_process(kQemu, "rd-1-1", "u-1"));
    EXPECT_FALSE(is_domain_process(kQemu, "rd-1-10", "u-1"));
    EXPECT_FALSE(is_domain_process(kQemu, "rd-1", "u-1"));
    EXPECT_FALSE(is_domain_process(kQemu, "rd-1-1", "u-2"));
    EXPECT_FALSE(is_domain_process(kQemu, "", ""));
    auto other = kQemu;
    other[0] = "/usr/bin/less";
    EXPECT_FALSE(is_domain_process(other, "rd-1-1", "u-1"));
    EXPECT_FALSE(is_domain_process({}, "rd-1-1", "u-1"));
    EXPECT_FALSE(is_domain_process({"qemu-system-x86_64", "-name"}, "rd-1-1", "u-1"));
}

TEST(DirectoryProcess, AnArgumentMustNameAFileBelow) {
    EXPECT_TRUE(is_process_of_directory(kQemu, "/run/rundown/1-2"));
    EXPECT_FALSE(is_process_of_directory(kQemu, "/run/rundown/1-20"));
    EXPECT_FALSE(is_process_of_directory(kQemu, "/run/rundown/1"));
    EXPECT_FALSE(is_process_of_directory(kQemu, "/")) << "everything is below it";
    EXPECT_FALSE(is_process_of_directory(kQemu, ""));
    EXPECT_FALSE(
        is_process_of_directory({"/bin/cat", "/run/rundown/1-2/registry"}, "/run/rundown/1-2")
    );
}

TEST(ProcessHandle, SignalsAndWaits) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    const ProcessHandle handle = ProcessHandle::open(child);
    ASSERT_TRUE(static_cast<bool>(handle));
    EXPECT_FALSE(handle.wait(Milliseconds(1)));
    EXPECT_TRUE(handle.signal(SIGKILL));
    EXPECT_TRUE(handle.wait(Milliseconds(10000)));
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(handle.signal(0)) << "it is gone";
    EXPECT_FALSE(static_cast<bool>(ProcessHandle::open(child)));
}

/// The daemon that libvirt makes of QEMU: its parent begins a session and vanishes. Gives back the
/// daemon's number.
pid_t spawn_daemon() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::setsid();
        const pid_t daemon = ::fork();
        if (daemon == 0)
            ::_exit(0);
        [[maybe_unused]] const auto told = ::write(ends[1], &daemon, sizeof daemon);
        ::_exit(0);
    }
    pid_t daemon = 0;
    EXPECT_EQ(::read(ends[0], &daemon, sizeof daemon), static_cast<ssize_t>(sizeof daemon));
    ::waitpid(parent, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    return daemon;
}

TEST(Reaper, BuriesAdoptedDaemonsAndLeavesOwnChildrenToTheirParent) {
    become_subreaper();
    const pid_t own = ::fork();
    if (own == 0)
        ::_exit(7);
    const pid_t daemon = spawn_daemon();
    const ProcessHandle handle = ProcessHandle::open(daemon);
    if (handle)
        handle.wait(Milliseconds(10000));
    siginfo_t ended = {};
    ASSERT_EQ(::waitid(P_PID, own, &ended, WEXITED | WNOWAIT), 0);  // A zombie now, still there.
    EXPECT_EQ(reap_adopted_children(), 1);
    EXPECT_FALSE(process_stat(daemon).has_value());
    int status = 0;
    EXPECT_EQ(::waitpid(own, &status, 0), own) << "libvirt waits for its own children";
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace rundown::guest
