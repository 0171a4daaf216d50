// SPDX-License-Identifier: MIT
// agent/win32/adapters.hpp
//
// The network adapters that are devices of a bus, from the registry's class key, SetupAPI, NDIS's
// own answers and the IP helper, as far as the system has each.
#pragma once
#include <windows.h>

#include <stdint.h>
#include <string>
#include <vector>

namespace rundown::win32
{

struct Adapter {
    std::string guid;     // "{GUID}".
    std::string service;  // Of its miniport.
    std::string instance; // "PCI\VEN_8086&DEV_100E...".
    uint8_t mac[6] = {};
    bool started = false;
    bool link_up = false;
    uint32_t pci_address = 0; // bus<<8 | device<<3 | function.
    uint32_t packet_filter = 0;
    uint64_t frames_in = 0, frames_out = 0;
    bool knows_mac = false, knows_link = false, knows_pci = false, knows_filter = false,
         knows_frames = false;
};

/// Why something of SetupAPI's could not be done.
struct AdapterFailure {
    DWORD error = 0; // 0: it was done.
    std::string what;
};

/// Present ones, started or not.
AdapterFailure list_adapters(std::vector<Adapter> *adapters);

/// Enables or disables the device of an adapter, and sees that it is so. *needs_reboot: the system
/// wants to be restarted first.
AdapterFailure change_adapter(const std::string &guid, bool is_enabled, bool *needs_reboot);

} // namespace rundown::win32
