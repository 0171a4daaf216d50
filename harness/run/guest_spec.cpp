// SPDX-License-Identifier: MIT
#include "run/guest_spec.hpp"

#include <fmt/format.h>

#include "image/machine.hpp"
#include "run/deterministic_guest.hpp"
#include "run/kernel_words.hpp"

namespace rundown::run {
namespace {

/// 1 million records: several seconds of heavy load on two NICs. Pages nobody writes cost nothing.
constexpr unsigned kTraceWindowMib = 64;

std::string command_line_of(const RunSpec& spec) {
    return fmt::format("seed={}{}", spec.seed, kernel_words(spec.scenario, spec.load));
}

void boot_from_kernel(const Assets& assets, const RunSpec& spec, guest::GuestSpec& guest) {
    guest.kernel = assets.boot_elf;
    guest.initrd = assets.initrd;
    guest.command_line = command_line_of(spec);
}

}  // namespace

guest::GuestSpec spec_of_run(
    const GuestHome& home,
    const Assets& assets,
    guest::Accelerator accelerator,
    const RunSpec& spec,
    const MachineFiles& files
) {
    guest::GuestSpec guest;
    if (home.manifest) {
        const std::string words = home.takes_kernel_words() ? command_line_of(spec) : "";
        image::apply_image(guest, *home.manifest, files.disk, files.uefi_variables, words);
        guest.uefi.code = files.uefi_code;
    } else {
        boot_from_kernel(assets, spec, guest);
    }
    for (const auto& model : spec.nics) {
        const std::size_t index = guest.nics.size();
        guest::NicSpec nic = guest::nic_from(model);
        nic.mac = guest::nic_mac(index);
        guest.nics.push_back(nic);
    }
    guest.accelerator = accelerator;
    guest.directory = files.directory;
    // Without it the driver's trace is its own ring, drained by RPC: --no-window.
    guest.trace_window_mib = spec.no_window ? 0 : kTraceWindowMib;
    // A guest that starts again by itself has nothing to say about this run, and would overwrite
    // the trace of its first life: QEMU ends in place of resetting it.
    guest.reboots = false;
    guest.qemu_arguments.push_back("-no-reboot");
    if (spec.deterministic) {
        make_deterministic(guest, spec.seed);
    }
    return guest;
}

}  // namespace rundown::run
