// SPDX-License-Identifier: MIT
// run/deterministic_guest.hpp
//
// What a deterministic run asks of the guest, of the RPC client and of the command line. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "guest/spec.hpp"
#include "rpc/client_io.hpp"
#include "scenario/scenario.hpp"

namespace rundown::run {

/// The deadlines of a deterministic run count in guest time, in which nothing is slow; in host time
/// they are so many times as long, for a guest that comes to no rendezvous any more.
inline constexpr int kDeterministicPatience = 30;

/// Instructions for time, a fixed clock, no chance; and the word that tells the guest's kernel.
void make_deterministic(guest::GuestSpec& guest, std::uint32_t seed);

/// Rings only, looked at when host and guest meet; nothing is said twice because time has passed.
void make_deterministic(rpc::ClientOptions& options);

/// Not where devices are taken out: QEMU frees them, and their wires end, in a thread of its own.
/// Nor where links go down: on e1000, of 24 runs of a seed under load seven were not like the rest.
bool can_be_deterministic(const scenario::Scenario& scenario);

/// Can --deterministic be had with these? Error: usage, one sentence.
result<void> check_deterministic(const std::string& accelerator, const std::string& connect);

}  // namespace rundown::run
