// SPDX-License-Identifier: MIT
// image/windows/phases.hpp
//
// The course of an installation of Windows, as the host can follow it. The times are guesses for an
// emulated processor (TCG), made generously: no medium was there to measure. Pure.
#pragma once

#include <vector>

#include "image/install/phase.hpp"
#include "image/windows/systems.hpp"

namespace rundown::image::windows {

/// The phases: two machines, the second boots what was installed and waits for the agent.
std::vector<Phase> phases_of(const WindowsSystem& system);

}  // namespace rundown::image::windows
