// SPDX-License-Identifier: MIT
// rtl/literal.hpp
//
// Counted strings of literals.
#pragma once
#include "nt_ddk.hpp"

namespace rtl {

/// A UNICODE_STRING that refers to a literal. Nobody may write through it.
template <SIZE_T N>
constexpr UNICODE_STRING literal(const WCHAR (&text)[N]) {
    return {static_cast<USHORT>((N - 1) * sizeof(WCHAR)), static_cast<USHORT>(N * sizeof(WCHAR)),
            const_cast<PWCHAR>(text)};
}

/// A UNICODE_STRING of a NUL-terminated string, which must stay.
inline UNICODE_STRING counted(const WCHAR* text) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    return string;
}

}  // namespace rtl
