// SPDX-License-Identifier: MIT
// Installations simulated by a scripted guest on fake serial lines: the whole course, stuck in each
// phase in turn, and everything else that can happen on the way.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "image/install/drive_io.hpp"
#include "integration/support/program.hpp"
#include "integration/support/scripted_machine.hpp"

namespace rundown::integration {
namespace {

using namespace std::chrono_literals;
using image::Culprit;
using image::MachineEventKind;
using image::Phase;
using image::PhaseEnd;
using testing::HasSubstr;

/// One step of a script that ends a phase: a phase that gets stuck does not come to it.
using Step = std::function<asio::awaitable<void>(ScriptedGuest&)>;

Phase phase(std::string name, PhaseEnd end, std::string text = {}, bool ends_machine = false) {
    Phase made;
    made.name = std::move(name);
    made.ends_by = end;
    made.text = std::move(text);
    made.deadline = 5s;
    made.quiet = 300ms;
    made.ends_machine = ends_machine;
    return made;
}

std::vector<Phase> phases() {
    return {
        phase("copying", PhaseEnd::reset, "", true),
        phase("configuring", PhaseEnd::milestone, "specialize"),
        phase("settling", PhaseEnd::line, "desktop is up"),
        phase("waiting for the agent", PhaseEnd::hello),
        phase("powering off", PhaseEnd::power_off, "", true),
    };
}

asio::awaitable<void> work(ScriptedGuest& guest) {
    for (int pause = 0; pause < 5; ++pause) {
        guest.write_disk();
        co_await guest.pause(20ms);
    }
}

/// What the guest does at the end of each phase, in order; the last is the agent's doing.
std::vector<Step> steps() {
    return {
        [](ScriptedGuest& guest) -> asio::awaitable<void> {
            guest.tell({MachineEventKind::reset});
            co_return;
        },
        [](ScriptedGuest& guest) -> asio::awaitable<void> {
            guest.say(1, "garbage \x01\x02\xff RUNDOWN-MILESTONE specialize \r\n");
            co_return;
        },
        [](ScriptedGuest& guest) -> asio::awaitable<void> {
            guest.say(2, "(ntoskrnl) the desktop is up now\r\n");
            co_return;
        },
        [](ScriptedGuest& guest) -> asio::awaitable<void> {
            guest.start_agent();
            co_return;
        },
    };
}

class Install : public testing::Test {
  protected:
    /// Runs the installation; the guest does the steps before `stuck_at` and no more.
    image::InstallOutcome run(std::size_t stuck_at = SIZE_MAX) {
        image::InstallJob job;
        job.phases = phases_;
        job.directory = place_.path();
        job.look_every = 10ms;
        job.screen_every = 50ms;
        job.keys = keys_;
        job.settle_quiet = settle_quiet_;
        job.settle_max = settle_max_;
        job.show = [this](const std::string& text) { shown_.push_back(text); };
        job.next_machine = [this, stuck_at](std::size_t number) {
            return machine(number, stuck_at);
        };
        job.on_hello = [this](rpc::Client& client, const rpc::Hello& hello) {
            return on_hello_ ? on_hello_(client, hello) : use_agent(client, hello);
        };
        std::optional<image::InstallOutcome> outcome;
        asio::co_spawn(
            loop_,
            image::drive_installation(job, stop_),
            [&](std::exception_ptr thrown, image::InstallOutcome ended) {
                EXPECT_FALSE(thrown);
                outcome = std::move(ended);
            }
        );
        loop_.run_for(20s);
        EXPECT_TRUE(outcome) << "the installation hangs";
        EXPECT_EQ(counts_.alive, 0) << "a machine was left";
        EXPECT_EQ(counts_.started, counts_.stopped);
        return outcome.value_or(image::InstallOutcome());
    }

    asio::awaitable<result<std::unique_ptr<image::InstallMachine>>> machine(
        std::size_t number, std::size_t stuck_at
    ) {
        guest_ = std::make_shared<ScriptedGuest>(loop_);
        asio::co_spawn(loop_, play(guest_, number == 0 ? 0 : 1, stuck_at), asio::detached);
        co_return std::make_unique<ScriptedMachine>(guest_, counts_);
    }

