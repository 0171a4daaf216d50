// SPDX-License-Identifier: MIT
// lib/window_search.hpp
//
// Looks for the ivshmem window on the PCI buses, for systems on which nobody tells the driver where
// it is.
#pragma once
#include "lib/kernel.hpp"
#include "lib/pci_window.hpp"

namespace rundown
{

/// Finds the first window of which `bytes` can be mapped, and sees to it that it answers: memory
/// decoding that is off is switched on when no driver has the device. PASSIVE_LEVEL.
WindowPlace FindWindow(ULONG bytes);

} // namespace rundown
