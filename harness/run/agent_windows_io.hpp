// SPDX-License-Identifier: MIT
// run/agent_windows_io.hpp
//
// What only the agents of Windows-family guests are asked: crash dumps and live-kernel reports, the
// event log, Driver Verifier. Where an agent does not perform one, the error says so (refused).
// With Asio.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/agent_io.hpp"

namespace rundown::run {

/// A dump the guest has written, as the guest names it: "MEMORY.DMP", "Minidump\x.dmp",
/// "LiveKernelReports\NDIS\x.dmp".
struct GuestDump {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t written = 0;  // Seconds since 1970, by the guest's clock.
};

/// The newest first, as many as an answer holds.
Awaitable<std::vector<GuestDump>> guest_dumps(Agent& agent, Deadline deadline);

/// A dump, in pieces over the line: minutes for what is large. Errors: refused where it has more
/// than `bytes_max` bytes, before anything is carried.
Awaitable<std::string> read_guest_dump(
    Agent& agent, const GuestDump& dump, std::uint64_t bytes_max, Deadline deadline
);

/// One event of the guest's log. `type`: 1 error, 2 warning, 4 information.
struct GuestEvent {
    std::uint64_t time = 0;  // Seconds since 1970, by the guest's clock.
    std::uint32_t type = 0;
    std::uint32_t id = 0;
    std::string source;
    std::string text;  // The texts it carries, not the sentence of the message file.
};

/// The newest first. `log`: "System" or "Application".
Awaitable<std::vector<GuestEvent>> guest_events(
    Agent& agent, const std::string& log, std::uint32_t count, Deadline deadline
);

/// Driver Verifier, as set for the next start and as in force.
struct GuestVerifier {
    std::uint32_t flags = 0;
    std::vector<std::string> drivers;
    std::uint32_t active_flags = 0;
    std::vector<std::string> active_drivers;
    bool reboot_needed = false;   // What is set is not in force.
    bool active_unknown = false;  // The system does not tell what is.
};

Awaitable<GuestVerifier> guest_verifier(Agent& agent, Deadline deadline);

/// No drivers: nothing is verified after the next start.
Awaitable<GuestVerifier> set_guest_verifier(
    Agent& agent, std::uint32_t flags, const std::vector<std::string>& drivers, Deadline deadline
);

}  // namespace rundown::run
