// SPDX-License-Identifier: MIT
#include "image/install/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "image/install/lines.hpp"

namespace rundown::image {

namespace {

constexpr Milliseconds kShowEvery{5000};
constexpr Milliseconds kCrashPatience{20000};  // For the debugger to come up and tell more.
constexpr int kGapLooks = 5;                   // A look may come late by so many.
constexpr unsigned kStopsMax = 20;             // Of the debugger, before it is a loop.
constexpr unsigned kRepeatsMax = 1;            // Of one milestone: a script may say it twice.
constexpr std::size_t kLastLinesMax = 60;
constexpr std::size_t kNotesMax = 40;

std::string duration_text(TimePoint from, TimePoint to) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
    return seconds < 120 ? fmt::format("{} s", seconds)
                         : fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

std::string duration_text(Milliseconds time) {
    return duration_text(TimePoint(), TimePoint() + time);
}

}  // namespace

InstallProgress::InstallProgress(
    std::vector<Phase> phases, double slowness, Milliseconds look_every
)
    : phases_(std::move(phases)), slowness_(std::max(1.0, slowness)), look_every_(look_every) {}

Milliseconds InstallProgress::scaled(Milliseconds time) const {
    return Milliseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * slowness_));
}

std::vector<InstallAction> InstallProgress::on_event(const InstallEvent& event) {
    Actions actions;
    const bool starts = event.kind == InstallEventKind::machine_started;
    if (over_ || waits_for_machine_ != starts) {
        return actions;
    }
    if (!starts) {
        forgive_gap(event.now);
    }
    last_event_ = event.now;
    switch (event.kind) {
        case InstallEventKind::none:
            break;
        case InstallEventKind::machine_started:
            waits_for_machine_ = false;
            saw_anything_ = false;
            begin_phase(event.now, actions);
            break;
        case InstallEventKind::tick:
            on_tick(event.now, actions);
            break;
        case InstallEventKind::disk_written:
            saw_anything_ = true;
            last_sign_ = event.now;
            break;
        case InstallEventKind::screen_changed:
            last_sign_ = event.now;
            break;
        case InstallEventKind::line:
            on_line(event, actions);
            break;
        case InstallEventKind::prompt:
            on_prompt(event, actions);
            break;
        case InstallEventKind::reset:
            on_reset(event, actions);
            break;
        case InstallEventKind::powered_off:
            if (phase().ends_by == PhaseEnd::power_off) {
                end_phase(event.now, actions);
            } else {
                give_up(Culprit::recipe, ErrorKind::guest_boot, "it powered itself off", actions);
            }
            break;
        case InstallEventKind::panicked:
            give_up(
                Culprit::system,
                ErrorKind::guest_crashed,
                crash_.empty() ? "the system panicked: " + event.text : crash_,
                actions
            );
            break;
        case InstallEventKind::died:
            give_up(Culprit::host, event.error.kind, event.error.sentence, actions);
            break;
        case InstallEventKind::hello:
            if (phase().ends_by == PhaseEnd::hello) {
                end_phase(event.now, actions);
            }
            break;
    }
    return actions;
}

void InstallProgress::forgive_gap(TimePoint now) {
    const auto gap = now - last_event_ - kGapLooks * look_every_;
    if (gap > Milliseconds(0)) {
        phase_began_ += gap;
        last_sign_ += gap;
        crashed_at_ += gap;
    }
}

void InstallProgress::begin_phase(TimePoint now, Actions& actions) {
    phase_entered_ = phase_began_ = last_sign_ = last_shown_ = now;
    resets_ = repeats_ = 0;
    actions.push_back({InstallActionKind::show, phase().name});
    if (phase().ends_by == PhaseEnd::hello) {
        actions.push_back({InstallActionKind::await_hello});
    }
}

void InstallProgress::end_phase(TimePoint now, Actions& actions) {
    times_.push_back({phase().name, std::chrono::duration_cast<Milliseconds>(now - phase_entered_)}
    );
    const bool machine_is_done = phase().ends_machine;
    if (current_ + 1 == phases_.size()) {
        over_ = true;
        actions.push_back({InstallActionKind::done});
        return;
    }
    ++current_;
    if (machine_is_done) {
        waits_for_machine_ = true;
        actions.push_back({InstallActionKind::next_machine});
        return;
    }
    actions.push_back({InstallActionKind::keep_screen, times_.back().name});
    begin_phase(now, actions);
}

