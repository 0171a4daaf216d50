// SPDX-License-Identifier: MIT
// ndis/lib/configuration_text.hpp
//
// What stands in the text values of an adapter's registry key: numbers and network addresses. Pure.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace ndis {

/// Value of a hexadecimal digit, or -1.
constexpr int hex_digit(char16_t c) {
    if (c >= u'0' && c <= u'9') return c - u'0';
    if (c >= u'a' && c <= u'f') return c - u'a' + 10;
    if (c >= u'A' && c <= u'F') return c - u'A' + 10;
    return -1;
}

/// Reads "123", "-5", "0x1F" or, with base 16, "1F": the whole text, blanks around it aside. False: not a number, or more
/// than 32 bits.
constexpr bool parse_number(const char16_t* text, size_t length, unsigned base, uint32_t* value) {
    size_t at = 0;
    while (at < length && text[at] == u' ') ++at;
    while (length > at && (text[length - 1] == u' ' || text[length - 1] == 0)) --length;
    const bool negative = at < length && text[at] == u'-';
    if (negative || (at < length && text[at] == u'+')) ++at;
    if (length - at > 2 && text[at] == u'0' && (text[at + 1] == u'x' || text[at + 1] == u'X')) {
        base = 16;
        at += 2;
    }
    if (at == length) return false;
    uint64_t sum = 0;
    for (; at < length; ++at) {
        const int digit = hex_digit(text[at]);
        if (digit < 0 || static_cast<unsigned>(digit) >= base) return false;
        sum = sum * base + static_cast<unsigned>(digit);
        if (sum > 0xFFFFFFFFu) return false;
    }
    *value = negative ? static_cast<uint32_t>(0 - sum) : static_cast<uint32_t>(sum);
    return true;
}

/// Reads a network address of pairs of hexadecimal digits, with '-' or ':' between the pairs or without. At most `capacity`
/// bytes; returns how many, 0 when the text is anything else.
constexpr size_t parse_network_address(const char16_t* text, size_t length, uint8_t* bytes, size_t capacity) {
    while (length && (text[length - 1] == 0 || text[length - 1] == u' ')) --length;
    size_t count = 0;
    for (size_t at = 0; at < length;) {
        if (count && (text[at] == u'-' || text[at] == u':')) ++at;
        if (length - at < 2 || count == capacity) return 0;
        const int high = hex_digit(text[at]), low = hex_digit(text[at + 1]);
        if (high < 0 || low < 0) return 0;
        bytes[count++] = static_cast<uint8_t>(high << 4 | low);
        at += 2;
    }
    return count;
}

}  // namespace ndis
