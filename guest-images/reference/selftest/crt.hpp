// SPDX-License-Identifier: MIT
// selftest/crt.hpp
//
// The C run time's functions as ntoskrnl.exe exports them, taken from the import table itself: the compiler's headers declare some as
// inline functions of their own, some with other conventions, and some not at all.
#pragma once
#include <stdarg.h>

#include "nt_ddk.hpp"

/// Slot of the import table, typed: RD_IMPORT(int, sprintf, char*, const char*, ...) declares crt::sprintf.
#define RD_IMPORT(result, name, ...) \
    extern "C" result (*__imp_##name)(__VA_ARGS__); \
    namespace crt { \
    [[maybe_unused]] static constexpr auto& name = __imp_##name; \
    }

RD_IMPORT(int, sprintf, char*, const char*, ...)
RD_IMPORT(int, swprintf, wchar_t*, const wchar_t*, ...)
RD_IMPORT(int, _swprintf, wchar_t*, const wchar_t*, ...)
RD_IMPORT(int, vsprintf, char*, const char*, va_list)
RD_IMPORT(int, vswprintf, wchar_t*, const wchar_t*, va_list)
RD_IMPORT(int, _snprintf, char*, SIZE_T, const char*, ...)
RD_IMPORT(int, _snwprintf, wchar_t*, SIZE_T, const wchar_t*, ...)
RD_IMPORT(int, _vsnprintf, char*, SIZE_T, const char*, va_list)
RD_IMPORT(int, _vsnwprintf, wchar_t*, SIZE_T, const wchar_t*, va_list)
RD_IMPORT(int, _vscprintf, const char*, va_list)
RD_IMPORT(int, _vscwprintf, const wchar_t*, va_list)
RD_IMPORT(int, sprintf_s, char*, SIZE_T, const char*, ...)
RD_IMPORT(int, swprintf_s, wchar_t*, SIZE_T, const wchar_t*, ...)
RD_IMPORT(int, vsprintf_s, char*, SIZE_T, const char*, va_list)
RD_IMPORT(int, vswprintf_s, wchar_t*, SIZE_T, const wchar_t*, va_list)
RD_IMPORT(int, _snprintf_s, char*, SIZE_T, SIZE_T, const char*, ...)
RD_IMPORT(int, _snwprintf_s, wchar_t*, SIZE_T, SIZE_T, const wchar_t*, ...)
RD_IMPORT(int, _vsnprintf_s, char*, SIZE_T, SIZE_T, const char*, va_list)
RD_IMPORT(int, _vsnwprintf_s, wchar_t*, SIZE_T, SIZE_T, const wchar_t*, va_list)
#undef RtlFillMemory
RD_IMPORT(void, RtlFillMemory, void*, SIZE_T, int)
RD_IMPORT(ULONG, RtlUniform, PULONG)
RD_IMPORT(void, RtlCopyMemoryNonTemporal, void*, const void*, SIZE_T)
RD_IMPORT(void, RtlPrefetchMemoryNonTemporal, void*, SIZE_T)
