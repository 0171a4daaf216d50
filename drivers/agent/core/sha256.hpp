// SPDX-License-Identifier: MIT
// agent/core/sha256.hpp
//
// SHA-256 (FIPS 180-4), for the hash at the end of a file transfer and whatever else has to be
// known again. No allocation, no standard library.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rundown::agent
{

constexpr size_t kSha256Bytes = 32;

/// The hash of bytes that come piece by piece.
class Sha256
{
  public:
    void update(const uint8_t *bytes, size_t count);
    /// Once, at the end.
    void finish(uint8_t (&digest)[kSha256Bytes]);

  private:
    static constexpr size_t kBlockBytes = 64;

    uint32_t hash_[8] = {
        0x6a09e667,
        0xbb67ae85,
        0x3c6ef372,
        0xa54ff53a,
        0x510e527f,
        0x9b05688c,
        0x1f83d9ab,
        0x5be0cd19};
    uint64_t count_ = 0;
    uint8_t rest_[kBlockBytes]; // What does not fill a block yet: count_ % kBlockBytes of it.
};

/// The hash of bytes that are all there.
void sha256(const uint8_t *bytes, size_t count, uint8_t (&digest)[kSha256Bytes]);

} // namespace rundown::agent
