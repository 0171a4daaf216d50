// SPDX-License-Identifier: MIT
#include "image/install/phase.hpp"

namespace rundown::image {

namespace {

bool is_well_formed(const Phase& phase) {
    const bool has_text = phase.ends_by == PhaseEnd::milestone || phase.ends_by == PhaseEnd::line;
    return !phase.name.empty() && phase.ends_by != PhaseEnd::invalid &&
           has_text == !phase.text.empty() && phase.quiet > Milliseconds(0) &&
           phase.quiet <= phase.deadline &&
           // A machine that has powered off cannot go on.
           (phase.ends_by != PhaseEnd::power_off || phase.ends_machine);
}

}  // namespace

bool is_well_formed(const std::vector<Phase>& phases) {
    for (const auto& phase : phases) {
        if (!is_well_formed(phase)) {
            return false;
        }
    }
    return !phases.empty() && phases.back().ends_machine;
}

}  // namespace rundown::image
