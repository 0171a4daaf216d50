// SPDX-License-Identifier: MIT
// ldr/load_error.cpp
//
// The sentences behind the status of a failed load. One text for the system, like GetLastError without threads: loads are
// serialised, and whoever started one asks right after it.
#include <stdarg.h>

#include "ldr.hpp"

extern "C" int __cdecl _vsnprintf(char* buffer, size_t count, const char* format, va_list arguments);

namespace {
char text[4096];
SIZE_T length;
}  // namespace

void ldr::clear_error() {
    length = 0;
    text[0] = 0;
}

void ldr::add_error(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const SIZE_T room = sizeof text - 1 - length;
    const int written = room ? _vsnprintf(text + length, room, format, arguments) : 0;
    va_end(arguments);
    length += written < 0 ? room : static_cast<SIZE_T>(written);
    text[length] = 0;
}

extern "C" SIZE_T NTAPI RdLastLoadError(char* buffer, SIZE_T size) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdLastLoadError");
    if (size == 0) return 0;
    const SIZE_T count = length < size - 1 ? length : size - 1;
    RtlCopyMemory(buffer, text, count);
    buffer[count] = 0;
    return count;
}
