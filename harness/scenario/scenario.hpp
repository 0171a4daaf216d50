// SPDX-License-Identifier: MIT
// scenario/scenario.hpp
//
// What to do in one run, as data. Scenarios are TOML files (tests/scenarios/*.toml,
// SCENARIO_FORMAT.md); everything in them is checked before anything boots. The command line picks
// the rest: NIC models, load, seed, repetitions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "scenario/sync_points.hpp"

namespace rundown::scenario {

/// How much traffic is in flight when the trigger comes.
enum class Load {
    invalid,
    idle,   // None.
    light,  // One packet in flight a binding; the host sends 100 frames a second.
    heavy,  // Transmit ring kept full; the host sends as fast as the guest takes; OIDs from two
            // threads; handles to the driver opened and closed.
};

/// What tears the driver down.
enum class Trigger {
    invalid,
    unload,      // Stop the service: the Unload routine deregisters.
    unbind_all,  // NDIS unbinds each adapter in turn; the driver deregisters at the last
                 // (DeregisterOn=1).
    deregister,  // The driver calls NdisDeregisterProtocol while its bindings are open (IOCTL).
    power_off,   // The system shuts down.
    reboot,      // The system restarts.
    rebind,      // Unbind and bind again, `cycles` times; then unload.
    adapter_disable,   // The adapters' devices are stopped and started, `cycles` times; then
                       // unload.
    removal,           // The adapters' devices are asked to go; then unload.
    surprise_removal,  // They go without being asked; then unload.
    link_flap,         // The links go down and up, `cycles` times; then unload as they go down once
                       // more.
};

/// How NDIS completes what it may complete at once or later.
enum class Completion {
    invalid,
    seeded,        // As its seed says: now this way, now that.
    pending,       // Always NDIS_STATUS_PENDING first.
    synchronous,   // At once.
    refused,       // With a failure, at once (opens only),
    refused_late,  // or after NDIS_STATUS_PENDING.
};

/// What the guest's NDIS is told to do where the documentation leaves the choice to it.
struct NdisChoices {
    Completion open = Completion::seeded;   // NdisOpenAdapter.
    Completion close = Completion::seeded;  // NdisCloseAdapter.
    std::uint32_t request_ms = 0;   // Requests of request_oid pend that long; 0: as the seed says.
    std::uint32_t request_oid = 0;  // 0: every OID.
    bool serialized_miniports = false;  // NDIS calls the NICs' miniports one call at a time.
};

/// What is kept across the trigger on purpose.
struct Held {
    std::uint32_t receives = 0;  // Received packets a binding keeps, and returns late.
    std::uint32_t requests = 0;  // OID requests in flight a binding: 0 or 1.
    std::uint32_t handles = 0;   // Handles to the driver's device.
};

/// Phases of a run, in order; each has a deadline, and a deadline that expires names its phase.
enum class Phase { invalid, boot, deploy, bind, load, trigger, settle, reload, end };

struct Scenario {
    std::string name;
    std::string summary;                    // One sentence.
    std::vector<std::string> contract;      // Lines of the contract it stands for: "S4".
    std::uint32_t nic_count = 1;            // NICs the guest needs (0 to 8).
    std::optional<std::uint32_t> bindings;  // Made of them; absent: one a NIC.
    Load load = Load::idle;                 // Unless the command line says otherwise,
    std::vector<Load> loads;                // which may name one of these.
    Trigger trigger = Trigger::invalid;
    std::uint32_t cycles = 1;  // Of the triggers that repeat.
    NdisChoices ndis;
    Held held;
    std::vector<Hold> holds;     // Sync points of the test driver, armed before the trigger.
    bool reload = true;          // Prove afterwards that the image can be loaded again.
    std::uint32_t load_ms = 50;  // Time under load before the trigger.
    std::map<std::string, std::uint32_t>
        driver_parameters;                    // REG_DWORDs of the service's Parameters key.
    std::map<Phase, Milliseconds> deadlines;  // Those that differ from default_deadline().
    std::string file;                         // Where it was read from.

    Milliseconds deadline(Phase phase) const;
    /// Bindings a guest with so many NICs makes.
    std::uint32_t bindings_with(std::size_t nics) const {
        return bindings.value_or(static_cast<std::uint32_t>(nics));
    }
};

std::string_view to_string(Load load);
std::string_view to_string(Trigger trigger);
std::string_view to_string(Phase phase);
std::string_view to_string(Completion completion);
Load load_from(std::string_view text);
Trigger trigger_from(std::string_view text);
Phase phase_from(std::string_view text);
Completion completion_from(std::string_view text);

/// Can this trigger come more than once in a run?
bool repeats(Trigger trigger);
/// Are the adapters' devices gone after this trigger?
bool removes_devices(Trigger trigger);
/// Does the guest end with this trigger, so that nobody can be asked afterwards?
bool ends_guest(Trigger trigger);
/// All names that trigger_from() takes: "unload, unbind-all, ...".
std::string trigger_names();

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
