// SPDX-License-Identifier: MIT
// guest/drive_xml.hpp
//
// The parts of a domain's XML that a guest with a disk has and one with a kernel of its own has
// not: firmware, drives and their controllers, fw_cfg. Pure; used by domain_xml.cpp only.
#pragma once

#include <string>

#include "guest/spec.hpp"

namespace rundown::guest {

/// The <os> element's contents of a guest with BIOS or UEFI, behind <type>.
std::string firmware_xml(const GuestSpec& spec, const GuestNames& names);

/// Controllers, disks, CDs and the floppy. Every place is given, so that the guest finds a drive at
/// the same place whatever else it has.
std::string drives_xml(const GuestSpec& spec);

/// <sysinfo type='fwcfg'>; empty without entries.
std::string fw_cfg_xml(const std::vector<FwCfgEntry>& entries);

/// A PCI address on bus `bus`.
std::string pci_address_xml(unsigned slot, unsigned bus = 0);

}  // namespace rundown::guest
