// SPDX-License-Identifier: MIT
#include "run/deterministic_guest.hpp"

namespace rundown::run {

namespace {

/// One instruction in 4 ns: about what QEMU's translator does on a host of our time, so that the
/// guest's quanta and timeouts hold as many instructions as they do without counting.
constexpr unsigned kShift = 2;

/// The meeting is the bell.
class NoBell final : public rpc::Doorbell {
  public:
    void ring_guest() override {}
};

}  // namespace

void make_deterministic(guest::GuestSpec& guest, std::uint32_t seed) {
    guest.icount = guest::IcountSpec{kShift, false};
    guest.determinism = guest::DeterminismSpec{seed};
    guest.start_paused = true;
    guest.command_line += " deterministic=1";
}

void make_deterministic(rpc::ClientOptions& options) {
    options.doorbell = std::make_shared<NoBell>();
    options.resend_after = std::chrono::hours(24);
}

bool can_be_deterministic(const scenario::Scenario& scenario) {
    return scenario.trigger != scenario::Trigger::surprise_removal &&
           scenario.trigger != scenario::Trigger::removal &&
           scenario.trigger != scenario::Trigger::link_flap;
}

result<void> check_deterministic(const std::string& accelerator, const std::string& connect) {
    if (accelerator == "kvm")
        return fail(
            ErrorKind::usage,
            "--deterministic counts the guest's instructions, which KVM cannot; use --accel tcg or "
            "leave it to auto"
        );
    if (connect != "embedded")
        return fail(
            ErrorKind::usage,
            "--deterministic stops the machine through a socket that QEMU makes in this user's "
            "directory; use --connect embedded"
        );
    return {};
}

}  // namespace rundown::run
