// SPDX-License-Identifier: MIT
#include "sha256.hpp"

#include <string.h>

namespace rundown::agent
{

namespace
{

// First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS
// 180-4, 4.2.2).
constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t
rotate(uint32_t value, int by)
{
    return value >> by | value << (32 - by);
}

uint32_t
big_endian(const uint8_t *from)
{
    return static_cast<uint32_t>(from[0]) << 24 | static_cast<uint32_t>(from[1]) << 16 |
           static_cast<uint32_t>(from[2]) << 8 | from[3];
}

void
compress(uint32_t (&hash)[8], const uint8_t *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; ++t)
        w[t] = big_endian(block + 4 * t);
    for (int t = 16; t < 64; ++t) {
        const uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        const uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, hash, sizeof v);
    for (int t = 0; t < 64; ++t) {
        const uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        const uint32_t first = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + kRound[t] + w[t];
        const uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        const uint32_t second = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        for (int i = 7; i > 0; --i)
            v[i] = v[i - 1];
        v[4] += first;
        v[0] = first + second;
    }
    for (int i = 0; i < 8; ++i)
        hash[i] += v[i];
}

} // namespace

void
Sha256::update(const uint8_t *bytes, size_t count)
{
    size_t held = count_ % kBlockBytes;
    count_ += count;
    if (held != 0) {
        const size_t taken = count < kBlockBytes - held ? count : kBlockBytes - held;
        memcpy(rest_ + held, bytes, taken);
        held += taken;
        if (held < kBlockBytes)
            return;
        compress(hash_, rest_);
        bytes += taken;
        count -= taken;
    }
    for (; count >= kBlockBytes; count -= kBlockBytes, bytes += kBlockBytes)
        compress(hash_, bytes);
    if (count)
        memcpy(rest_, bytes, count);
}

void
Sha256::finish(uint8_t (&digest)[kSha256Bytes])
{
    // The rest, a one bit, zeros, and the length in bits: one block or two.
    const size_t held = count_ % kBlockBytes;
    const size_t bytes = held + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
    const uint64_t bits = count_ * 8;
    uint8_t last[2 * kBlockBytes] = {};
    if (held)
        memcpy(last, rest_, held);
    last[held] = 0x80;
    for (int i = 0; i < 8; ++i)
        last[bytes - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
    for (size_t at = 0; at < bytes; at += kBlockBytes)
        compress(hash_, last + at);
    for (int i = 0; i < 32; ++i)
        digest[i] = static_cast<uint8_t>(hash_[i / 4] >> (24 - 8 * (i % 4)));
}

void
sha256(const uint8_t *bytes, size_t count, uint8_t (&digest)[kSha256Bytes])
{
    Sha256 hash;
    hash.update(bytes, count);
    hash.finish(digest);
}

} // namespace rundown::agent
