// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/machine_io.hpp"

#include "guest/accelerator_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// libvirt has to learn QEMU the first time, which takes seconds on a slow machine.
constexpr Milliseconds kOpenTime{60000};
constexpr Milliseconds kAcceleratorTime{30000};

guest::GuestSpec accelerator_proof(const Assets& assets, const std::string& directory) {
    guest::GuestSpec proof;
    proof.kernel = assets.boot_elf;
    proof.initrd = assets.initrd;
    proof.command_line = "seed=1";
    proof.directory = directory + "/accelerator";
    proof.trace_window_mib = 0;
    proof.reboots = false;
    return proof;
}

}  // namespace

asio::awaitable<result<Machine>> open_machine(
    report::Progress& progress,
    const std::string& connect,
    const std::string& accelerator,
    const Assets& assets,
    const std::string& directory
) {
    progress.status("connecting to libvirt");
    guest::HypervisorOptions wanted;
    wanted.uri = connect == "embedded" ? "" : connect;
    auto hypervisor =
        co_await guest::Hypervisor::open(wanted, Deadline::in(kOpenTime, "libvirt to connect"));
    if (!hypervisor) {
        co_return hypervisor.error();
    }
    progress.status("choosing the accelerator");
    const auto choice = co_await guest::choose_accelerator(
        **hypervisor,
        guest::accelerator_wish_from(accelerator),
        accelerator_proof(assets, directory),
        Deadline::in(kAcceleratorTime, "the accelerator to be chosen")
    );
    if (!choice) {
        co_return choice.error();
    }
    Machine machine;
    machine.hypervisor = std::move(*hypervisor);
    machine.accelerator = choice->accelerator;
    co_return std::move(machine);
}

}  // namespace rundown::run
