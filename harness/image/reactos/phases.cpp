// SPDX-License-Identifier: MIT
#include "image/reactos/recipe_io.hpp"

namespace rundown::image::reactos {

using namespace std::chrono_literals;

// Measured under TCG on 2 cores, not idle: copying 69 s, configuring 83 s, booting 40 s. The
// deadlines are for a host with other things to do, the quiet times for the longest pause seen,
// many times over.
std::vector<Phase> phases(bool installed) {
    Phase copying;
    copying.name = "copying files";
    copying.ends_by = PhaseEnd::reset;
    copying.deadline = 20min;
    copying.quiet = 3min;
    copying.ends_machine = true;

    Phase configuring = copying;
    configuring.name = "configuring the system";
    configuring.deadline = 15min;

    Phase booting;
    booting.name = "booting to the agent";
    booting.ends_by = PhaseEnd::hello;
    booting.deadline = 10min;
    booting.quiet = 3min;

    Phase off;
    off.name = "settling and powering off";
    off.ends_by = PhaseEnd::power_off;
    off.deadline = 15min;
    off.quiet = 2min;
    off.ends_machine = true;

    if (installed) {
        return {booting, off};
    }
    return {copying, configuring, booting, off};
}

}  // namespace rundown::image::reactos
