// SPDX-License-Identifier: MIT
// run/kernel_words.hpp
//
// What a scenario tells the reference guest on its kernel's command line. Pure.
#pragma once

#include <string>

#include "scenario/scenario.hpp"

namespace rundown::run {

/// Words for the choices that the scenario, or its load, takes from the guest, each with a space in
/// front; empty: all are left to its seed.
std::string kernel_words(const scenario::Scenario& scenario, scenario::Load load);

}  // namespace rundown::run
