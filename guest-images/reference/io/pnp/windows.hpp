// SPDX-License-Identifier: MIT
// io/pnp/windows.hpp
//
// Finds room for what a function decodes that the firmware has not placed: one plugged in later. Pure: tested natively by
// tests/unit/nic.
#pragma once
#include "pci_header.hpp"

namespace pnp {

/// A range of bus addresses.
struct Range {
    uint64_t first = 0, bytes = 0;

    constexpr bool overlaps(const Range& other) const {
        return bytes != 0 && other.bytes != 0 && first < other.first + other.bytes && other.first < first + bytes;
    }
};

/// Where a PC's host bridge (440FX) decodes what no firmware table has placed: ports beyond those of the board, and memory
/// between the top of RAM and the IOAPIC.
constexpr Range kPortWindow = {0xc000, 0x4000};
constexpr Range kMemoryWindow = {0xe0000000, 0x1ec00000};

/// The lowest address for `bytes` (a power of two) in `window` that is a multiple of it and off every range taken. 0: none.
constexpr uint64_t find_room(const Range& window, uint64_t bytes, const Range* taken, unsigned count) {
    if (bytes == 0 || (bytes & (bytes - 1)) != 0) return 0;
    for (uint64_t at = (window.first + bytes - 1) & ~(bytes - 1); at + bytes <= window.first + window.bytes;) {
        uint64_t next = 0;
        for (unsigned i = 0; i < count; ++i)
            if (taken[i].overlaps({at, bytes}) && taken[i].first + taken[i].bytes > next) next = taken[i].first + taken[i].bytes;
        if (next == 0) return at;
        at = (next + bytes - 1) & ~(bytes - 1);
    }
    return 0;
}

/// The IRQ of an interrupt pin (1..4) of a slot on bus 0, by the four PIRQ route control registers of the PIIX's ISA bridge;
/// kNoInterruptLine: not routed.
constexpr uint8_t routed_line(uint8_t pin, uint8_t slot, const uint8_t (&routes)[4]) {
    constexpr uint8_t disabled = 0x80, line_mask = 0x0f;
    if (pin == 0 || slot == 0) return kNoInterruptLine;
    const uint8_t route = routes[(pin - 1 + slot - 1) & 3];
    return route & disabled ? kNoInterruptLine : static_cast<uint8_t>(route & line_mask);
}

}  // namespace pnp
