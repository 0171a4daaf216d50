// SPDX-License-Identifier: MIT
// diskboot/fw_cfg.hpp
//
// Named blobs that QEMU was started with (-fw_cfg name=...,string=...), read through its ports: QEMU's
// docs/specs/fw_cfg.rst.
#pragma once
#include <stdint.h>

#include "ports.hpp"

namespace fw_cfg {

constexpr uint16_t kSelector = 0x510, kData = 0x511;
constexpr uint16_t kSignature = 0x00, kDirectory = 0x19;
constexpr uint32_t kEntriesMax = 4096;

inline void select(uint16_t item) { out16(kSelector, item); }

inline uint32_t read_big_endian(unsigned bytes) {
    uint32_t value = 0;
    while (bytes--) value = value << 8 | in8(kData);
    return value;
}

}  // namespace fw_cfg

/// Reads a blob of at most `bytes_max` bytes; false when there is none. What is longer is refused, loudly.
inline bool read_fw_cfg(const char* name, char* to, uint32_t bytes_max) {
    using namespace fw_cfg;
    select(kSignature);
    if (read_big_endian(4) != 0x51454D55) return false;  // "QEMU"
    select(kDirectory);
    const uint32_t entries = read_big_endian(4);
    for (uint32_t i = 0; i < entries && i < kEntriesMax; ++i) {
        const uint32_t bytes = read_big_endian(4);
        const uint16_t item = static_cast<uint16_t>(read_big_endian(2));
        read_big_endian(2);
        bool same = true;
        uint32_t at = 0;
        for (uint32_t j = 0; j < 56; ++j) {
            const char letter = static_cast<char>(in8(kData));
            if (same && at != ~0u) {
                same = letter == name[at];
                at = letter ? at + 1 : ~0u;
            }
        }
        if (!same) continue;
        if (bytes > bytes_max) fail("opt/rundown/cmdline is too long");
        select(item);
        for (uint32_t j = 0; j < bytes; ++j) to[j] = static_cast<char>(in8(kData));
        to[bytes] = 0;
        return true;
    }
    return false;
}