    asio::awaitable<void> play(
        std::shared_ptr<ScriptedGuest> guest, std::size_t from, std::size_t stuck_at
    ) {
        const auto all = steps();
        for (std::size_t at = from; at < std::min(all.size(), stuck_at); ++at) {
            co_await work(*guest);
            co_await all[at](*guest);
            if (at == 0) {
                co_return;  // That was the end of the first machine.
            }
        }
        if (waits_ > 0ms) {
            co_await guest->pause(waits_);
        } else {
            co_await work(*guest);
        }
        if (then_) {
            co_await then_(*guest);
        }
    }

    asio::awaitable<result<void>> use_agent(rpc::Client& client, const rpc::Hello& hello) {
        EXPECT_EQ(hello.guest(), "test");
        const auto put = co_await rpc::put_file(
            client, "x.sys", std::string(9000, 'x'), Deadline::in(5s, "the file")
        );
        if (!put) {
            co_return put.error();
        }
        if (powers_off_) {
            guest_->tell({MachineEventKind::powered_off});
        }
        co_return result<void>();
    }

    void expect_stuck(
        const image::InstallOutcome& outcome, std::string name, Culprit culprit, std::string why
    ) {
        ASSERT_TRUE(outcome.error);
        EXPECT_THAT(outcome.error->sentence, HasSubstr("failed in " + name + ": "));
        EXPECT_THAT(outcome.error->sentence, HasSubstr(why));
        EXPECT_EQ(to_string(outcome.culprit), to_string(culprit));
        ASSERT_FALSE(outcome.pictures.empty());
        EXPECT_THAT(outcome.pictures.back(), HasSubstr("failed-in-"));
        EXPECT_TRUE(std::filesystem::exists(outcome.pictures.back()));
    }

