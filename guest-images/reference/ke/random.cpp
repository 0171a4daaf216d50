// SPDX-License-Identifier: MIT
// ke/random.cpp
//
// The run's randomness: independent streams (xoshiro256**, Blackman and Vigna, public domain algorithm) seeded from the
// command line's seed= with splitmix64. One stream each, so that what NDIS draws does not shift the scheduler's draws.
#include "ke/ki.hpp"

namespace {

struct Stream {
    ULONG64 state[4];
};
Stream streams[RD_RANDOM_STREAMS];

ULONG64 rotate(ULONG64 value, int bits) { return value << bits | value >> (64 - bits); }

ULONG64 splitmix(ULONG64& state) {
    ULONG64 z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

ULONG64 next(Stream& stream) {
    ULONG64* s = stream.state;
    const ULONG64 result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3], s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

}  // namespace

extern "C" VOID KiInitializeRandom(ULONG64 seed) {
    for (Stream& stream : streams)
        for (ULONG64& word : stream.state) word = splitmix(seed);
}

extern "C" ULONG64 NTAPI RdRandom(ULONG stream) {
    KiAtomic atomic;
    return next(streams[stream % RD_RANDOM_STREAMS]);
}

/// 0 <= result < limit; limit 0 gives 0.
extern "C" ULONG KiRandomBelow(ULONG stream, ULONG limit) {
    return static_cast<ULONG>((RdRandom(stream) >> 32) * limit >> 32);
}
