// SPDX-License-Identifier: MIT
// bench/measurements.hpp
//
// What is measured, one function each. A figure has a name, a value and a unit; where there is a
// target or something to compare it with, that too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/bench_guest.hpp"

namespace rundown::bench {

struct Figure {
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<double> beside = std::nullopt;  // Target, or the figure it is compared with.
    std::string beside_name = {};                 // What that is.
};

using Figures = std::vector<Figure>;

/// The middle one, and the one below which 99 of 100 are. Of an empty list: 0.
double median(std::vector<double> values);
double percentile99(std::vector<double> values);

/// QEMU started to the agent's hello; `rounds` boots.
Task<void> measure_boot(Place& place, int rounds, Figures& figures);
/// Ping, beside the raw one-byte echo of the same UART.
Task<void> measure_rpc(Place& place, int rounds, Figures& figures);
/// Bind and unbind, load and unload, each for about `seconds`.
Task<void> measure_cycles(Place& place, double seconds, Figures& figures);
/// Frames a second in both directions at once, under heavy load.
Task<void> measure_traffic(Place& place, const std::string& nic, double seconds, Figures& figures);

}  // namespace rundown::bench
