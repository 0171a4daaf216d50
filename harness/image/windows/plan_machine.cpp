// SPDX-License-Identifier: MIT
// On what it is installed: disk and its bus, memory, processor.
#include "image/windows/plan_maker.hpp"

namespace rundown::image::windows {
namespace {

constexpr std::uint64_t kGiB = 1024ull * 1024 * 1024;

}  // namespace

result<void> choose_disk_bus(Maker& maker) {
    const DiskBus bus = maker.ask().disk_bus.value_or(maker.system().disk_bus);
    std::vector<std::string> needed;
    if (maker.is_text_mode() && bus != DiskBus::ide) {
        return refuse(fmt::format(
            "{} brings no driver for a disk on {}, and its setup takes none without a person: take "
            "--disk-bus ide",
            maker.title(),
            to_string(bus)
        ));
    }
    if (bus == DiskBus::virtio || bus == DiskBus::scsi) {
        if (maker.media.virtio_iso.empty()) {
            return refuse(fmt::format(
                "a disk on {} needs the drivers of a virtio-win ISO: give --virtio-iso",
                to_string(bus)
            ));
        }
        needed.push_back(bus == DiskBus::virtio ? "viostor" : "vioscsi");
    }
    maker.plan.manifest.machine.disk_bus = bus;
    if (maker.media.virtio_iso.empty()) {
        return {};
    }
    needed.push_back("NetKVM");
    auto drivers = find_virtio_drivers(
        maker.media.virtio_files,
        maker.media.virtio_iso,
        maker.system(),
        maker.facts.arch,
        needed,
        // For dumps from outside, and to be told of a stop.
        {"fwcfg", "pvpanic"}
    );
    if (!drivers) {
        return drivers.error();
    }
    maker.virtio = std::move(*drivers);
    for (const auto& driver : maker.virtio) {
        if (driver.name == "viostor" || driver.name == "vioscsi") {
            maker.facts.boot_driver_folders.push_back("rundown/virtio/" + driver.name);
        }
    }
    return {};
}

result<void> choose_machine(Maker& maker) {
    const WindowsSystem& system = maker.system();
    const BuildRequest& ask = maker.ask();
    const std::uint32_t disk_gib = ask.disk_gib == 0 ? system.disk_gib : ask.disk_gib;
    const std::uint32_t memory_mib = ask.memory_mib == 0 ? system.memory_mib : ask.memory_mib;
    if (disk_gib < system.disk_gib_min) {
        return refuse(fmt::format(
            "{} needs a disk of {} GiB, and {} GiB were asked for",
            maker.title(),
            system.disk_gib_min,
            disk_gib
        ));
    }
    if (memory_mib < system.memory_mib_min) {
        return refuse(fmt::format(
            "{} needs {} MiB of memory, and {} MiB were asked for",
            maker.title(),
            system.memory_mib_min,
            memory_mib
        ));
    }
    maker.plan.disk_bytes = disk_gib * kGiB;
    Machine& machine = maker.plan.manifest.machine;
    // q35 has no IDE.
    machine.machine = machine.disk_bus == DiskBus::ide ? "pc" : std::string(system.machine);
    machine.cpu = maker.facts.arch == Arch::i386 ? system.cpu_x86 : system.cpu_x64;
    machine.memory_mib = memory_mib;
    machine.processors = ask.processors == 0 ? 1 : ask.processors;
    machine.com1 = PortRole::rpc;
    machine.com2 = PortRole::none;
    return {};
}

}  // namespace rundown::image::windows
