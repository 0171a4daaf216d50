// SPDX-License-Identifier: MIT
// oracle/run_record.hpp
//
// Everything the oracle is told about one run, by those who saw it: the plan, the guest's trace,
// censuses and answers, the host's witness, and how the guest ended. Plain data, kept as
// record.json and trace.bin (report/run_record_json.hpp), so a run can be judged again without a
// guest. What a member says "absent" for was not learned; no rule takes that for zero.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/verdict.hpp"
#include "trace/trace.hpp"

namespace rundown::oracle {

/// Pool memory allocated and not freed under one tag.
struct PoolTag {
    std::uint32_t tag = 0;  // As ExAllocatePoolWithTag took it: first letter in the low byte.
    std::uint64_t bytes = 0;
    std::uint32_t blocks = 0;  // Of paged and non-paged pool together.
    std::uint32_t paged_blocks = 0;
    bool operator==(const PoolTag&) const = default;
};

struct Module {
    std::string name;  // Base name as loaded: "protocol5.sys".
    std::uint64_t base = 0;
    std::uint32_t bytes = 0;
    bool operator==(const Module&) const = default;
};

/// What exists in the guest at a moment (rpc.proto, Census). Absent: this guest cannot tell; no
/// rule takes that for zero. An empty `pool` or `modules` is absent, too: no system is without.
struct Census {
    using Count = std::optional<std::uint32_t>;
    Count protocols = 0;
    Count opens = 0;
    Count filters = 0;  // Opens with a packet filter or multicast list.
    Count adapters = 0;
    Count packet_pools = 0;
    Count packets_out = 0;
    Count buffer_pools = 0;
    Count buffers_out = 0;
    Count requests_pending = 0;
    Count sends_pending = 0;
    Count receives_out = 0;
    Count threads = 0;
    Count timers = 0;
    Count handles = 0;
    Count devices = 0;
    Count work_items = 0;
    std::vector<PoolTag> pool;
    std::vector<Module> modules;
    bool operator==(const Census&) const = default;
};

/// When a census was taken. Each at most once a run, but for `cycle`.
enum class CensusPoint {
    invalid,
    before,        // Guest up, driver not yet loaded, its file already put.
    bound,         // Driver loaded and bound, no load yet.
    cycle,         // After the unbind of one cycle of a rebind loop, before it is bound again.
    deregistered,  // The protocol is deregistered, its image still loaded (trigger "deregister").
    torn_down,     // The driver has been stopped.
    reloaded,      // Loaded and bound once more, as proof that it can be.
    gone_again,    // And stopped again.
};

struct LabelledCensus {
    CensusPoint point = CensusPoint::invalid;
    std::uint32_t cycle = 0;  // For CensusPoint::cycle, from 0.
    Census census;
    bool operator==(const LabelledCensus&) const = default;
};

/// The driver's service and image, as the guest answers (rpc.proto, DriverState).
struct DriverQuery {
    bool installed = false;
    bool image_loaded = false;
    std::uint64_t base = 0;
    std::uint32_t bytes = 0;
    std::uint32_t state = 0;  // 0 stopped, 1 starting, 2 running, 3 stopping.
    bool operator==(const DriverQuery&) const = default;
};

/// An operation on the driver that the guest answered.
enum class Step {
    invalid,
    start,         // The service started: DriverEntry.
    bind,          // One binding bound again (rebind).
    unbind,        // One binding unbound.
    disable,       // One adapter disabled,
    enable,        // and enabled again.
    remove,        // One adapter's device is gone: QEMU said so.
    deregister,    // The IOCTL; `status` is NdisDeregisterProtocol's as the driver tells it.
    stop,          // The service stopped: Unload returned.
    reload_start,  // The proof that it can be loaded again,
    reload_stop,   // and stopped again.
    power_off,
    reboot,
    open_handle,   // A handle to the driver's device opened,
    close_handle,  // and closed, after the stop had been asked for.
};

struct StepAnswer {
    Step step = Step::invalid;
    std::uint32_t cycle = 0;
    std::uint32_t status = 0;  // NTSTATUS or NDIS_STATUS; 0 is success.
    std::string message;       // The guest's sentence, when it gave one.
    bool operator==(const StepAnswer&) const = default;
};

/// What the scenario makes sure of beyond its trigger, so that a run in which it did not come about
/// is no proof (promises.hpp).
struct Promised {
    std::string opens;   // "pending" or "synchronous": so NdisOpenAdapter ended; else as it came.
    std::string closes;  // The same of NdisCloseAdapter.
    std::uint32_t receives_held = 0;  // A binding, at the trigger; returned after it.
    std::uint32_t requests_held = 0;  // A binding, in flight at the trigger.
    std::uint32_t handles_held = 0;   // Open at the trigger, closed before Unload was called.
    std::uint32_t link_changes = 0;   // Downs and ups a binding was told of before the trigger.
    std::uint32_t binds_refused = 0;  // BindAdapter ended without a binding.
    bool filters_set = false;         // Seen set at NDIS, and at the device where it can be asked.
    bool filters_left =
        false;  // The driver leaves them set when it closes: NDIS is to release them.
    bool operator==(const Promised&) const = default;
};

/// QMP query-rx-filter of a NIC (virtio-net only).
struct ReceiveFilter {
    bool promiscuous = false;
    std::string multicast;                     // "normal", "none", "all".
    std::vector<std::string> multicast_table;  // "01:00:5e:52:44:01", lower case.
    bool operator==(const ReceiveFilter&) const = default;
};

/// The test frames of one stream that a far end saw. A stream is one binding of the driver's, by
/// the driver's number.
struct WireStream {
    std::uint32_t stream = 0;
    std::uint64_t frames = 0;         // Good ones.
    std::uint32_t last_sequence = 0;  // The highest.
    bool operator==(const WireStream&) const = default;
};

/// The far end of one NIC. Times are milliseconds since the run started.
struct NicWitness {
    std::string model;                        // "e1000", "virtio-net".
    std::uint64_t frames_from_guest = 0;      // Test frames, good or bad.
    std::uint64_t frames_bad = 0;             // With a wrong length or payload.
    std::uint64_t frames_other = 0;           // Not test frames.
    std::uint64_t sequence_gaps = 0;          // Frames missing before a later one of their stream.
    std::uint64_t sequence_repeats = 0;       // Frames seen again or late.
    std::optional<std::int64_t> first_ms;     // Absent: no frame came.
    std::optional<std::int64_t> last_ms;      // Of a test frame.
    std::uint64_t frames_after_teardown = 0;  // Test frames that left the guest after the teardown
                                              // was answered: not those still in the wire's buffer.
    std::uint64_t frames_to_guest = 0;
    std::vector<WireStream> streams;                     // By number.
    std::optional<ReceiveFilter> filter_while_bound;     // Absent: not asked, or no such query.
    std::optional<ReceiveFilter> filter_after_teardown;  // Absent: the device has no such query.
    bool operator==(const NicWitness&) const = default;
};

/// How the guest ended.
enum class GuestEnd {
    invalid,      // Not known, or the guest was never started.
    stopped,      // The host stopped it when the run was over.
    powered_off,  // By itself.
    reset,        // It rebooted by itself.
    panicked,     // Bug check.
    died,         // QEMU went away.
};

/// A bug check by RPC event or the debug log; the trace has its own record of it.
struct BugCheck {
    std::uint32_t code = 0;
    std::array<std::uint64_t, 4> parameter{};
    std::string module;  // Where it happened; empty: unknown.
    std::uint64_t offset = 0;
    bool operator==(const BugCheck&) const = default;
};

/// A wait that was given up.
struct PassedDeadline {
    std::string phase;        // scenario::to_string(Phase): "trigger".
    std::string waiting_for;  // "the driver to stop".
    std::int64_t after_ms = 0;
    std::optional<std::string> guest_state;  // What the guest was doing then, as a sentence.
    bool operator==(const PassedDeadline&) const = default;
};

/// What kept a run from its end and is nobody's finding: QEMU killed, Ctrl-C, no guest.
struct Interruption {
    InconclusiveKind why = InconclusiveKind::none;
    std::string sentence;
    bool operator==(const Interruption&) const = default;
};

/// The driver's own counters at the trigger (rd_p5_counters); absent for other drivers.
struct DriverCounters {
    std::uint64_t sent = 0;
    std::uint64_t send_failures = 0;
    std::uint64_t received = 0;
    std::uint64_t receive_bad = 0;
    std::uint64_t requests = 0;
    bool operator==(const DriverCounters&) const = default;
};

/// A sync point of the test driver that was armed for the run; what came of it is in the trace.
struct HeldPoint {
    std::string name;         // "in-unbind".
    std::uint32_t point = 0;  // enum rd_p5_sync_point.
    bool operator==(const HeldPoint&) const = default;
};

struct RunRecord {
    // What was to be done.
    std::optional<std::string> guest;  // As --guest has it; absent: the reference guest as built.
    std::string scenario;
    std::string trigger;       // scenario::to_string(Trigger): "unload", "unbind-all", ...
    std::uint32_t cycles = 1;  // Of a rebind loop.
    bool reload_wanted = true;
    std::uint32_t nic_count = 0;  // NICs the driver is to be bound to.
    std::string load;             // "idle", "light", "heavy".
    std::string ndis = "5.1";
    std::uint32_t receive_style = 0;  // RD_P5_PARAM_RECEIVE_STYLE.
    std::string driver_module;        // Image name in the guest: "protocol5.sys".
    Promised promised;

    // What the guest told.
    trace::Trace trace;
    std::vector<LabelledCensus> censuses;
    std::vector<StepAnswer> answers;
    std::optional<DriverQuery> query_after_teardown;
    std::optional<DriverQuery> query_after_reload;  // After it was stopped again.
    std::optional<DriverCounters> counters;
    std::optional<std::vector<HeldPoint>> held_points;  // Absent: none was armed.

    // What the host saw.
    std::vector<NicWitness> nics;
    GuestEnd guest_end = GuestEnd::invalid;
    std::optional<BugCheck> bug_check;
    std::optional<PassedDeadline> deadline;
    std::optional<Interruption> interruption;
    std::optional<std::vector<std::string>> debugger_words;  // Its kernel debugger's, as sentences.

    /// The census of that point (the first of them), or null.
    const Census* census(CensusPoint point) const;
    /// The answer to that step (the first that failed, else the first), or null.
    const StepAnswer* answer(Step step) const;
};

}  // namespace rundown::oracle
