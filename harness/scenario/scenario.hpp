// SPDX-License-Identifier: MIT
// scenario/scenario.hpp
//
// What to do in one run, as data. Scenarios are TOML files (tests/scenarios/*.toml,
// SCENARIO_FORMAT.md); everything in them is checked before anything boots. The command line picks
// the rest: NIC models, load, seed, repetitions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace rundown::scenario {

/// How much traffic is in flight when the trigger comes.
enum class Load {
    invalid,
    idle,   // None.
    light,  // One packet in flight a binding; the host sends 100 frames a second.
    heavy,  // Transmit ring kept full; the host sends as fast as the guest takes; OIDs from two
            // threads.
};

/// What tears the driver down.
enum class Trigger {
    invalid,
    unload,      // Stop the service: the Unload routine deregisters.
    unbind_all,  // NDIS unbinds each adapter in turn; the driver deregisters at the last
                 // (DeregisterOn=1).
    deregister,  // The driver calls NdisDeregisterProtocol while its bindings are open (IOCTL).
    power_off,   // The system shuts down.
    rebind,      // Unbind and bind again, `cycles` times; then unload.
};

/// Phases of a run, in order; each has a deadline, and a deadline that expires names its phase.
enum class Phase { invalid, boot, deploy, bind, load, trigger, settle, reload, end };

struct Scenario {
    std::string name;
    std::string summary;                // One sentence.
    std::vector<std::string> contract;  // Lines of the contract it stands for: "S4".
    std::uint32_t nic_count = 1;        // NICs the guest needs (0 to 8).
    Load load = Load::idle;             // Unless the command line says otherwise,
    std::vector<Load> loads;            // which may name one of these.
    Trigger trigger = Trigger::invalid;
    std::uint32_t cycles = 1;     // For rebind.
    bool reload = true;           // Prove afterwards that the image can be loaded again.
    std::uint32_t load_ms = 300;  // Time under load before the trigger.
    std::map<std::string, std::uint32_t>
        driver_parameters;                    // REG_DWORDs of the service's Parameters key.
    std::map<Phase, Milliseconds> deadlines;  // Those that differ from default_deadline().
    std::string file;                         // Where it was read from.

    Milliseconds deadline(Phase phase) const;
};

std::string_view to_string(Load load);
std::string_view to_string(Trigger trigger);
std::string_view to_string(Phase phase);
Load load_from(std::string_view text);
Trigger trigger_from(std::string_view text);
Phase phase_from(std::string_view text);

/// Deadline of a phase under TCG on a slow machine; a hang detector, not a performance target.
Milliseconds default_deadline(Phase phase);

/// Reads one scenario. `file` is only named in errors, which give line and field.
result<Scenario> parse(std::string_view toml, const std::string& file);

/// All scenarios of a directory, sorted by name. Fails on the first malformed one and on duplicate
/// names.
result<std::vector<Scenario>> load_directory(const std::string& directory);

/// The named one; the error suggests the nearest name and how to list them.
result<Scenario> find(const std::vector<Scenario>& scenarios, const std::string& name);

}  // namespace rundown::scenario
