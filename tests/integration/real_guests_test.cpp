// SPDX-License-Identifier: MIT
// ReactOS and Windows themselves, from the medium that $RUNDOWN_REACTOS_ISO or $RUNDOWN_WINDOWS_ISO
// names: an image built by the program, and a scenario run on it. Takes minutes to hours under TCG;
// skipped, and said so, without a medium.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

constexpr std::chrono::seconds kBuildPatience{9000};
constexpr std::chrono::seconds kRunPatience{1200};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

class RealGuest : public testing::Test {
  protected:
    Outcome rundown(std::vector<std::string> arguments, std::chrono::seconds patience) {
        Invocation invocation;
        invocation.arguments = std::move(arguments);
        invocation.environment = {"RUNDOWN_IMAGES=" + place_.path() + "/images"};
        invocation.patience = patience;
        Outcome outcome = run_program(invocation);
        // The log of the tests is where the times of the stages are read.
        std::printf("%s%s", outcome.out.c_str(), outcome.err.c_str());
        return outcome;
    }

    void build(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"image", "build"});
        arguments.insert(arguments.end(), {"--name", "it", "--out", place_.path() + "/builds"});
        const auto built = rundown(arguments, kBuildPatience);
        ASSERT_EQ(built.exit_code, 0) << built.err;
        EXPECT_THAT(built.out, testing::HasSubstr("image 'it': "));
        EXPECT_EQ(rundown({"image", "verify", "it"}, kRunPatience).exit_code, 0);
    }

    /// Pass or finding: the system's NDIS was judged. Nothing else counts.
    void run(const std::string& guest, const std::string& nic) {
        SCOPED_TRACE(nic);
        const auto ran = rundown(
            {"run",
             "unload-idle",
             "--guest",
             guest,
             "--nic",
             nic,
             "--out",
             place_.path() + "/runs"},
            kRunPatience
        );
        EXPECT_TRUE(ran.exit_code == 0 || ran.exit_code == 1) << ran.exit_code << ran.err;
        EXPECT_THAT(ran.out, testing::HasSubstr("1 runs: ")) << "it was run, not left out";
    }

    void TearDown() override {
        EXPECT_THAT(leftovers(std::chrono::seconds(5)), testing::IsEmpty());
    }

    TemporaryDirectory place_;
};

class RealGuestReactos : public RealGuest {
  protected:
    void SetUp() override {
        if (variable("RUNDOWN_REACTOS_ISO").empty()) {
            GTEST_SKIP() << "nothing of ReactOS was tried: RUNDOWN_REACTOS_ISO names no boot CD";
        }
    }
    void build_and_run(const std::string& nic_drivers) {
        build({"reactos", "--iso", variable("RUNDOWN_REACTOS_ISO"), "--nic-drivers", nic_drivers});
        if (!HasFatalFailure()) {
            run("reactos:it", "e1000");
            run("reactos:it", "virtio-net");
        }
    }
};

TEST_F(RealGuestReactos, WithTheSystemsNicDrivers) {
    build_and_run("system");
}

TEST_F(RealGuestReactos, WithOurNicDrivers) {
    build_and_run("ours");
}

class RealGuestWindows : public RealGuest {
  protected:
    void SetUp() override {
        if (variable("RUNDOWN_WINDOWS_ISO").empty()) {
            GTEST_SKIP() << "nothing of Windows was tried: RUNDOWN_WINDOWS_ISO names no medium";
        }
    }
};

TEST_F(RealGuestWindows, OnItsOwnNicDriver) {
    std::vector<std::string> arguments = {"windows", "--iso", variable("RUNDOWN_WINDOWS_ISO")};
    for (const auto& [option, name] :
         {std::pair("--edition", "RUNDOWN_WINDOWS_EDITION"),
          std::pair("--product-key", "RUNDOWN_WINDOWS_KEY"),
          std::pair("--virtio-iso", "RUNDOWN_VIRTIO_ISO")}) {
        if (!variable(name).empty()) {
            arguments.insert(arguments.end(), {option, variable(name)});
        }
    }
    build(arguments);
    if (!HasFatalFailure()) {
        const std::string nic = variable("RUNDOWN_WINDOWS_NIC");
        run("windows:it", nic.empty() ? "e1000e" : nic);
    }
}

}  // namespace
}  // namespace rundown::integration
