// SPDX-License-Identifier: MIT
// ke/command_line.cpp
//
// name=value words of the kernel's command line.
#include "ke/ki.hpp"

namespace {

/// The value behind `name=`, or null.
const char* find(const char* name) {
    for (const char* at = KiLoaderBlock.CommandLine; at && *at;) {
        while (*at == ' ') ++at;
        const char* word = at;
        const char* wanted = name;
        while (*wanted && *word == *wanted) ++word, ++wanted;
        if (!*wanted && *word == '=') return word + 1;
        while (*at && *at != ' ') ++at;
    }
    return nullptr;
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
    return 99;
}

}  // namespace

extern "C" ULONG64 NTAPI RdCommandLineNumber(const char* name, ULONG64 otherwise) {
    const char* at = find(name);
    if (!at || digit_of(*at) > 9) return otherwise;
    int base = 10;
    if (at[0] == '0' && (at[1] | 32) == 'x') base = 16, at += 2;
    ULONG64 value = 0;
    for (; digit_of(*at) < base; ++at) value = value * static_cast<ULONG64>(base) + static_cast<ULONG64>(digit_of(*at));
    return value;
}

extern "C" BOOLEAN NTAPI RdCommandLineText(const char* name, char* text, SIZE_T size) {
    const char* at = find(name);
    if (!at) return FALSE;
    for (SIZE_T length = 0; length < size; ++length) {
        text[length] = at[length] == ' ' ? 0 : at[length];
        if (!text[length]) return TRUE;
    }
    return FALSE;
}
