// SPDX-License-Identifier: MIT
// image/reactos/installed_disk_io.hpp
//
// What the host changes on a disk ReactOS is installed on, without it running. Blocking.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/store.hpp"

namespace rundown::image::reactos {

/// A driver of ours in the place of one of the system's.
struct ReplacedDriver {
    std::string file;      // In system32/drivers: "e1000.sys".
    std::string contents;  // Ours.
};

/// Boot menu: kernel debug output on COM2. Registry: COM1 is the port at 0x3f8, no hardware wizard.
/// Drivers are replaced; one the system has not is an error.
result<void> prepare_disk(
    const std::string& disk, const std::vector<ReplacedDriver>& drivers, const Watch& watch
);

/// The agent's program, and its service.
result<void> put_agent(const std::string& disk, const std::string& program, const Watch& watch);

/// A copy of the boot CD that installs by itself and talks on COM2.
result<void> make_boot_cd(
    const std::string& iso, const std::string& copy, const std::string& answers
);

}  // namespace rundown::image::reactos
