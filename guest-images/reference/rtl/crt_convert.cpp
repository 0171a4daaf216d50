// SPDX-License-Identifier: MIT
// rtl/crt_convert.cpp
//
// Numbers from and to text, sorting and searching: the rest of the C run time that ntoskrnl.exe exports. Any IRQL.
#include "ctype.hpp"
#include "nt_internal.hpp"

namespace {

/// As strtoull: blanks, sign, 0x or 0 when the base is 0 (or 16); saturates at `most`.
template <typename Char>
ULONG64 parse(const Char* text, Char** end, int base, ULONG64 most, bool* negative) {
    const Char* at = text;
    while (rtl::is_space(static_cast<int>(*at))) ++at;
    *negative = *at == '-';
    if (*at == '-' || *at == '+') ++at;
    if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x' && rtl::digit_value(static_cast<int>(at[2])) < 16) {
        at += 2;
        base = 16;
    } else if (base == 0) {
        base = at[0] == '0' ? 8 : 10;
    }
    ULONG64 value = 0;
    bool any = false, overflow = false;
    for (;; ++at) {
        const unsigned digit = rtl::digit_value(static_cast<int>(*at));
        if (digit >= static_cast<unsigned>(base)) break;
        any = true;
        overflow |= value > (most - digit) / static_cast<unsigned>(base);
        value = value * static_cast<unsigned>(base) + digit;
    }
    if (end) *end = const_cast<Char*>(any ? at : text);
    return overflow ? most : value;
}

template <typename Char>
LONG64 parse_signed(const Char* text, Char** end, int base, ULONG64 most) {
    bool negative;
    const ULONG64 value = parse(text, end, base, most + 1, &negative);
    if (negative) return static_cast<LONG64>(0 - value);
    return static_cast<LONG64>(value > most ? most : value);
}

constexpr ULONG64 kLongMax = 0x7fffffff, kQuadMax = 0x7fffffffffffffff;

template <typename Char>
Char* print(ULONG64 value, bool negative, Char* text, int base) {
    Char digits[65];
    int count = 0;
    do digits[count++] = static_cast<Char>("0123456789abcdefghijklmnopqrstuvwxyz"[value % static_cast<unsigned>(base)]);
    while (value /= static_cast<unsigned>(base));
    Char* at = text;
    if (negative) *at++ = '-';
    while (count) *at++ = digits[--count];
    *at = 0;
    return text;
}

void swap(UCHAR* left, UCHAR* right, size_t width) {
    for (; width; --width, ++left, ++right) {
        const UCHAR byte = *left;
        *left = *right;
        *right = byte;
    }
}

using Compare = int(__cdecl*)(const void*, const void*);

void sift(UCHAR* base, size_t root, size_t count, size_t width, Compare compare) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(base + child * width, base + (child + 1) * width) < 0) ++child;
        if (compare(base + root * width, base + child * width) >= 0) return;
        swap(base + root * width, base + child * width, width);
    }
}

ULONG random_state = 1;

}  // namespace

extern "C" {

int __cdecl atoi(const char* text) { return static_cast<int>(parse_signed<char>(text, nullptr, 10, kLongMax)); }
long __cdecl atol(const char* text) { return static_cast<long>(parse_signed<char>(text, nullptr, 10, kLongMax)); }
__int64 __cdecl _atoi64(const char* text) { return parse_signed<char>(text, nullptr, 10, kQuadMax); }
int __cdecl _wtoi(const wchar_t* text) { return static_cast<int>(parse_signed<wchar_t>(text, nullptr, 10, kLongMax)); }
long __cdecl _wtol(const wchar_t* text) { return static_cast<long>(parse_signed<wchar_t>(text, nullptr, 10, kLongMax)); }
long __cdecl strtol(const char* text, char** end, int base) {
    return static_cast<long>(parse_signed(text, end, base, kLongMax));
}
unsigned long __cdecl strtoul(const char* text, char** end, int base) {
    bool negative;
    const auto value = static_cast<ULONG>(parse(text, end, base, 0xffffffff, &negative));
    return negative ? 0 - value : value;
}
unsigned __int64 __cdecl _strtoui64(const char* text, char** end, int base) {
    bool negative;
    const ULONG64 value = parse(text, end, base, ~0ull, &negative);
    return negative ? 0 - value : value;
}
unsigned long __cdecl wcstoul(const wchar_t* text, wchar_t** end, int base) {
    bool negative;
    const auto value = static_cast<ULONG>(parse(text, end, base, 0xffffffff, &negative));
    return negative ? 0 - value : value;
}
long __cdecl wcstol(const wchar_t* text, wchar_t** end, int base) {
    return static_cast<long>(parse_signed(text, end, base, kLongMax));
}
char* __cdecl _itoa(int value, char* text, int base) {
    const bool negative = base == 10 && value < 0;
    return print<char>(negative ? 0u - static_cast<ULONG>(value) : static_cast<ULONG>(value), negative, text, base);
}
wchar_t* __cdecl _itow(int value, wchar_t* text, int base) {
    const bool negative = base == 10 && value < 0;
    return print<wchar_t>(negative ? 0u - static_cast<ULONG>(value) : static_cast<ULONG>(value), negative, text, base);
}

/// Heap sort: no recursion, no allocation, on a kernel stack.
void __cdecl qsort(void* array, size_t count, size_t width, Compare compare) {
    auto* base = static_cast<UCHAR*>(array);
    for (size_t root = count / 2; root-- > 0;) sift(base, root, count, width, compare);
    for (size_t end = count; end-- > 1;) {
        swap(base, base + end * width, width);
        sift(base, 0, end, width, compare);
    }
}

void* __cdecl bsearch(const void* key, const void* array, size_t count, size_t width, Compare compare) {
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const void* element = static_cast<const UCHAR*>(array) + middle * width;
        const int order = compare(key, element);
        if (order == 0) return const_cast<void*>(element);
        order < 0 ? high = middle : low = middle + 1;
    }
    return nullptr;
}

void __cdecl srand(unsigned seed) { random_state = seed; }
int __cdecl rand() {
    random_state = random_state * 214013 + 2531011;
    return static_cast<int>(random_state >> 16 & 0x7fff);
}

/// Linear congruential generator of the documented kind: result below MAXLONG, seed updated.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlrandomex
ULONG NTAPI RtlRandom(PULONG Seed) {
    *Seed = static_cast<ULONG>((ULONG64{*Seed} * 0x7fffffed + 0x7fffffc3) % 0x7fffffff);
    return *Seed;
}
ULONG NTAPI RtlRandomEx(PULONG Seed) { return RtlRandom(Seed); }
ULONG NTAPI RtlUniform(PULONG seed) { return RtlRandom(seed); }

}  // extern "C"