    TemporaryDirectory place_;
    asio::io_context loop_{1};
    StopRequest stop_;
    MachineCounts counts_;
    std::shared_ptr<ScriptedGuest> guest_;
    std::vector<Phase> phases_ = phases();
    std::optional<image::InstallKeys> keys_;
    Milliseconds settle_quiet_{}, settle_max_{};
    Step then_;  // What the guest does when its steps are over.
    std::function<asio::awaitable<result<void>>(rpc::Client&, const rpc::Hello&)> on_hello_;
    bool powers_off_ = true;
    Milliseconds waits_{};  // The guest, in place of working.
    std::vector<std::string> shown_;
};

TEST_F(Install, TheWholeCourse) {
    const auto outcome = run();
    ASSERT_FALSE(outcome.error) << outcome.error->sentence;
    ASSERT_EQ(outcome.times.size(), 5u);
    EXPECT_EQ(counts_.started, 2);
    EXPECT_EQ(guest_->home.files["x.sys"], std::string(9000, 'x'));
    EXPECT_THAT(outcome.notes, testing::IsEmpty());
    EXPECT_THAT(shown_.front(), HasSubstr("[1/5] copying"));
    EXPECT_THAT(shown_.back(), HasSubstr("[5/5] powering off; "));
    EXPECT_THAT(contents_of(place_.path() + "/com1.log"), HasSubstr("MILESTONE specialize"));
    EXPECT_THAT(contents_of(place_.path() + "/com2.log"), HasSubstr("the desktop is up"));
    EXPECT_THAT(contents_of(place_.path() + "/rpc.log"), HasSubstr("hello"));
}

TEST_F(Install, KeysUntilTheDiskIsWrittenTo) {
    keys_ = image::InstallKeys{"ret", 50ms, 2s, 20ms};
    std::vector<std::string> before;
    std::size_t afterwards = 0;
    then_ = [&](ScriptedGuest& guest) -> asio::awaitable<void> {
        before = guest.keys;
        guest.write_disk();
        co_await guest.pause(50ms);
        const std::size_t pressed = guest.keys.size();
        co_await guest.pause(100ms);
        afterwards = guest.keys.size() - pressed;
        guest.tell({MachineEventKind::reset});
    };
    phases_.resize(1);
    phases_[0].quiet = 2s;
    waits_ = 150ms;
    const auto outcome = run(0);
    EXPECT_FALSE(outcome.error);
    EXPECT_GE(before.size(), 2u);
    EXPECT_THAT(before, testing::Each("ret"));
    EXPECT_EQ(afterwards, 0u);
}

TEST_F(Install, TheAgentIsUsedOnceTheGuestIsQuiet) {
    settle_quiet_ = 60ms;
    settle_max_ = 2s;
    bool busy = true;
    bool used_while_busy = false;
    then_ = [&busy](ScriptedGuest& guest) -> asio::awaitable<void> {
        for (int line = 0; line < 30; ++line) {
            guest.say(2, "installing a device\r\n");
            co_await guest.pause(10ms);
        }
        busy = false;
    };
    on_hello_ = [&](rpc::Client& client, const rpc::Hello& hello) {
        used_while_busy = busy;
        return use_agent(client, hello);
    };
    const auto outcome = run();
    EXPECT_FALSE(outcome.error);
    EXPECT_FALSE(used_while_busy);
}

TEST_F(Install, AGuestThatIsNeverQuietIsUsedAllTheSame) {
    settle_quiet_ = 100ms;
    settle_max_ = 300ms;
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        while (!guest.is_stopped) {
            guest.say(2, "chatter\r\n");
            co_await guest.pause(10ms);
        }
    };
    const auto outcome = run();
    EXPECT_FALSE(outcome.error) << outcome.error->sentence;
}

TEST_F(Install, StuckInCopying) {
    expect_stuck(run(0), "copying", Culprit::recipe, "no disk write");
    EXPECT_EQ(counts_.started, 1);
}

TEST_F(Install, StuckInConfiguring) {
    expect_stuck(run(1), "configuring", Culprit::recipe, "no disk write");
}

TEST_F(Install, StuckInSettling) {
    expect_stuck(run(2), "settling", Culprit::recipe, "no disk write");
}

TEST_F(Install, TheAgentNeverSaysHello) {
    expect_stuck(run(3), "waiting for the agent", Culprit::recipe, "the agent said no hello");
}

TEST_F(Install, StuckInPoweringOff) {
    powers_off_ = false;
    expect_stuck(run(), "powering off", Culprit::recipe, "no disk write");
}

TEST_F(Install, ABusyGuestThatGetsNowhere) {
    phases_[0].deadline = 600ms;
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        while (!guest.is_stopped) {
            co_await work(guest);
        }
    };
    expect_stuck(run(0), "copying", Culprit::host, "has not ended within");
}

TEST_F(Install, AResetLoop) {
    phases_[1].resets_max = 2;
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        while (!guest.is_stopped) {
            guest.tell({MachineEventKind::reset});
            co_await work(guest);
        }
    };
    expect_stuck(run(1), "configuring", Culprit::system, "reset 3 times where at most 2");
}

TEST_F(Install, ABugCheckWithItsDebugger) {
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        guest.say(2, "*** Fatal System Error: 0x0000000a\r\n\r\nEntered debugger\r\nkdb:> ");
        while (guest.answers.find("bt\r") == std::string::npos && !guest.is_stopped) {
            co_await guest.pause(5ms);
        }
        guest.say(2, "<win32k.sys:1234>\r\nkdb:> ");
    };
    const auto outcome = run(2);
    expect_stuck(outcome, "settling", Culprit::system, "Fatal System Error: 0x0000000a");
    EXPECT_THAT(outcome.last_lines, testing::Contains("COM2: <win32k.sys:1234>"));
}

TEST_F(Install, AnAssertionIsAnsweredAndNoted) {
    bool went_on = false;
    then_ = [&went_on](ScriptedGuest& guest) -> asio::awaitable<void> {
        guest.say(2, "*** Assertion failed: x\r\nbreak (boipt)? ");
        while (guest.answers.find("i\r") == std::string::npos && !guest.is_stopped) {
            co_await guest.pause(5ms);
        }
        went_on = true;
        guest.tell({MachineEventKind::reset});
    };
    phases_.resize(1);
    const auto outcome = run(0);
    EXPECT_FALSE(outcome.error);
    EXPECT_TRUE(went_on);
    ASSERT_EQ(outcome.notes.size(), 1u);
    EXPECT_THAT(outcome.notes[0], HasSubstr("Assertion failed: x"));
}

