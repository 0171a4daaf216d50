// SPDX-License-Identifier: MIT
// cm/name.hpp
//
// Names of registry keys and values: counted UTF-16, compared without case. Pure; compiled natively by tests/unit/cm.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cm {

/// A counted string of UTF-16 units; not terminated, not owned.
struct Name {
    const uint16_t* text = nullptr;
    size_t length = 0;
};

/// The upper case of one unit: ASCII, Latin-1, Greek and Cyrillic; other scripts compare as they are.
constexpr uint16_t upcase(uint16_t unit) {
    if (unit < 'a') return unit;
    if (unit <= 'z') return static_cast<uint16_t>(unit - 32);
    if (unit < 0xE0) return unit;
    if (unit <= 0xFE) return unit == 0xF7 ? unit : static_cast<uint16_t>(unit - 32);
    if (unit == 0xFF) return 0x178;
    if (unit >= 0x3B1 && unit <= 0x3C9 && unit != 0x3C2) return static_cast<uint16_t>(unit - 32);
    if (unit >= 0x430 && unit <= 0x44F) return static_cast<uint16_t>(unit - 32);
    if (unit >= 0x450 && unit <= 0x45F) return static_cast<uint16_t>(unit - 80);
    return unit;
}

/// Order of two names without case: negative, 0 or positive.
constexpr int compare(Name a, Name b) {
    const size_t shorter = a.length < b.length ? a.length : b.length;
    for (size_t i = 0; i < shorter; ++i) {
        const int difference = upcase(a.text[i]) - upcase(b.text[i]);
        if (difference != 0) return difference;
    }
    return a.length == b.length ? 0 : a.length < b.length ? -1 : 1;
}

}  // namespace cm
