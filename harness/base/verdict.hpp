// SPDX-License-Identifier: MIT
// base/verdict.hpp
//
// What a run ends in. Failure kinds are types: the driver's fault (fail), a divergence the guest is
// declared to have (known), or no judgement at all (inconclusive, with whose problem that is).
// Inconclusive is never green.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown {

/// One rule broken, with the sentence of the documentation it stands for.
struct Finding {
    std::string rule;  // Name of the rule, as in harness/oracle/rules and `rundown list --rules`.
    std::string
        citation;  // Line of the contract and document, e.g. "S6, NdisDeregisterProtocol: ...".
    std::optional<std::uint64_t> event;     // Sequence number of the trace record it hangs on.
    std::optional<std::uint64_t> event_us;  // When that was: microseconds on the guest's clock.
    std::string explanation;                // What happened, in one or two sentences.
    std::string
        against;        // "the system" where only it can have done it; empty: the driver, or both.
    std::string known;  // Why it is no news for this guest (a declared divergence); empty: it is.
};

enum class VerdictKind {
    invalid,       // Not judged yet.
    pass,          // Every rule held.
    fail,          // At least one finding.
    known,         // Only findings declared for this guest.
    inconclusive,  // Nothing can be said; see InconclusiveKind.
};

/// Why nothing can be said, and thereby who must act.
enum class InconclusiveKind {
    none,             // Not inconclusive.
    boot_failed,      // The guest never said hello: guest image or host.
    lost_contact,     // The guest stopped answering without a bug check or a phase to blame.
    no_progress,      // The scenario could not be brought to its trigger (no load in flight, no
                      // binding).
    trace_truncated,  // Records were lost, so absence proves nothing.
    infrastructure,   // QEMU, libvirt, disk: the machine's owner.
    cancelled,        // Stopped by a person.
    harness_bug,      // Ours.
};

std::string_view to_string(VerdictKind kind);
std::string_view to_string(InconclusiveKind kind);
/// Who has to do something about it, as a short phrase: "the owner of this machine (QEMU, libvirt,
/// disk)".
std::string_view who_must_act(InconclusiveKind kind);

struct Verdict {
    VerdictKind kind = VerdictKind::invalid;
    InconclusiveKind why = InconclusiveKind::none;
    std::string sentence;           // For inconclusive: what happened.
    std::vector<Finding> findings;  // For fail and known.
};

/// 0 pass (and known), 1 fail, 69 inconclusive, 70 harness_bug or invalid.
ExitCode exit_code(const Verdict& verdict);

/// The more alarming of two exit codes when a command ran several scenarios: 70, then 1, then 69,
/// then 2, then 0.
ExitCode worse(ExitCode a, ExitCode b);

/// The kind of inconclusive that an error of a stage amounts to.
InconclusiveKind inconclusive_kind(ErrorKind kind);

}  // namespace rundown
