// SPDX-License-Identifier: MIT
// rtl/crt_string.cpp
//
// The C run time's string functions that ntoskrnl.exe exports, narrow and wide from the same templates. Any IRQL (the
// wide ones on Windows: PASSIVE_LEVEL where they fold case).
#include "ctype.hpp"
#include "nt_internal.hpp"

// A loop in here must not become a call of the function it is in.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

namespace {

template <typename Char>
size_t length_of(const Char* text, size_t most = ~size_t{0}) {
    size_t length = 0;
    while (length < most && text[length]) ++length;
    return length;
}

template <typename Char>
unsigned code(Char c) {
    return sizeof(Char) == 1 ? static_cast<unsigned char>(c) : static_cast<unsigned>(c);
}

template <typename Char>
unsigned folded(Char c) {
    return static_cast<unsigned>(rtl::to_lower(static_cast<int>(code(c))));
}

template <bool Fold, typename Char>
int compare(const Char* left, const Char* right, size_t most = ~size_t{0}) {
    for (; most; --most, ++left, ++right) {
        const unsigned a = Fold ? folded(*left) : code(*left), b = Fold ? folded(*right) : code(*right);
        if (a != b) return a < b ? -1 : 1;
        if (!a) break;
    }
    return 0;
}

template <typename Char>
Char* copy(Char* to, const Char* from, size_t most = ~size_t{0}) {
    size_t index = 0;
    for (; index < most && from[index]; ++index) to[index] = from[index];
    to[index] = 0;
    return to;
}

template <typename Char>
Char* copy_padded(Char* to, const Char* from, size_t count) {
    size_t index = 0;
    for (; index < count && from[index]; ++index) to[index] = from[index];
    for (; index < count; ++index) to[index] = 0;
    return to;
}

template <typename Char>
Char* find(const Char* in, Char wanted) {
    for (;; ++in) {
        if (*in == wanted) return const_cast<Char*>(in);
        if (!*in) return nullptr;
    }
}

template <typename Char>
Char* find_last(const Char* in, Char wanted) {
    const Char* last = nullptr;
    for (;; ++in) {
        if (*in == wanted) last = in;
        if (!*in) return const_cast<Char*>(last);
    }
}

template <typename Char>
Char* find_text(const Char* in, const Char* wanted) {
    const size_t length = length_of(wanted);
    for (;; ++in) {
        if (compare<false>(in, wanted, length) == 0) return const_cast<Char*>(in);
        if (!*in) return nullptr;
    }
}

/// Characters at the beginning of `in` that are (or are not) in the set.
template <bool In, typename Char>
size_t span(const Char* in, const Char* set) {
    size_t length = 0;
    while (in[length] && (find(set, in[length]) != nullptr) == In) ++length;
    return length;
}

constexpr int kInvalid = 22, kRange = 34;  // EINVAL, ERANGE

template <typename Char>
int copy_secure(Char* to, size_t size, const Char* from, size_t most = ~size_t{0}) {
    if (!to || !size) return kInvalid;
    const size_t length = from ? length_of(from, most) : 0;
    if (!from || length >= size) {
        to[0] = 0;
        return from ? kRange : kInvalid;
    }
    copy(to, from, most);
    return 0;
}

template <typename Char>
int append_secure(Char* to, size_t size, const Char* from, size_t most = ~size_t{0}) {
    if (!to || !size) return kInvalid;
    const size_t used = length_of(to, size);
    if (used < size) {
        const int error = copy_secure(to + used, size - used, from, most);
        if (!error) return 0;
    }
    to[0] = 0;
    return kRange;
}

}  // namespace

