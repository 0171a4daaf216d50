// SPDX-License-Identifier: MIT
// image/install/host_speed_io.hpp
//
// How fast this host is now, its load included.
#pragma once

namespace rundown::image {

/// How many times slower than the machine the recipes' times were measured on; 1 at least, 20 at
/// most. Takes some tenths of a second of work on one processor.
double measure_slowness();

/// The rule behind it: from the time the work took.
double slowness_of(double seconds);

}  // namespace rundown::image
