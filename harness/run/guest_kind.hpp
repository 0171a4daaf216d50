// SPDX-License-Identifier: MIT
// run/guest_kind.hpp
//
// Which guest `--guest` asks for, and what follows from its kind alone. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace rundown::run {

/// Whose kernel the guest runs.
enum class GuestFamily {
    invalid,
    reference,  // Ours: its NDIS and kernel write the trace, and take words on their command line.
    reactos,
    windows,
};

/// `--guest` as data.
struct GuestChoice {
    GuestFamily family = GuestFamily::invalid;
    std::string image;        // Name in the image store; empty: the only one of that family there.
    bool from_store = false;  // false: the reference guest as it was built, booted without a disk.
};

std::string_view to_string(GuestFamily family);
GuestFamily guest_family_from(std::string_view text);

/// "reference" (as built), "reference:NAME", "reactos", "reactos:NAME", "windows", "windows:NAME".
/// Fails (usage) naming the choices.
result<GuestChoice> guest_choice_from(const std::string& text);

/// As it is typed: "reactos:ros".
std::string to_string(const GuestChoice& choice);

/// How much longer than the reference guest such a guest may take in each phase of a run: what
/// there takes a fraction of a second are seconds of a whole system under emulation.
int patience_with(GuestFamily family);

/// From power on to the agent's hello at the worst: disk caches cold, translated, on a machine with
/// other things to do. A hang detector; 0: the scenario's deadline is enough.
Milliseconds boot_time_max(const GuestChoice& choice);

}  // namespace rundown::run
