// SPDX-License-Identifier: MIT
// Phases of text mode and of answer files in XML; both end in setup.cmd's milestones.
#include "image/windows/phases.hpp"

namespace rundown::image::windows {
namespace {

constexpr Milliseconds minutes(std::int64_t count) {
    return Milliseconds(count * 60000);
}

// Windows is silent for long where it unpacks or counts devices, on a slow machine above all.
constexpr Milliseconds kQuiet = minutes(25);

/// setup.cmd's own, which do little and say what they do.
void append_script_phases(std::vector<Phase>& phases) {
    phases.push_back(
        {.name = "trusting the certificate",
         .ends_by = PhaseEnd::milestone,
         .text = "certificate",
         .deadline = minutes(15),
         .quiet = minutes(10)}
    );
    phases.push_back(
        {.name = "staging the drivers",
         .ends_by = PhaseEnd::milestone,
         .text = "drivers",
         .deadline = minutes(40),
         .quiet = minutes(15)}
    );
    phases.push_back(
        {.name = "installing the agent",
         .ends_by = PhaseEnd::milestone,
         .text = "agent",
         .deadline = minutes(15),
         .quiet = minutes(10)}
    );
    phases.push_back(
        {.name = "shutting down",
         .ends_by = PhaseEnd::power_off,
         .deadline = minutes(60),
         .quiet = kQuiet,
         .ends_machine = true}
    );
    phases.push_back(
        {.name = "the first boot of what was installed",
         .ends_by = PhaseEnd::hello,
         .deadline = minutes(60),
         .quiet = kQuiet,
         .resets_max = 1}
    );
    phases.push_back(
        {.name = "shutting down again",
         .ends_by = PhaseEnd::power_off,
         .deadline = minutes(30),
         .quiet = kQuiet,
         .ends_machine = true}
    );
}

std::vector<Phase> text_mode_phases() {
    return {
        {.name = "copying files (text mode)",
         .ends_by = PhaseEnd::reset,
         .deadline = minutes(90),
         .quiet = kQuiet},
        // GUI mode, a reset, the first logon.
        {.name = "installing (GUI mode)",
         .ends_by = PhaseEnd::milestone,
         .text = "first-logon",
         .deadline = minutes(180),
         .quiet = kQuiet,
         .resets_max = 2},
    };
}

std::vector<Phase> answer_xml_phases() {
    return {
        {.name = "copying Windows to the disk (windowsPE)",
         .ends_by = PhaseEnd::reset,
         .deadline = minutes(240),
         .quiet = kQuiet},
        // Some releases start again between detecting devices and the pass itself.
        {.name = "configuring the machine (offlineServicing and specialize)",
         .ends_by = PhaseEnd::milestone,
         .text = "specialize",
         .deadline = minutes(180),
         .quiet = kQuiet,
         .resets_max = 2},
        {.name = "making the account (oobeSystem)",
         .ends_by = PhaseEnd::milestone,
         .text = "first-logon",
         .deadline = minutes(180),
         .quiet = kQuiet,
         .resets_max = 4},
    };
}

}  // namespace

std::vector<Phase> phases_of(const WindowsSystem& system) {
    auto phases =
        system.style == InstallerStyle::text_mode ? text_mode_phases() : answer_xml_phases();
    append_script_phases(phases);
    return phases;
}

}  // namespace rundown::image::windows