extern "C" {

size_t __cdecl strlen(const char* text) { return length_of(text); }
size_t __cdecl strnlen(const char* text, size_t most) { return length_of(text, most); }
size_t __cdecl wcslen(const wchar_t* text) { return length_of(text); }
size_t __cdecl wcsnlen(const wchar_t* text, size_t most) { return length_of(text, most); }
int __cdecl strcmp(const char* left, const char* right) { return compare<false>(left, right); }
int __cdecl strncmp(const char* left, const char* right, size_t most) { return compare<false>(left, right, most); }
int __cdecl _stricmp(const char* left, const char* right) { return compare<true>(left, right); }
int __cdecl _strnicmp(const char* left, const char* right, size_t most) { return compare<true>(left, right, most); }
int __cdecl wcscmp(const wchar_t* left, const wchar_t* right) { return compare<false>(left, right); }
int __cdecl wcsncmp(const wchar_t* left, const wchar_t* right, size_t most) { return compare<false>(left, right, most); }
int __cdecl _wcsicmp(const wchar_t* left, const wchar_t* right) { return compare<true>(left, right); }
int __cdecl _wcsnicmp(const wchar_t* left, const wchar_t* right, size_t most) { return compare<true>(left, right, most); }
char* __cdecl strcpy(char* to, const char* from) { return copy(to, from); }
char* __cdecl strncpy(char* to, const char* from, size_t count) { return copy_padded(to, from, count); }
char* __cdecl strcat(char* to, const char* from) { copy(to + length_of(to), from); return to; }
char* __cdecl strncat(char* to, const char* from, size_t most) { copy(to + length_of(to), from, most); return to; }
wchar_t* __cdecl wcscpy(wchar_t* to, const wchar_t* from) { return copy(to, from); }
wchar_t* __cdecl wcsncpy(wchar_t* to, const wchar_t* from, size_t count) { return copy_padded(to, from, count); }
wchar_t* __cdecl wcscat(wchar_t* to, const wchar_t* from) { copy(to + length_of(to), from); return to; }
wchar_t* __cdecl wcsncat(wchar_t* to, const wchar_t* from, size_t most) {
    copy(to + length_of(to), from, most);
    return to;
}
char* __cdecl strchr(const char* in, int wanted) { return find(in, static_cast<char>(wanted)); }
char* __cdecl strrchr(const char* in, int wanted) { return find_last(in, static_cast<char>(wanted)); }
char* __cdecl strstr(const char* in, const char* wanted) { return find_text(in, wanted); }
wchar_t* __cdecl wcschr(const wchar_t* in, wchar_t wanted) { return find(in, wanted); }
wchar_t* __cdecl wcsrchr(const wchar_t* in, wchar_t wanted) { return find_last(in, wanted); }
wchar_t* __cdecl wcsstr(const wchar_t* in, const wchar_t* wanted) { return find_text(in, wanted); }
size_t __cdecl strspn(const char* in, const char* set) { return span<true>(in, set); }
size_t __cdecl strcspn(const char* in, const char* set) { return span<false>(in, set); }
size_t __cdecl wcsspn(const wchar_t* in, const wchar_t* set) { return span<true>(in, set); }
size_t __cdecl wcscspn(const wchar_t* in, const wchar_t* set) { return span<false>(in, set); }
char* __cdecl strpbrk(const char* in, const char* set) {
    in += span<false>(in, set);
    return *in ? const_cast<char*>(in) : nullptr;
}

int __cdecl strcpy_s(char* to, size_t size, const char* from) { return copy_secure(to, size, from); }
int __cdecl strncpy_s(char* to, size_t size, const char* from, size_t most) { return copy_secure(to, size, from, most); }
int __cdecl strcat_s(char* to, size_t size, const char* from) { return append_secure(to, size, from); }
int __cdecl strncat_s(char* to, size_t size, const char* from, size_t most) { return append_secure(to, size, from, most); }
int __cdecl wcscpy_s(wchar_t* to, size_t size, const wchar_t* from) { return copy_secure(to, size, from); }
int __cdecl wcsncpy_s(wchar_t* to, size_t size, const wchar_t* from, size_t most) {
    return copy_secure(to, size, from, most);
}
int __cdecl wcscat_s(wchar_t* to, size_t size, const wchar_t* from) { return append_secure(to, size, from); }
int __cdecl wcsncat_s(wchar_t* to, size_t size, const wchar_t* from, size_t most) {
    return append_secure(to, size, from, most);
}
int __cdecl memcpy_s(void* to, size_t size, const void* from, size_t count) {
    if (!count) return 0;
    if (!to) return kInvalid;
    if (!from || count > size) {
        memset(to, 0, size);
        return from ? kRange : kInvalid;
    }
    memcpy(to, from, count);
    return 0;
}
int __cdecl memmove_s(void* to, size_t size, const void* from, size_t count) {
    if (!count) return 0;
    if (!to || !from) return kInvalid;
    if (count > size) return kRange;
    memmove(to, from, count);
    return 0;
}

char* __cdecl _strlwr(char* text) {
    for (char* at = text; *at; ++at) *at = static_cast<char>(rtl::to_lower(static_cast<UCHAR>(*at)));
    return text;
}
char* __cdecl _strupr(char* text) {
    for (char* at = text; *at; ++at) *at = static_cast<char>(rtl::to_upper(static_cast<UCHAR>(*at)));
    return text;
}
char* __cdecl _strrev(char* text) {
    const size_t length = length_of(text);
    for (size_t at = 0; at < length / 2; ++at) {
        const char c = text[at];
        text[at] = text[length - 1 - at];
        text[length - 1 - at] = c;
    }
    return text;
}
wchar_t* __cdecl _wcslwr(wchar_t* text) {
    for (wchar_t* at = text; *at; ++at) *at = rtl::downcase(*at);
    return text;
}
wchar_t* __cdecl _wcsupr(wchar_t* text) {
    for (wchar_t* at = text; *at; ++at) *at = rtl::upcase(*at);
    return text;
}

int __cdecl isdigit(int c) { return rtl::is_digit(c); }
int __cdecl islower(int c) { return rtl::is_lower(c); }
int __cdecl isupper(int c) { return rtl::is_upper(c); }
int __cdecl isalpha(int c) { return rtl::is_alpha(c); }
int __cdecl isalnum(int c) { return rtl::is_alpha(c) || rtl::is_digit(c); }
int __cdecl isspace(int c) { return rtl::is_space(c); }
int __cdecl isxdigit(int c) { return rtl::digit_value(c) < 16; }
int __cdecl isprint(int c) { return c >= 0x20 && c < 0x7f; }
int __cdecl tolower(int c) { return rtl::to_lower(c); }
int __cdecl toupper(int c) { return rtl::to_upper(c); }
wint_t __cdecl towlower(wint_t c) { return rtl::downcase(c); }
wint_t __cdecl towupper(wint_t c) { return rtl::upcase(c); }

}  // extern "C"