void InstallProgress::on_tick(TimePoint now, Actions& actions) {
    if (!crash_.empty() && now - crashed_at_ > kCrashPatience) {
        give_up(Culprit::system, ErrorKind::guest_crashed, crash_, actions);
        return;
    }
    if (now - last_sign_ > scaled(phase().quiet)) {
        const std::string since = duration_text(last_sign_, now);
        if (!saw_anything_ && current_ == 0) {
            give_up(
                Culprit::medium,
                ErrorKind::guest_boot,
                "it never wrote to its disk, and nothing has happened for " + since +
                    ": the medium does not boot",
                actions
            );
        } else if (phase().ends_by == PhaseEnd::hello) {
            give_up(
                Culprit::recipe,
                ErrorKind::guest_boot,
                "the agent said no hello, and nothing else has happened for " + since,
                actions
            );
        } else {
            give_up(
                Culprit::recipe,
                ErrorKind::guest_boot,
                "no disk write, no change of the screen and no line for " + since,
                actions
            );
        }
        return;
    }
    if (now - phase_began_ > scaled(phase().deadline)) {
        give_up(
            Culprit::host,
            ErrorKind::timeout,
            fmt::format(
                "it goes on and has not ended within {}", duration_text(scaled(phase().deadline))
            ),
            actions
        );
        return;
    }
    if (now - last_shown_ >= kShowEvery) {
        last_shown_ = now;
        actions.push_back(
            {InstallActionKind::show,
             fmt::format("{}, {}", phase().name, duration_text(phase_entered_, now))}
        );
    }
}

void InstallProgress::on_line(const InstallEvent& event, Actions& actions) {
    saw_anything_ = true;
    last_sign_ = event.now;
    remember(event);
    if (crash_.empty() && tells_bug_check(event.text)) {
        crash_ = "the system stopped with a bug check: " + event.text;
        crashed_at_ = event.now;
        asked_for_trace_ = false;
        return;
    }
    if (const auto milestone = milestone_in(event.text)) {
        if (milestone->name == kFailedMilestone) {
            give_up(
                Culprit::recipe,
                ErrorKind::guest_boot,
                "a script in the guest gave up: " + milestone->rest,
                actions
            );
            return;
        }
        on_milestone(milestone->name, event, actions);
        return;
    }
    if (phase().ends_by == PhaseEnd::line && event.text.find(phase().text) != std::string::npos) {
        end_phase(event.now, actions);
    }
}

void InstallProgress::on_milestone(
    const std::string& name, const InstallEvent& event, Actions& actions
) {
    const auto is_it = [&name](const Phase& phase) {
        return phase.ends_by == PhaseEnd::milestone && phase.text == name;
    };
    // Of the phases this machine still has before it, up to where the agent must speak.
    for (std::size_t at = current_; at < phases_.size(); ++at) {
        if (is_it(phases_[at])) {
            while (current_ < at) {
                note("the end of " + phase().name + " was not seen: " + name + " came before it");
                end_phase(event.now, actions);
            }
            end_phase(event.now, actions);
            return;
        }
        if (phases_[at].ends_machine || phases_[at].ends_by == PhaseEnd::hello) {
            break;
        }
    }
    const auto over = phases_.begin() + static_cast<std::ptrdiff_t>(current_);
    if (std::any_of(phases_.begin(), over, is_it)) {
        on_milestone_again(name, actions);
    } else if (notes_.size() < kNotesMax) {
        note("a milestone nobody waits for came: " + name);
    }
}

void InstallProgress::on_milestone_again(const std::string& name, Actions& actions) {
    const bool just_before = current_ > 0 && phases_[current_ - 1].text == name;
    if (just_before && ++repeats_ <= kRepeatsMax) {
        return;
    }
    give_up(
        Culprit::system,
        ErrorKind::guest_boot,
        "it has begun again: the milestone " + name + ", which was over, came once more",
        actions
    );
}

