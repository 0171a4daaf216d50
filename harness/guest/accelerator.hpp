// SPDX-License-Identifier: MIT
// guest/accelerator.hpp
//
// KVM or TCG? /dev/kvm proves nothing: on some machines it opens, makes a VM, and never runs a
// guest. So `auto` boots a guest under KVM and waits a short while for its first byte; the answer
// is remembered with the identity of the host it was found on. This file decides;
// accelerator_io.cpp boots. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "guest/spec.hpp"

namespace rundown::guest {

/// What the person asked for (--accel).
enum class AcceleratorWish {
    invalid,    // Not a choice.
    automatic,  // KVM if it runs a guest, else TCG.
    kvm,        // KVM, or fail.
    tcg,        // TCG.
};

/// What an answer holds for: another kernel, QEMU or processor asks again.
struct HostIdentity {
    std::string kernel;     // uname -r
    std::string qemu;       // QEMU's version
    std::string processor;  // model name of /proc/cpuinfo
    bool operator==(const HostIdentity&) const = default;
};

/// An answer, and why.
struct AcceleratorChoice {
    Accelerator accelerator = Accelerator::invalid;
    std::string reason;  // For the report: "/dev/kvm does not exist".
};

/// What to do about a wish.
enum class AcceleratorStep {
    invalid,
    use,    // choice is final.
    prove,  // Boot a guest under KVM, then ask conclude().
};

struct AcceleratorDecision {
    AcceleratorStep step = AcceleratorStep::invalid;
    AcceleratorChoice choice;
};

/// "auto", "kvm", "tcg"; invalid for anything else.
AcceleratorWish accelerator_wish_from(std::string_view text);

/// What follows from the wish, the remembered answer (if it is of this host) and why /dev/kvm
/// cannot be used ("" when it opens). Fails when KVM was demanded and cannot be.
result<AcceleratorDecision> decide(
    AcceleratorWish wish,
    const std::optional<AcceleratorChoice>& remembered,
    const std::string& kvm_unusable
);

/// What the proof showed: `failure` is empty when the guest under KVM spoke in time. Fails when KVM
/// was demanded.
result<AcceleratorChoice> conclude(AcceleratorWish wish, const std::string& failure);

/// The remembered answer as text, and back; nothing when the text is malformed or of another host.
std::string to_cache(const HostIdentity& host, const AcceleratorChoice& choice);
std::optional<AcceleratorChoice> from_cache(std::string_view text, const HostIdentity& host);

}  // namespace rundown::guest
