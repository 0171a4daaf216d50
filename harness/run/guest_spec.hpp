// SPDX-License-Identifier: MIT
// run/guest_spec.hpp
//
// The machine a run's guest gets: the reference guest's as it was built, or the one an image's
// manifest wishes for, booted from the run's overlay. Pure.
#pragma once

#include <string>

#include "guest/spec.hpp"
#include "run/assets.hpp"
#include "run/guest_home_io.hpp"
#include "run/plan.hpp"

namespace rundown::run {

/// What the run's machine is made with besides the plan.
struct MachineFiles {
    std::string directory;       // The run's.
    std::string disk;            // Its overlay; empty for the guest as it was built.
    std::string uefi_variables;  // Its copy; empty: BIOS.
    std::string uefi_code;       // The firmware; empty: BIOS.
};

guest::GuestSpec spec_of_run(
    const GuestHome& home,
    const Assets& assets,
    guest::Accelerator accelerator,
    const RunSpec& spec,
    const MachineFiles& files
);

}  // namespace rundown::run
