// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <source_location>

#include "image/install/progress.hpp"

namespace rundown::image {
namespace {

using namespace std::chrono_literals;
using Kind = InstallEventKind;
using Do = InstallActionKind;
using testing::HasSubstr;

Phase phase(std::string name, PhaseEnd end, std::string text = {}, bool ends_machine = false) {
    Phase made;
    made.name = std::move(name);
    made.ends_by = end;
    made.text = std::move(text);
    made.deadline = 100s;
    made.quiet = 20s;
    made.ends_machine = ends_machine;
    return made;
}

/// As Windows does it: one machine, milestones, resets between.
std::vector<Phase> one_machine() {
    std::vector<Phase> phases = {
        phase("preparing", PhaseEnd::milestone, "winpe"),
        phase("copying", PhaseEnd::reset),
        phase("specializing", PhaseEnd::milestone, "specialize"),
        phase("first logon", PhaseEnd::milestone, "logon"),
        phase("waiting for the agent", PhaseEnd::hello),
        phase("powering off", PhaseEnd::power_off, "", true),
    };
    phases[2].resets_max = 2;
    return phases;
}

/// As ReactOS does it: a machine a stage.
std::vector<Phase> two_machines() {
    return {
        phase("copying", PhaseEnd::reset, "", true),
        phase("configuring", PhaseEnd::line, "done here"),
        phase("powering off", PhaseEnd::power_off, "", true),
    };
}

class Script {
  public:
    explicit Script(std::vector<Phase> phases, double slowness = 1)
        : progress(std::move(phases), slowness) {}

    std::vector<InstallAction> tell(Kind kind, std::string text = {}, unsigned port = 1) {
        InstallEvent event{kind, now, port, std::move(text), {}};
        event.error = fail(ErrorKind::hypervisor, "QEMU was killed");
        actions = progress.on_event(event);
        return actions;
    }
    void start() { tell(Kind::machine_started); }
    void milestone(const std::string& name) { tell(Kind::line, "RUNDOWN-MILESTONE " + name); }
    /// Time goes by with a disk write now and then.
    void work(std::chrono::seconds time) {
        for (auto second = 0s; second < time && !progress.over(); second += 1s) {
            now += 1s;
            tell(Kind::disk_written);
            tell(Kind::tick);
        }
    }
    /// Time goes by and nothing happens.
    void silence(std::chrono::seconds time) {
        for (auto second = 0s; second < time && !progress.over(); second += 1s) {
            now += 1s;
            tell(Kind::tick);
        }
    }
    bool did(Do wanted) const {
        return std::any_of(actions.begin(), actions.end(), [wanted](const InstallAction& action) {
            return action.kind == wanted;
        });
    }
    void expect_failure(
        const std::string& name,
        Culprit culprit,
        const std::string& why,
        std::source_location where = std::source_location::current()
    ) {
        SCOPED_TRACE("line " + std::to_string(where.line()));
        ASSERT_TRUE(progress.failure());
        EXPECT_EQ(progress.failure()->phase, name);
        EXPECT_EQ(to_string(progress.failure()->culprit), to_string(culprit));
        EXPECT_THAT(progress.failure()->error.sentence, HasSubstr("failed in " + name + ": "));
        EXPECT_THAT(progress.failure()->error.sentence, HasSubstr(why));
        EXPECT_TRUE(progress.over());
        // A picture of the screen first, while there is one.
        ASSERT_GE(actions.size(), 2u);
        EXPECT_EQ(actions[actions.size() - 2].kind, Do::keep_screen);
        EXPECT_EQ(actions.back().kind, Do::give_up);
        EXPECT_TRUE(tell(Kind::tick).empty()) << "nothing is asked for after the end";
    }

