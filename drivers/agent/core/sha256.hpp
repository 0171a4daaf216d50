// SPDX-License-Identifier: MIT
// agent/core/sha256.hpp
//
// SHA-256 (FIPS 180-4), for the hash at the end of a file transfer. No allocation, no standard
// library.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rundown::agent
{

constexpr size_t kSha256Bytes = 32;

void sha256(const uint8_t *bytes, size_t count, uint8_t (&digest)[kSha256Bytes]);

} // namespace rundown::agent
