// SPDX-License-Identifier: MIT
// run/capabilities.hpp
//
// What a guest can do, from its kind, its image's manifest and its agent's hello; and why a
// scenario cannot be run on it. What cannot is skipped with a sentence, never left out in silence.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/guest_kind.hpp"
#include "scenario/scenario.hpp"

namespace rundown::run {

/// What a scenario may need of a guest, beyond NICs and NDIS.
enum class Ability {
    ndis_choices,     // NDIS completes opens, closes and requests as it is told, or refuses them.
    serialized_nics,  // The NICs' miniports are ones that NDIS serialises.
    unbinds,          // NDIS unbinds one adapter while the driver stays (and binds it again).
    rebinds,          // A binding can be taken down and made again, if only by the driver itself.
    disables_adapters,
    removes_devices,   // A NIC can be taken out with notice,
    surprise_removal,  // and without.
    sees_links,        // The guest tells whether a link is up.
    powers_off,
    reboots,
    keeps_handles,  // The agent keeps handles to the driver's device open.
};

/// "to be told how NdisOpenAdapter and NdisCloseAdapter complete": completes "the scenario needs".
std::string_view to_string(Ability ability);

struct GuestCapabilities {
    GuestFamily family = GuestFamily::reference;
    std::string guest = "the reference guest";  // For sentences: "image 'ros' (ReactOS 0.4.16)".
    std::vector<std::string> ndis = {"5.1"};    // Versions a protocol driver may register with.
    /// NIC model -> the driver the guest has for it; absent: every model of this program.
    std::optional<std::map<std::string, std::string>> nic_drivers;
    std::size_t nic_count_max = 8;
    std::map<Ability, std::string> lacks;  // With why, as a sentence without a full stop.
    bool counts_instructions = true;       // --deterministic can be had.
    bool has_window_line = true;           // The agent can talk through the window's end.
};

/// What follows from the kind alone.
GuestCapabilities capabilities_of(const GuestChoice& choice);

/// Takes away what needs an operation that the agent's hello (Hello.operations) does not have.
void restrict_to_operations(GuestCapabilities& guest, const std::vector<std::uint32_t>& operations);

/// What this scenario needs under this load.
std::set<Ability> needs_of(const scenario::Scenario& scenario, scenario::Load load);

/// Why the run cannot be had on this guest, as a sentence without a full stop; nothing: it can.
std::optional<std::string> why_not(
    const GuestCapabilities& guest,
    const scenario::Scenario& scenario,
    scenario::Load load,
    const std::vector<std::string>& nics,
    const std::string& ndis
);

}  // namespace rundown::run