    InstallProgress progress;
    TimePoint now = TimePoint() + 1h;
    std::vector<InstallAction> actions;
};

/// Takes an installation of one_machine() to the beginning of phase `wanted`.
void go_to(Script& script, std::size_t wanted) {
    script.start();
    const std::vector<std::function<void()>> steps = {
        [&] { script.milestone("winpe"); },
        [&] { script.tell(Kind::reset); },
        [&] { script.milestone("specialize"); },
        [&] { script.milestone("logon"); },
        [&] { script.tell(Kind::hello); },
    };
    for (std::size_t at = 0; at < wanted; ++at) {
        script.work(3s);
        steps[at]();
    }
    ASSERT_EQ(script.progress.phase_number(), wanted);
    ASSERT_FALSE(script.progress.over());
}

TEST(InstallProgress, TheCourseOfAnInstallation) {
    Script script(one_machine());
    go_to(script, 4);
    EXPECT_TRUE(script.did(Do::await_hello));
    script.tell(Kind::hello);
    EXPECT_FALSE(script.progress.over());
    script.tell(Kind::powered_off);
    EXPECT_TRUE(script.did(Do::done));
    EXPECT_TRUE(script.progress.over());
    EXPECT_FALSE(script.progress.failure());
    EXPECT_THAT(script.progress.notes(), testing::IsEmpty());
    ASSERT_EQ(script.progress.times().size(), 6u);
    EXPECT_EQ(script.progress.times()[1].name, "copying");
    EXPECT_EQ(script.progress.times()[1].taken, 3s);
}

TEST(InstallProgress, AMachineAStage) {
    Script script(two_machines());
    EXPECT_TRUE(script.tell(Kind::tick).empty()) << "there is no machine yet";
    script.start();
    script.tell(Kind::reset);
    EXPECT_TRUE(script.did(Do::next_machine));
    // The disk is worked on meanwhile, for as long as it takes.
    script.silence(500s);
    EXPECT_FALSE(script.progress.over());
    script.start();
    EXPECT_EQ(script.progress.phase().name, "configuring");
    script.tell(Kind::line, "all is done here, really", 2);
    script.tell(Kind::powered_off);
    EXPECT_TRUE(script.did(Do::done));
}

TEST(InstallProgress, EachPhaseStuckInTurn) {
    const auto phases = one_machine();
    for (std::size_t at = 0; at < phases.size(); ++at) {
        SCOPED_TRACE(phases[at].name);
        Script script(phases);
        go_to(script, at);
        script.work(5s);
        script.silence(20s);
        EXPECT_FALSE(script.progress.over()) << "not yet";
        script.silence(2s);
        const bool waits = phases[at].ends_by == PhaseEnd::hello;
        script.expect_failure(
            phases[at].name, Culprit::recipe, waits ? "no hello" : "no disk write"
        );
    }
}

TEST(InstallProgress, AnySignOfLifeCounts) {
    for (const Kind sign : {Kind::disk_written, Kind::screen_changed, Kind::line, Kind::reset}) {
        Script script(one_machine());
        go_to(script, 2);
        script.silence(19s);
        script.tell(sign, "words");
        script.silence(19s);
        EXPECT_FALSE(script.progress.over());
        script.silence(3s);
        EXPECT_TRUE(script.progress.over());
    }
}

TEST(InstallProgress, AMediumThatDoesNotBoot) {
    Script script(one_machine());
    script.start();
    script.tell(Kind::screen_changed);
    script.silence(30s);
    script.expect_failure("preparing", Culprit::medium, "does not boot");
}

TEST(InstallProgress, BusyForEver) {
    Script script(one_machine());
    go_to(script, 1);
    script.work(200s);
    script.expect_failure("copying", Culprit::host, "has not ended within 100 s");
    EXPECT_EQ(script.progress.failure()->error.kind, ErrorKind::timeout);
}

TEST(InstallProgress, ASlowHostGetsMoreTime) {
    Script script(one_machine(), 3);
    go_to(script, 1);
    script.silence(58s);
    script.work(200s);
    EXPECT_FALSE(script.progress.over());
    script.work(60s);
    script.expect_failure("copying", Culprit::host, "within 5 min 0 s");
}

TEST(InstallProgress, TimeNobodyLookedIsNotHeldAgainstIt) {
    Script script(one_machine());
    go_to(script, 1);
    script.silence(14s);
    script.now += 10h;  // The host was suspended.
    script.tell(Kind::tick);
    EXPECT_FALSE(script.progress.over()) << "5 s of it count";
    ASSERT_TRUE(script.did(Do::show));
    EXPECT_EQ(script.actions[0].text, "copying, 600 min 14 s") << "what is shown is the clock's";
    script.silence(2s);
    EXPECT_TRUE(script.progress.over());
}

TEST(InstallProgress, AResetLoop) {
    Script script(one_machine());
    go_to(script, 2);
    for (int reset = 0; reset < 2; ++reset) {
        script.work(3s);
        script.tell(Kind::reset);
        ASSERT_FALSE(script.progress.over());
    }
    script.tell(Kind::reset);
    script.expect_failure("specializing", Culprit::system, "reset 3 times where at most 2 were");
}

TEST(InstallProgress, AResetWhereNoneIsExpected) {
    Script script(one_machine());
    script.start();
    script.work(3s);
    script.tell(Kind::reset);
    script.expect_failure("preparing", Culprit::system, "reset once where no reset was expected");
}

TEST(InstallProgress, ItBeginsAgain) {
    Script script(one_machine());
    go_to(script, 3);
    script.milestone("winpe");
    script.expect_failure("first logon", Culprit::system, "begun again: the milestone winpe");
}

TEST(InstallProgress, AMilestoneSaidTwiceIsOne) {
    Script script(one_machine());
    go_to(script, 3);
    script.milestone("specialize");
    EXPECT_FALSE(script.progress.over());
    script.milestone("specialize");
    script.expect_failure("first logon", Culprit::system, "begun again");
}

TEST(InstallProgress, AMilestoneAheadOfItsTime) {
    Script script(one_machine());
    go_to(script, 1);
    script.milestone("logon");
    EXPECT_EQ(script.progress.phase().name, "waiting for the agent");
    EXPECT_TRUE(script.did(Do::await_hello));
    ASSERT_EQ(script.progress.notes().size(), 2u);
    EXPECT_THAT(script.progress.notes()[0], HasSubstr("the end of copying was not seen"));
    EXPECT_THAT(script.progress.notes()[1], HasSubstr("specializing"));
}

TEST(InstallProgress, NoMilestoneStandsForTheAgentsHello) {
    auto phases = one_machine();
    phases.insert(phases.begin() + 5, phase("tidying", PhaseEnd::milestone, "tidy"));
    Script script(phases);
    go_to(script, 4);
    script.milestone("tidy");
    EXPECT_EQ(script.progress.phase().name, "waiting for the agent");
}

TEST(InstallProgress, AnUnknownMilestoneIsNoted) {
    Script script(one_machine());
    go_to(script, 1);
    for (int many = 0; many < 1000; ++many) {
        script.milestone("coffee");
    }
    EXPECT_FALSE(script.progress.over());
    EXPECT_EQ(script.progress.notes().size(), 40u) << "bounded";
    EXPECT_THAT(script.progress.notes()[0], HasSubstr("coffee"));
}

TEST(InstallProgress, AScriptInTheGuestGivesUp) {
    Script script(one_machine());
    go_to(script, 3);
    script.milestone("failed no certutil here");
    script.expect_failure("first logon", Culprit::recipe, "gave up: no certutil here");
}

TEST(InstallProgress, GarbageOnTheLine) {
    Script script(one_machine());
    go_to(script, 1);
    for (const char* text :
         {"RUNDOWN-MILESTONE",
          "RUNDOWN-MILESTONE ",
          "RUNDOWN-MILESTONE WinPE",
          "RUNDOWN-MILESTONE-specialize",
          "\xff\xfe.....",
          "RUNDOWN"}) {
        script.tell(Kind::line, text);
    }
    EXPECT_EQ(script.progress.phase().name, "copying");
    EXPECT_FALSE(script.progress.over());
    EXPECT_THAT(script.progress.notes(), testing::IsEmpty());
    script.tell(Kind::hello);
    EXPECT_EQ(script.progress.phase().name, "copying") << "a hello before its time";
}

TEST(InstallProgress, ABugCheckInTheMiddle) {
    Script script(one_machine());
    go_to(script, 2);
    script.tell(Kind::line, "*** Fatal System Error: 0x0000007e", 2);
    script.tell(Kind::line, "(0xC0000005,0x80001234,0,0)", 2);
    script.tell(Kind::prompt, "kdb:> ", 2);
    ASSERT_TRUE(script.did(Do::answer));
    EXPECT_EQ(script.actions[0].text, "bt\r");
    EXPECT_EQ(script.actions[0].port, 2u);
    script.tell(Kind::line, "<ntoskrnl.exe:1234>", 2);
    script.tell(Kind::prompt, "kdb:> ", 2);
    script.expect_failure("specializing", Culprit::system, "Fatal System Error: 0x0000007e");
    EXPECT_THAT(script.progress.failure()->last_lines, testing::Contains(HasSubstr("<ntoskrnl")));
    EXPECT_EQ(script.progress.failure()->error.kind, ErrorKind::guest_crashed);
}

TEST(InstallProgress, ABugCheckWithoutADebugger) {
    Script script(one_machine());
    go_to(script, 2);
    script.tell(Kind::line, "*** STOP: 0x0000007B (0x1,0x2,0x3,0x4)", 2);
    script.work(19s);
    EXPECT_FALSE(script.progress.over());
    script.work(3s);
    script.expect_failure("specializing", Culprit::system, "STOP: 0x0000007B");
}

TEST(InstallProgress, ABugCheckThatResets) {
    Script script(one_machine());
    go_to(script, 1);
    script.tell(Kind::line, "*** STOP: 0x0000007B", 2);
    script.tell(Kind::reset);
    script.expect_failure("copying", Culprit::system, "STOP: 0x0000007B");
}

TEST(InstallProgress, AnAssertionIsLetGoOn) {
    Script script(one_machine());
    go_to(script, 1);
    script.tell(Kind::line, "*** Assertion failed: FALSE", 2);
    script.tell(Kind::prompt, "... (boipt)? ", 2);
    EXPECT_EQ(script.actions.at(0).text, "i\r");
    script.tell(Kind::line, "Entered debugger on an exception", 2);
    script.tell(Kind::prompt, "kdb:> ", 2);
    EXPECT_EQ(script.actions.at(0).text, "bt\r");
    script.tell(Kind::prompt, "--- Press q to abort, any other key to continue ---", 2);
    EXPECT_EQ(script.actions.at(0).text, " ");
    script.tell(Kind::prompt, "kdb:> ", 2);
    EXPECT_EQ(script.actions.at(0).text, "cont\r");
    EXPECT_FALSE(script.progress.over());
    ASSERT_EQ(script.progress.notes().size(), 2u);
    EXPECT_THAT(script.progress.notes()[0], HasSubstr("Assertion failed: FALSE"));
}

TEST(InstallProgress, ADebuggerThatStopsForEver) {
    Script script(one_machine());
    go_to(script, 1);
    for (int prompt = 0; prompt < 100 && !script.progress.over(); ++prompt) {
        script.tell(Kind::prompt, "kdb:> ", 2);
    }
    script.expect_failure("copying", Culprit::system, "stopped in the debugger 21 times");
}

TEST(InstallProgress, APanicAndADeath) {
    Script panics(one_machine());
    go_to(panics, 1);
    panics.tell(Kind::panicked, "pvpanic");
    panics.expect_failure("copying", Culprit::system, "panicked: pvpanic");
    Script dies(one_machine());
    go_to(dies, 1);
    dies.tell(Kind::died);
    dies.expect_failure("copying", Culprit::host, "QEMU was killed");
    EXPECT_EQ(dies.progress.failure()->error.kind, ErrorKind::hypervisor);
}

TEST(InstallProgress, PoweredOffTooEarly) {
    Script script(one_machine());
    go_to(script, 4);
    script.tell(Kind::powered_off);
    script.expect_failure("waiting for the agent", Culprit::recipe, "powered itself off");
}

TEST(InstallProgress, ShowsWhatGoesOn) {
    Script script(one_machine());
    go_to(script, 1);
    EXPECT_TRUE(script.did(Do::show));
    EXPECT_TRUE(script.did(Do::keep_screen));
    script.work(4s);
    EXPECT_FALSE(script.did(Do::show));
    script.work(1s);
    ASSERT_TRUE(script.did(Do::show));
    EXPECT_EQ(script.actions[0].text, "copying, 5 s");
}

TEST(InstallPhases, WellFormed) {
    EXPECT_TRUE(is_well_formed(one_machine()));
    EXPECT_TRUE(is_well_formed(two_machines()));
    EXPECT_FALSE(is_well_formed(std::vector<Phase>{}));
    auto phases = one_machine();
    phases.back().ends_machine = false;
    EXPECT_FALSE(is_well_formed(phases));
    phases = one_machine();
    phases[0].text.clear();
    EXPECT_FALSE(is_well_formed(phases));
    phases = one_machine();
    phases[1].quiet = 200s;
    EXPECT_FALSE(is_well_formed(phases)) << "would never be found stuck";
    phases = one_machine();
    phases[1].ends_by = PhaseEnd::power_off;
    EXPECT_FALSE(is_well_formed(phases));
}

}  // namespace
}  // namespace rundown::image
