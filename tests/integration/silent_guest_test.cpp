// SPDX-License-Identifier: MIT
// Guests that do not answer: never up, spinning, in a deadlock, or with garbage on the line. Each
// has its own words, and its own person who must act.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "integration/support/noisy_line.hpp"
#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The built assets, with scenarios whose deadlines are short.
class OwnAssets {
  public:
    OwnAssets() {
        run("cp -r " + built("scenarios") + " " + path() + " && ln -s " + built("drivers-x64") +
            " " + path() + " && mkdir " + path() + "/guest && cp " + built("guest/boot.elf") + " " +
            built("guest/initrd.tar") + " " + path() + "/guest");
    }
    const std::string& path() const { return directory_.path(); }
    std::vector<std::string> environment() const { return {"RUNDOWN_ASSETS=" + path()}; }
    void set_deadline(const std::string& scenario, const std::string& phase, int ms) const {
        const std::string file = path() + "/scenarios/" + scenario + ".toml";
        run("sed -i '/^deadlines_ms/d' " + file + " && sed -i '1i deadlines_ms = { " + phase +
            " = " + std::to_string(ms) + " }' " + file);
    }
    void remove_from_initrd(const std::string& name) const {
        const std::string tar = path() + "/guest/initrd.tar";
        run("tar --delete -f " + tar + " $(tar tf " + tar + " | grep " + name + ")");
    }

  private:
    static void run(const std::string& command) {
        ASSERT_EQ(system(command.c_str()), 0) << command;
    }
    TemporaryDirectory directory_;
};

std::string sentence_of(const JsonRun& run) {
    return std::string(run.run(0).at("verdict").as_object().at("sentence").as_string());
}

TEST(SilentGuest, ThatNeverSaysHelloIsABootFailureWithinItsDeadline) {
    const OwnAssets assets;
    assets.remove_from_initrd("agent.sys");  // The kernel comes up, nobody says hello.
    assets.set_deadline("no-adapter", "boot", 3000);
    const JsonRun run({"no-adapter"}, assets.environment());
    EXPECT_EQ(run.outcome().exit_code, 69) << run.describe();
    EXPECT_EQ(run.run(0).at("verdict").as_object().at("inconclusive").as_string(), "boot_failed");
    EXPECT_THAT(sentence_of(run), HasSubstr("hello"));
    EXPECT_LT(run.outcome().seconds, 20);
    EXPECT_TRUE(std::filesystem::exists(run.artifact(0, "debug_log")));
    EXPECT_THAT(leftovers(), IsEmpty());
}

/// A driver that keeps the guest from answering; what the report says of it.
std::string report_of_hang(const std::string& driver) {
    const OwnAssets assets;
    assets.set_deadline("unload-idle", "trigger", 1500);
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--driver", built("drivers-x64/" + driver)},
        assets.environment()
    );
    EXPECT_EQ(run.outcome().exit_code, 1) << run.describe();
    EXPECT_THAT(run.rules(0), HasSubstr("deadline"));
    EXPECT_THAT(run.outcome().err, HasSubstr("waited 1500 ms for the driver to stop"));
    EXPECT_LT(run.outcome().seconds, 20);
    EXPECT_THAT(contents_of(run.artifact(0, "debug_log")), HasSubstr(driver + "+0x"));
    EXPECT_THAT(leftovers(), IsEmpty());
    return run.outcome().err;
}

TEST(SilentGuest, ThatSpinsIsToldFromOneInADeadlock) {
    const std::string spins = report_of_hang("hangs-the-guest.sys");
    EXPECT_THAT(spins, HasSubstr("The guest spins with interrupts off at hangs-the-guest.sys+0x"));
    const std::string waits = report_of_hang("never-returns-from-unload.sys");
    EXPECT_THAT(waits, HasSubstr("The guest is idle: every thread waits"));
    EXPECT_THAT(waits, HasSubstr(" in never-returns-from-unload.sys+0x"));
}

/// A run over a line that a NoisyLine stands in.
Outcome run_over(NoisyLine& line, const OwnAssets& assets, const std::string& out) {
    Invocation invocation;
    invocation.arguments = {"run", "unload-idle", "--nic", "e1000", "--serial-only", "--out", out};
    invocation.environment = assets.environment();
    invocation.meanwhile = [&line](pid_t program) { line.stand_between(program); };
    return run_program(invocation);
}

TEST(NoisySerialLine, OneFrameDestroyedInItsMiddleCostsARepetitionOnly) {
    const OwnAssets assets;
    const TemporaryDirectory out;
    NoisyLine line(NoisyLine::Noise::once, 1500);
    const Outcome outcome = run_over(line, assets, out.path());
    EXPECT_TRUE(line.stood_between());
    EXPECT_GT(line.bytes_destroyed(), 0u);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(NoisySerialLine, ThatStaysNoisyIsALostContactAndNotTheDriversDeadline) {
    const OwnAssets assets;
    assets.set_deadline("unload-idle", "deploy", 3000);
    assets.set_deadline("unload-idle", "bind", 3000);
    const TemporaryDirectory out;
    NoisyLine line(NoisyLine::Noise::for_ever, 1500);
    const Outcome outcome = run_over(line, assets, out.path());
    EXPECT_TRUE(line.stood_between());
    EXPECT_EQ(outcome.exit_code, 69) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("lost_contact: the guest's serial line carries garbage"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("rule ")));
    EXPECT_LT(outcome.seconds, 40);
    EXPECT_THAT(leftovers(), IsEmpty());
}

}  // namespace
}  // namespace rundown::integration
