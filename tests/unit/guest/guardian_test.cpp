// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "guest/guardian_io.hpp"
#include "guest/process_io.hpp"
#include "guest/run_registry_io.hpp"

namespace rundown::guest {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class GuardianTest : public testing::Test {
  protected:
    GuardianTest() {
        char name[] = "/tmp/rundown-test-XXXXXX";
        root_ = ::mkdtemp(name);
        places_ = {root_ + "/run", root_ + "/cache"};
        std::signal(SIGPIPE, SIG_IGN);
        ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // The guardian of a killed child is ours.
    }
    ~GuardianTest() override { fs::remove_all(root_); }

    /// A process that holds a window and a registry, tells its guardian's pid, and ends as `end`
    /// says.
    pid_t start_guarded(const std::function<void(const Guardian&)>& end) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            const auto guardian = Guardian::start(places_);
            auto registry = RunRegistry::create(places_);
            const std::string window =
                std::string(kWindowPrefix) + process_directory_name(this_process()) + "-1";
            (*registry)->hold({ResourceKind::window, window, {}});
            std::ofstream("/dev/shm/" + window) << "x";
            std::ofstream(root_ + "/held") << window << " " << guardian->pid() << "\n";
            fs::rename(root_ + "/held", root_ + "/ready");
            end(*guardian);
            ::_exit(0);
        }
        for (int looks = 0; looks < 1000 && !fs::exists(root_ + "/ready"); ++looks) {
            std::this_thread::sleep_for(5ms);
        }
        std::ifstream(root_ + "/ready") >> window_ >> guardian_;
        return pid;
    }
    bool gone_soon() const {
        for (int looks = 0; looks < 400; ++looks) {
            if (!fs::exists("/dev/shm/" + window_) && fs::is_empty(places_.runtime)) {
                return true;
            }
            std::this_thread::sleep_for(10ms);
        }
        return false;
    }

    std::string root_, window_;
    Places places_;
    pid_t guardian_ = 0;
};

TEST_F(GuardianTest, CleansUpAfterAProcessThatIsKilled) {
    const pid_t pid = start_guarded([](const Guardian&) { ::pause(); });
    ASSERT_FALSE(window_.empty());
    ASSERT_TRUE(fs::exists("/dev/shm/" + window_));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_TRUE(gone_soon());
    EXPECT_EQ(::waitpid(guardian_, nullptr, 0), guardian_) << "its work done, it ends";
}

TEST_F(GuardianTest, OutlivesTheTerminalsSignals) {
    const pid_t pid = start_guarded([](const Guardian&) { ::pause(); });
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        ::kill(guardian_, number);
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_TRUE(gone_soon());
    ::waitpid(guardian_, nullptr, 0);
}

TEST_F(GuardianTest, WhatAKilledGuardianCannotCleanTheNextRunDoes) {
    const pid_t pid = start_guarded([](const Guardian&) { ::pause(); });
    ::kill(guardian_, SIGKILL);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::waitpid(guardian_, nullptr, 0);
    EXPECT_TRUE(fs::exists("/dev/shm/" + window_));
    EXPECT_EQ(clean_leftovers(places_).runs, 1);
    EXPECT_TRUE(gone_soon());
}

TEST_F(GuardianTest, IsDismissedAndBuriedByAProcessThatEndsWell) {
    auto guardian = Guardian::start(places_);
    ASSERT_TRUE(guardian.has_value());
    const int pid = guardian->pid();
    for (int looks = 0; looks < 400 && ::getsid(pid) == ::getsid(0); ++looks) {
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(::getsid(pid), pid);
    { const Guardian last = std::move(*guardian); }
    EXPECT_NE(::kill(pid, 0), 0) << "gone, and no zombie";
}

}  // namespace
}  // namespace rundown::guest
