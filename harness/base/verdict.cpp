// SPDX-License-Identifier: MIT
#include "base/verdict.hpp"

namespace rundown {

std::string_view to_string(VerdictKind kind) {
    switch (kind) {
        case VerdictKind::invalid:
            return "invalid";
        case VerdictKind::pass:
            return "pass";
        case VerdictKind::fail:
            return "fail";
        case VerdictKind::known:
            return "known";
        case VerdictKind::inconclusive:
            return "inconclusive";
    }
    return "invalid";
}

std::string_view to_string(InconclusiveKind kind) {
    switch (kind) {
        case InconclusiveKind::none:
            return "none";
        case InconclusiveKind::boot_failed:
            return "boot_failed";
        case InconclusiveKind::lost_contact:
            return "lost_contact";
        case InconclusiveKind::no_progress:
            return "no_progress";
        case InconclusiveKind::trace_truncated:
            return "trace_truncated";
        case InconclusiveKind::infrastructure:
            return "infrastructure";
        case InconclusiveKind::cancelled:
            return "cancelled";
        case InconclusiveKind::harness_bug:
            return "harness_bug";
    }
    return "none";
}

std::string_view who_must_act(InconclusiveKind kind) {
    switch (kind) {
        case InconclusiveKind::none:
            return "nobody";
        case InconclusiveKind::boot_failed:
            return "whoever made the guest image (see its debug log)";
        case InconclusiveKind::lost_contact:
            return "the driver's author first: the guest stopped answering (see the debug log and "
                   "the trace)";
        case InconclusiveKind::no_progress:
            return "the author of the scenario or the driver: the trigger was never reached under "
                   "the asked load";
        case InconclusiveKind::trace_truncated:
            return "whoever runs this: lower the load or enlarge the trace window";
        case InconclusiveKind::infrastructure:
            return "the owner of this machine (QEMU, libvirt, disk, permissions)";
        case InconclusiveKind::cancelled:
            return "nobody: it was stopped on request";
        case InconclusiveKind::harness_bug:
            return "rundown's authors";
    }
    return "nobody";
}

ExitCode exit_code(const Verdict& verdict) {
    switch (verdict.kind) {
        case VerdictKind::pass:
        case VerdictKind::known:
            return exit_pass;
        case VerdictKind::fail:
            return exit_finding;
        case VerdictKind::inconclusive:
            return verdict.why == InconclusiveKind::harness_bug ? exit_internal
                                                                : exit_could_not_run;
        case VerdictKind::invalid:
            break;
    }
    return exit_internal;
}

ExitCode worse(ExitCode a, ExitCode b) {
    auto rank = [](ExitCode code) {
        switch (code) {
            case exit_internal:
                return 4;
            case exit_finding:
                return 3;
            case exit_could_not_run:
                return 2;
            case exit_usage:
                return 1;
            case exit_pass:
                return 0;
        }
        return 4;
    };
    return rank(a) >= rank(b) ? a : b;
}

InconclusiveKind inconclusive_kind(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::guest_boot:
            return InconclusiveKind::boot_failed;
        case ErrorKind::lost_contact:
        case ErrorKind::timeout:
        case ErrorKind::guest_crashed:
        case ErrorKind::protocol:
            return InconclusiveKind::lost_contact;
        case ErrorKind::environment:
        case ErrorKind::hypervisor:
            return InconclusiveKind::infrastructure;
        case ErrorKind::refused:
        case ErrorKind::usage:
            return InconclusiveKind::no_progress;
        case ErrorKind::cancelled:
            return InconclusiveKind::cancelled;
        case ErrorKind::none:
        case ErrorKind::internal:
            break;
    }
    return InconclusiveKind::harness_bug;
}

}  // namespace rundown
