// SPDX-License-Identifier: MIT
// rtl/printf.cpp
//
// The C run time's formatting functions, over format.cpp. Wide ones need PASSIVE_LEVEL on Windows (they page); here all may
// be called at any IRQL. The *_s forms stop the guest on a buffer that is too small, as the secure CRT's handler does.
#include "format.hpp"
#include "nt_internal.hpp"

// Declared here and not by the C library's headers, whose attributes differ between tool chains.
extern "C" {
int __cdecl _vsnprintf(char* buffer, size_t count, const char* format, va_list arguments);
int __cdecl _vsnwprintf(wchar_t* buffer, size_t count, const wchar_t* format, va_list arguments);
}

namespace {

constexpr size_t kUnlimited = ~size_t{0};
constexpr ULONG kBufferTooSmall = 0xF7;  // DRIVER_OVERRAN_STACK_BUFFER

rtl::FormatSink sink_for(char* buffer, size_t room) { return {buffer, room}; }
rtl::FormatSink sink_for(wchar_t* buffer, size_t room) { return {reinterpret_cast<char16_t*>(buffer), room}; }
const char* format_text(const char* text) { return text; }
const char16_t* format_text(const wchar_t* text) { return reinterpret_cast<const char16_t*>(text); }

/// As _vsnprintf: a terminator only when there is room, -1 when the text did not fit.
template <typename Char>
int print(Char* buffer, size_t count, const Char* format, va_list arguments) {
    rtl::FormatArguments copy;
    va_copy(copy.list, arguments);
    rtl::FormatSink sink = sink_for(buffer, count);
    rtl::format(sink, format_text(format), copy);
    va_end(copy.list);
    if (!buffer) return static_cast<int>(sink.count());
    if (sink.count() < count) buffer[sink.count()] = 0;
    return sink.count() > count ? -1 : static_cast<int>(sink.count());
}

template <typename Char>
int print_secure(Char* buffer, size_t size, const Char* format, va_list arguments) {
    const int written = buffer && size ? print(buffer, size, format, arguments) : -1;
    if (written < 0 || static_cast<size_t>(written) >= size)
        RdBugCheckText(
            "sprintf_s: the buffer is too small", kBufferTooSmall, reinterpret_cast<ULONG_PTR>(buffer), size, 0,
            reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)));
    return written;
}

/// As _vsnprintf_s: at most `count` characters are wanted, always terminated.
template <typename Char>
int print_counted(Char* buffer, size_t size, size_t count, const Char* format, va_list arguments) {
    if (!buffer || !size) return -1;
    const size_t room = count < size - 1 ? count : size - 1;
    const int written = print(buffer, room, format, arguments);
    buffer[written < 0 ? room : static_cast<size_t>(written)] = 0;
    return written;
}

}  // namespace

#define PASS_ON(function, ...)            \
    va_list arguments;                    \
    va_start(arguments, format);          \
    const int result = function(__VA_ARGS__, arguments); \
    va_end(arguments);                    \
    return result

extern "C" {

int __cdecl _vsnprintf(char* buffer, size_t count, const char* format, va_list arguments) {
    return print(buffer, count, format, arguments);
}
int __cdecl _vsnwprintf(wchar_t* buffer, size_t count, const wchar_t* format, va_list arguments) {
    return print(buffer, count, format, arguments);
}
int __cdecl vsprintf(char* buffer, const char* format, va_list arguments) {
    return print(buffer, kUnlimited, format, arguments);
}
int __cdecl vswprintf(wchar_t* buffer, const wchar_t* format, va_list arguments) {
    return print(buffer, kUnlimited, format, arguments);
}
int __cdecl sprintf(char* buffer, const char* format, ...) { PASS_ON(print, buffer, kUnlimited, format); }
int __cdecl swprintf(wchar_t* buffer, const wchar_t* format, ...) { PASS_ON(print, buffer, kUnlimited, format); }
int __cdecl _swprintf(wchar_t* buffer, const wchar_t* format, ...) { PASS_ON(print, buffer, kUnlimited, format); }
int __cdecl _snprintf(char* buffer, size_t count, const char* format, ...) { PASS_ON(print, buffer, count, format); }
int __cdecl _snwprintf(wchar_t* buffer, size_t count, const wchar_t* format, ...) {
    PASS_ON(print, buffer, count, format);
}
int __cdecl _vscprintf(const char* format, va_list arguments) {
    return print(static_cast<char*>(nullptr), 0, format, arguments);
}
int __cdecl _vscwprintf(const wchar_t* format, va_list arguments) {
    return print(static_cast<wchar_t*>(nullptr), 0, format, arguments);
}
int __cdecl sprintf_s(char* buffer, size_t size, const char* format, ...) { PASS_ON(print_secure, buffer, size, format); }
int __cdecl swprintf_s(wchar_t* buffer, size_t size, const wchar_t* format, ...) {
    PASS_ON(print_secure, buffer, size, format);
}
int __cdecl vsprintf_s(char* buffer, size_t size, const char* format, va_list arguments) {
    return print_secure(buffer, size, format, arguments);
}
int __cdecl vswprintf_s(wchar_t* buffer, size_t size, const wchar_t* format, va_list arguments) {
    return print_secure(buffer, size, format, arguments);
}
int __cdecl _snprintf_s(char* buffer, size_t size, size_t count, const char* format, ...) {
    PASS_ON(print_counted, buffer, size, count, format);
}
int __cdecl _snwprintf_s(wchar_t* buffer, size_t size, size_t count, const wchar_t* format, ...) {
    PASS_ON(print_counted, buffer, size, count, format);
}
int __cdecl _vsnprintf_s(char* buffer, size_t size, size_t count, const char* format, va_list arguments) {
    return print_counted(buffer, size, count, format, arguments);
}
int __cdecl _vsnwprintf_s(wchar_t* buffer, size_t size, size_t count, const wchar_t* format, va_list arguments) {
    return print_counted(buffer, size, count, format, arguments);
}

}  // extern "C"
