// SPDX-License-Identifier: MIT
// guest/guest_event.hpp
//
// What the host notices about a guest without asking it, as types. Two sources, both kept: QEMU's
// own QMP events (with their JSON), and libvirt's domain events, which also know that a QEMU
// process died. Pure translation.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rundown::guest {

enum class GuestEventKind {
    none,          // Nothing this project acts on.
    powering_off,  // The guest asked for power off (QMP SHUTDOWN, guest=true); QEMU still exists.
    reset,         // The machine was reset, by the guest or by QMP; it starts again.
    panicked,      // The guest signalled a panic; `panic` says what it told. `detail` is what QEMU
                   // did: "pause" (memory kept for evidence), or "run" after set_panic_action().
    crash_loaded,  // The guest has crashed and handles that itself, with a dump of its own.
    resumed,       // The processor runs (again).
    paused,        // The processor was stopped.
    device_deleted,  // A device is gone after device_del; `detail` is its id.
    disk_error,      // A drive could not be read or written; `detail` says which and why.
    dump_completed,  // A dump is done; `detail` is QEMU's complaint, empty when there is none.
    stopped,         // QEMU is gone as asked for: power off by the guest, or stop().
    died,            // QEMU is gone and nobody asked: crashed or killed.
};

/// Who told of a panic, and with what.
enum class PanicSource {
    unknown,
    pvpanic,  // A device that says no more than that.
    hyperv,   // Windows's crash registers: a STOP code and its parameters.
};

struct GuestPanic {
    PanicSource source = PanicSource::unknown;
    std::uint64_t code = 0;  // Of hyperv: the STOP code.
    std::array<std::uint64_t, 4> parameters{};
    bool operator==(const GuestPanic&) const = default;
};

struct GuestEvent {
    GuestEventKind kind = GuestEventKind::none;
    std::string detail;  // Reason or device id, where there is one: "guest-reset", "net0".
    std::chrono::system_clock::time_point time;  // QEMU's own stamp where it gave one.
    std::optional<GuestPanic> panic = {};        // Of panicked.
};

std::string_view to_string(GuestEventKind kind);

/// "The guest signalled a panic (pvpanic)." or "... with STOP 0xD1 (0x.., 0x.., 0x.., 0x..)".
std::string sentence_of(const GuestPanic& panic);

/// Of a QMP event and its JSON data ("" when it has none).
GuestEvent from_qmp(std::string_view name, std::string_view data);

/// Of a libvirt lifecycle event (VIR_DOMAIN_EVENT_ID_LIFECYCLE): its type and detail. Only what QMP
/// cannot tell is translated, i.e. the end of the process; the rest is none, so that nothing is
/// told twice.
GuestEvent from_libvirt_lifecycle(int event, int detail);

/// One line of the QMP event log (JSON, no line end): {"time":...,"event":...,"data":...}. `data`
/// that is not JSON is kept as a string.
std::string qmp_log_line(
    std::chrono::system_clock::time_point time, std::string_view name, std::string_view data
);

}  // namespace rundown::guest
