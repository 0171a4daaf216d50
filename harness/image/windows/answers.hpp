// SPDX-License-Identifier: MIT
// image/windows/answers.hpp
//
// The texts of one installation: answer file and scripts, from the templates of
// guest-images/windows. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/windows/systems.hpp"
#include "image/windows/virtio.hpp"

namespace rundown::image::windows {

/// What the templates need to know.
struct AnswerFacts {
    const WindowsSystem* system = nullptr;
    Arch arch = Arch::invalid;
    Firmware firmware = Firmware::bios;
    std::uint32_t build = 0;        // Of Windows; 0 with text mode.
    std::uint32_t image_index = 0;  // Likewise.
    std::string language;           // May be empty with text mode.
    std::string product_key;        // May be empty with an answer file in XML.
    std::string owner;
    std::string user;
    std::string password;
    std::string computer_name;
    std::vector<std::string> boot_driver_folders;  // On the CD: setup needs them to see its disk.
    std::vector<std::string> driver_folders;       // On the CD: copied to the disk, with all below.
    std::vector<std::string> staged_infs;          // Paths on the CD: made known to the system.
};

/// The letters the configuration CD may have.
inline constexpr std::string_view kCdLetters = "DEFGHIJ";

/// Autounattend.xml, for the root of the configuration CD.
result<std::string> autounattend_xml(const AnswerFacts& facts);
/// winnt.sif, for the floppy disk.
result<std::string> winnt_sif(const AnswerFacts& facts);
/// rundown.cmd of the floppy disk, which finds the CD.
result<std::string> floppy_cmd();
/// Settings of the machine; run by the specialize pass, or by setup.cmd where there is none.
result<std::string> settings_cmd(const AnswerFacts& facts);
/// What the first logon runs.
result<std::string> setup_cmd(const AnswerFacts& facts);

}  // namespace rundown::image::windows
