// SPDX-License-Identifier: MIT
// image/machine.hpp
//
// The guest an image wishes for: its manifest as a GuestSpec. Pure.
#pragma once

#include <string>

#include "guest/spec.hpp"
#include "image/manifest.hpp"

namespace rundown::image {

/// fw_cfg entry from which the loader on the reference guest's disk takes the kernel's words.
inline constexpr const char* kCommandLineEntry = "opt/rundown/cmdline";

/// Fills in what the image decides: firmware, disk, machine, processor, memory, clock, display,
/// COM2. `disk` and `uefi_variables` are the run's own files (see Overlay); `command_line` reaches
/// the reference guest only. NICs, directory, accelerator and trace window stay the caller's, as
/// does UefiSpec::code.
void apply_image(
    guest::GuestSpec& spec,
    const Manifest& manifest,
    const std::string& disk,
    const std::string& uefi_variables,
    const std::string& command_line = {}
);

}  // namespace rundown::image