void InstallProgress::on_prompt(const InstallEvent& event, Actions& actions) {
    remember(event);
    last_sign_ = event.now;
    if (is_pager_prompt(event.text)) {
        actions.push_back({InstallActionKind::answer, " ", event.port});
        return;
    }
    if (is_assertion_prompt(event.text) || (crash_.empty() && !asked_for_trace_)) {
        if (++stops_ > kStopsMax) {
            give_up(
                Culprit::system,
                ErrorKind::guest_crashed,
                fmt::format("its kernel stopped in the debugger {} times", stops_),
                actions
            );
            return;
        }
        const std::size_t before = last_lines_.size() < 2 ? 0 : last_lines_.size() - 2;
        note("the kernel stopped in its debugger and was let go on: " + last_lines_[before]);
    }
    if (is_assertion_prompt(event.text)) {
        actions.push_back({InstallActionKind::answer, "i\r", event.port});
    } else if (!asked_for_trace_) {
        asked_for_trace_ = true;
        actions.push_back({InstallActionKind::answer, "bt\r", event.port});
    } else if (!crash_.empty()) {
        give_up(Culprit::system, ErrorKind::guest_crashed, crash_, actions);
    } else {
        asked_for_trace_ = false;
        actions.push_back({InstallActionKind::answer, "cont\r", event.port});
    }
}

void InstallProgress::on_reset(const InstallEvent& event, Actions& actions) {
    last_sign_ = event.now;
    if (!crash_.empty()) {
        give_up(Culprit::system, ErrorKind::guest_crashed, crash_, actions);
    } else if (phase().ends_by == PhaseEnd::reset) {
        end_phase(event.now, actions);
    } else if (++resets_ > phase().resets_max) {
        give_up(
            Culprit::system,
            ErrorKind::guest_boot,
            fmt::format(
                "it was reset {} where {} expected: it starts again and again",
                resets_ == 1 ? "once" : fmt::format("{} times", resets_),
                phase().resets_max == 0 ? "no reset was"
                                        : fmt::format("at most {} were", phase().resets_max)
            ),
            actions
        );
    }
}

void InstallProgress::give_up(
    Culprit culprit, ErrorKind kind, const std::string& why, Actions& actions
) {
    over_ = true;
    InstallFailure failure;
    failure.phase = phase().name;
    failure.culprit = culprit;
    failure.error = fail(kind, fmt::format("the installation failed in {}: {}", phase().name, why));
    failure.last_lines = last_lines_;
    failure_ = std::move(failure);
    actions.push_back({InstallActionKind::keep_screen, "failed in " + phase().name});
    actions.push_back({InstallActionKind::give_up});
}

void InstallProgress::remember(const InstallEvent& event) {
    last_lines_.push_back(fmt::format("COM{}: {}", event.port, event.text));
    if (last_lines_.size() > kLastLinesMax) {
        last_lines_.erase(last_lines_.begin());
    }
}

std::string_view to_string(PhaseEnd end) {
    switch (end) {
        case PhaseEnd::milestone:
            return "milestone";
        case PhaseEnd::line:
            return "line";
        case PhaseEnd::reset:
            return "reset";
        case PhaseEnd::power_off:
            return "power off";
        case PhaseEnd::hello:
            return "hello";
        case PhaseEnd::invalid:
            break;
    }
    return "invalid";
}

std::string_view to_string(Culprit culprit) {
    switch (culprit) {
        case Culprit::medium:
            return "medium";
        case Culprit::system:
            return "system";
        case Culprit::recipe:
            return "recipe";
        case Culprit::host:
            return "host";
        case Culprit::none:
            break;
    }
    return "none";
}

std::string_view advice(Culprit culprit) {
    switch (culprit) {
        case Culprit::medium:
            return "It is the medium's: try it in a virtual machine by hand, or another one";
        case Culprit::system:
            return "It is the system's: the lines it said last and the picture of its screen show "
                   "where it stopped";
        case Culprit::recipe:
            return "It is the recipe's, or a question it has no answer to: look at the picture of "
                   "the screen";
        case Culprit::host:
            return "It is this machine's: too slow or too busy, or its hypervisor failed";
        case Culprit::none:
            break;
    }
    return "";
}

}  // namespace rundown::image
