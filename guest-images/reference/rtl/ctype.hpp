// SPDX-License-Identifier: MIT
// rtl/ctype.hpp
//
// Case and kinds of characters in the C locale, and Unicode upper case for the alphabets drivers meet in names.
#pragma once

namespace rtl {

constexpr bool is_digit(int c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(int c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(int c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(int c) { return is_lower(c) || is_upper(c); }
constexpr bool is_space(int c) { return c == ' ' || (c >= 9 && c <= 13); }
constexpr int to_lower(int c) { return is_upper(c) ? c + 32 : c; }
constexpr int to_upper(int c) { return is_lower(c) ? c - 32 : c; }

/// ASCII, Latin-1, Greek and Cyrillic; everything else is its own upper case.
template <typename Char>
constexpr Char upcase(Char c) {
    if (c < 0x80) return static_cast<Char>(to_upper(static_cast<int>(c)));
    if (c >= 0xe0 && c <= 0xfe && c != 0xf7) return static_cast<Char>(c - 32);
    if (c == 0xff) return static_cast<Char>(0x178);
    if (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) return static_cast<Char>(c - 32);
    if (c >= 0x430 && c <= 0x44f) return static_cast<Char>(c - 32);
    if (c >= 0x450 && c <= 0x45f) return static_cast<Char>(c - 80);
    return c;
}

template <typename Char>
constexpr Char downcase(Char c) {
    if (c < 0x80) return static_cast<Char>(to_lower(static_cast<int>(c)));
    if (c >= 0xc0 && c <= 0xde && c != 0xd7) return static_cast<Char>(c + 32);
    if (c >= 0x391 && c <= 0x3a9) return static_cast<Char>(c + 32);
    if (c >= 0x410 && c <= 0x42f) return static_cast<Char>(c + 32);
    if (c >= 0x400 && c <= 0x40f) return static_cast<Char>(c + 80);
    return c;
}

/// Value of a digit in bases up to 36; 99 for anything else.
constexpr unsigned digit_value(int c) {
    return is_digit(c) ? static_cast<unsigned>(c - '0') : is_alpha(c) ? static_cast<unsigned>(to_lower(c) - 'a' + 10) : 99;
}

}  // namespace rtl
