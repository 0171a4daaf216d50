// SPDX-License-Identifier: MIT
// image/install/phase.hpp
//
// An installation as data: its phases, how the end of each is recognised, and how long each may
// take. What a recipe says and install/progress.hpp follows. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.hpp"

namespace rundown::image {

/// What a guest's script prints to a COM port as a pass of the installation begins or ends:
/// "RUNDOWN-MILESTONE <name>", name of lower-case letters, digits and '-'.
inline constexpr std::string_view kMilestoneWord = "RUNDOWN-MILESTONE";

/// The milestone by which a guest's script says that it cannot go on; the rest of the line says
/// why.
inline constexpr std::string_view kFailedMilestone = "failed";

/// How the end of a phase is recognised.
enum class PhaseEnd {
    invalid,
    milestone,  // `text` is its name.
    line,       // A line on a COM port that contains `text`.
    reset,      // The guest resets itself.
    power_off,  // The guest powers itself off.
    hello,      // The agent says hello.
};

struct Phase {
    std::string name;  // Completes "the installation is stuck in ...": "copying files".
    PhaseEnd ends_by = PhaseEnd::invalid;
    std::string text = {};      // Of a milestone or line.
    Milliseconds deadline{};    // Generous; on the machine the recipe's author measured on.
    Milliseconds quiet{};       // Stuck after so long without a disk write, a change of the screen
                                // or a line; shorter than the deadline.
    unsigned resets_max = 0;    // Resets that do not end it: more are a loop.
    bool ends_machine = false;  // The machine is done with then; the next phase has a new one.
};

/// True when every phase has a name, an end that can be recognised, and times; and the last one
/// ends its machine.
bool is_well_formed(const std::vector<Phase>& phases);

}  // namespace rundown::image