TEST_F(Install, AMilestoneOutOfOrder) {
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        guest.say(1, "RUNDOWN-MILESTONE specialize\r\n");
        co_await work(guest);
        guest.say(1, "RUNDOWN-MILESTONE specialize\r\n");
    };
    expect_stuck(run(2), "settling", Culprit::system, "begun again: the milestone specialize");
}

TEST_F(Install, GarbageOnTheLineIsNoMilestoneAndNoHello) {
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        std::string garbage;
        for (int byte = 0; byte < 3000; ++byte) {
            garbage.push_back(static_cast<char>(byte * 7));
        }
        while (!guest.is_stopped) {
            guest.say(1, garbage);
            co_await guest.pause(50ms);
        }
    };
    // Garbage is no sign of the agent; whether it is one of life does not matter to an end by
    // deadline.
    phases_[3].deadline = 900ms;
    const auto outcome = run(3);
    ASSERT_TRUE(outcome.error);
    EXPECT_THAT(outcome.error->sentence, HasSubstr("failed in waiting for the agent: "));
}

TEST_F(Install, APanicAndADeath) {
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        guest.tell({MachineEventKind::panicked, "pvpanic"});
        co_return;
    };
    expect_stuck(run(1), "configuring", Culprit::system, "panicked: pvpanic");
}

TEST_F(Install, QemuIsKilled) {
    then_ = [](ScriptedGuest& guest) -> asio::awaitable<void> {
        guest.close();
        guest.tell({MachineEventKind::died, {}, fail(ErrorKind::hypervisor, "QEMU ended")});
        co_return;
    };
    const auto outcome = run(3);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, ErrorKind::hypervisor);
    EXPECT_EQ(outcome.culprit, Culprit::host);
}

TEST_F(Install, WhatTheAgentCannotDoEndsIt) {
    on_hello_ = [](rpc::Client& client, const rpc::Hello&) -> asio::awaitable<result<void>> {
        rpc::Request request;
        request.mutable_census();
        const auto answer = co_await client.call(request, Deadline::in(5s, "the census"));
        EXPECT_TRUE(answer);
        co_return fail(ErrorKind::refused, "the agent has no census");
    };
    const auto outcome = run();
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->sentence, "while powering off: the agent has no census");
}

TEST_F(Install, TheNextMachineDoesNotStart) {
    image::InstallJob job;
    job.phases = phases_;
    job.directory = place_.path();
    job.show = [](const std::string&) {};
    job.next_machine = [](std::size_t
                       ) -> asio::awaitable<result<std::unique_ptr<image::InstallMachine>>> {
        co_return fail(ErrorKind::environment, "no room for it");
    };
    std::optional<image::InstallOutcome> outcome;
    asio::co_spawn(
        loop_,
        image::drive_installation(job, stop_),
        [&](std::exception_ptr, image::InstallOutcome ended) { outcome = std::move(ended); }
    );
    loop_.run_for(5s);
    ASSERT_TRUE(outcome && outcome->error);
    EXPECT_EQ(outcome->error->sentence, "no room for it");
}

TEST_F(Install, StoppedInEachPhase) {
    for (std::size_t at = 0; at < phases_.size(); ++at) {
        SCOPED_TRACE(phases_[at].name);
        StopRequest& stop = stop_ = StopRequest();
        loop_.restart();
        powers_off_ = false;
        then_ = [&stop](ScriptedGuest&) -> asio::awaitable<void> {
            stop.request("Ctrl-C");
            co_return;
        };
        const auto outcome = run(at);
        ASSERT_TRUE(outcome.error);
        EXPECT_EQ(outcome.error->kind, ErrorKind::cancelled);
        EXPECT_EQ(outcome.error->sentence, "stopped by Ctrl-C");
    }
}

TEST_F(Install, PhasesThatMakeNoSenseAreRefused) {
    phases_.back().ends_machine = false;
    EXPECT_EQ(run().error->kind, ErrorKind::internal);
    EXPECT_EQ(counts_.started, 0);
}

}  // namespace
}  // namespace rundown::integration
