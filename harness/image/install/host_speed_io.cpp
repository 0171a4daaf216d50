// SPDX-License-Identifier: MIT
#include "image/install/host_speed_io.hpp"

#include <algorithm>
#include <cstdint>

#include "base/deadline.hpp"

namespace rundown::image {

namespace {

constexpr unsigned kRounds = 100'000'000;
// On the machine the recipes' times were measured on, idle (2 cores, TCG).
constexpr double kReferenceSeconds = 0.2;
constexpr double kSlownessMax = 20;

}  // namespace

double slowness_of(double seconds) {
    return std::clamp(seconds / kReferenceSeconds, 1.0, kSlownessMax);
}

double measure_slowness() {
    const TimePoint began = Clock::now();
    // A chain of dependent steps, which no processor can shorten: xorshift64.
    std::uint64_t state = 88172645463325252ULL;
    for (unsigned round = 0; round < kRounds; ++round) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    volatile std::uint64_t kept = state;
    static_cast<void>(kept);
    return slowness_of(std::chrono::duration<double>(Clock::now() - began).count());
}

}  // namespace rundown::image
