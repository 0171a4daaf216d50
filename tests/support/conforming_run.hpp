// SPDX-License-Identifier: MIT
// support/conforming_run.hpp
//
// Makes runs in which a driver and NDIS do everything right, in an order drawn at random: several
// bindings, sends, receives, OID requests, at once or pending, and a teardown under all of it. A
// little model of both sides: actors with scripts, of which each time a random one that may goes
// on. Every rule must pass every one of these.
#pragma once

#include <cstdint>

#include "oracle/run_record.hpp"

namespace rundown::test {

struct ConformingOptions {
    std::uint32_t bindings = 1;
    std::uint32_t operations = 12;  // Sends, receives and requests a binding.
    bool ndis_speaks = true;        // Does NDIS leave its own records?
};

/// The same seed and options give the same run.
oracle::RunRecord conforming_run(std::uint32_t seed, const ConformingOptions& options);

}  // namespace rundown::test
