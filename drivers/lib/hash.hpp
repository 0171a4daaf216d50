// SPDX-License-Identifier: MIT
// lib/hash.hpp
//
// FNV-1a, 64 bits: how the trace names a device without carrying its name. Pure; any IRQL.
#pragma once
#include <stdint.h>

namespace rundown
{

constexpr uint64_t Fnv1aBasis = 0xCBF29CE484222325ull;

inline uint64_t
Fnv1a(const void *bytes, uint32_t count)
{
    const uint8_t *next = static_cast<const uint8_t *>(bytes);
    uint64_t hash = Fnv1aBasis;

    for (uint32_t i = 0; i < count; ++i) {
        hash = (hash ^ next[i]) * 0x100000001B3ull;
    }
    return hash;
}

} // namespace rundown
