// SPDX-License-Identifier: MIT
#include "image/machine.hpp"

namespace rundown::image {

void apply_image(
    guest::GuestSpec& spec,
    const Manifest& manifest,
    const std::string& disk,
    const std::string& uefi_variables,
    const std::string& command_line
) {
    const Machine& machine = manifest.machine;
    const bool windows = manifest.kind == ImageKind::windows;
    spec.firmware = manifest.firmware;
    spec.uefi.vars = uefi_variables;
    guest::DiskSpec overlay;
    overlay.file = disk;
    overlay.bus = machine.disk_bus;
    overlay.boot_order = 1;
    spec.disks = {overlay};
    spec.machine = machine.machine;
    spec.cpu = machine.cpu;
    spec.memory_mib = machine.memory_mib;
    spec.processors = machine.processors;
    spec.display = machine.display ? guest::Display::vga : guest::Display::none;
    spec.clock = machine.local_time ? guest::GuestClock::windows : guest::GuestClock::utc;
    spec.second_serial = machine.com2 == PortRole::none && machine.com1 == PortRole::rpc
                             ? guest::SecondSerial::none
                             : guest::SecondSerial::stream;
    spec.hyperv = windows;
    spec.vmcoreinfo = windows;
    if (manifest.kind == ImageKind::reference && !command_line.empty()) {
        spec.fw_cfg.push_back({kCommandLineEntry, command_line});
    }
}

}  // namespace rundown::image
