// SPDX-License-Identifier: MIT
// bench/measurements.hpp
//
// What is measured, one function each.
#pragma once

#include <string>

#include "bench/bench_guest.hpp"
#include "bench/figure.hpp"

namespace rundown::bench {

/// QEMU started to the agent's hello; `rounds` boots.
Task<void> measure_boot(Place& place, int rounds, Figures& figures);
/// Requests and uploads, beside the raw one-byte echo and the raw rate of the same UART.
Task<void> measure_rpc(Place& place, int rounds, Figures& figures);
/// Bind and unbind, load and unload, each for about `seconds`.
Task<void> measure_cycles(Place& place, double seconds, Figures& figures);
/// Frames a second in both directions at once, under heavy load; frames that got lost; and what a
/// request takes meanwhile.
Task<void> measure_traffic(Place& place, const std::string& nic, double seconds, Figures& figures);

/// What `rundown run` itself measured while it ran all scenarios, from its report.json.
void take_figures_of_runs(const std::string& report_file, Figures& figures);

/// An answer of the agent's that has to be a success.
Task<void> expect_success(Task<result<run::Answer>> step, const std::string& what);
/// Echoes of 64 bytes, one after the other or with pauses; microseconds each, pauses not counted.
Task<std::vector<double>> requests(
    Place& place, BenchGuest& guest, int rounds, double pause_seconds = 0
);

Task<void> sleep_for(double seconds);

}  // namespace rundown::bench
