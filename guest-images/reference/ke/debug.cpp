// SPDX-License-Identifier: MIT
// ke/debug.cpp
//
// Text to the debug channel, QEMU's port 0xE9, and naming addresses in it. Works at any IRQL and in the middle of a bug
// check: takes no lock (a line is written with interrupts off), allocates nothing.
#include <stdarg.h>

#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

constexpr USHORT kDebugPort = 0xE9;

struct Line {
    char text[320];
    ULONG length = 0;
    void put(char c) {
        if (length + 1 < sizeof text) text[length++] = c;
    }
    void put(const char* s) {
        for (; *s; ++s) put(*s);
    }
    void number(ULONG64 value, ULONG base, ULONG width) {
        char digits[24];
        ULONG count = 0;
        do digits[count++] = "0123456789abcdef"[value % base];
        while (value /= base);
        while (count < width && count < sizeof digits) digits[count++] = '0';
        while (count) put(digits[--count]);
    }
};

void format(Line& line, const char* at, va_list arguments) {
    for (; *at; ++at) {
        if (*at != '%') {
            line.put(*at);
            continue;
        }
        ++at;
        ULONG width = 0;
        while (*at >= '0' && *at <= '9') width = width * 10 + static_cast<ULONG>(*at++ - '0');
        bool wide = false;
        while (*at == 'l') wide = true, ++at;
        switch (*at) {
        case 's': {
            const char* text = va_arg(arguments, const char*);
            line.put(text ? text : "(null)");
            break;
        }
        case 'c': line.put(static_cast<char>(va_arg(arguments, int))); break;
        case 'u': line.number(wide ? va_arg(arguments, ULONG64) : va_arg(arguments, ULONG), 10, width); break;
        case 'x': line.number(wide ? va_arg(arguments, ULONG64) : va_arg(arguments, ULONG), 16, width); break;
        case 'p': line.number(va_arg(arguments, ULONG64), 16, 16); break;
        case 0: return;
        default: line.put(*at);
        }
    }
}

}  // namespace

extern "C" VOID NTAPI RdPutString(const char* text) {
    KiAtomic atomic;
    for (; *text; ++text) cpu::out8(kDebugPort, static_cast<UCHAR>(*text));
}

extern "C" VOID KiPrint(const char* text, ...) {
    Line line;
    va_list arguments;
    va_start(arguments, text);
    format(line, text, arguments);
    va_end(arguments);
    line.text[line.length] = 0;
    RdPutString(line.text);
}

extern "C" VOID KiDescribeAddress(ULONG64 address, char* text, SIZE_T size) {
    Line line;
    KI_MODULE module;
    if (KiFindModule(address, &module)) {
        line.put(module.Name);
        line.put('+');
        line.put("0x");
        line.number(address - reinterpret_cast<ULONG64>(module.Base), 16, 1);
        if (module.Unloaded) line.put(" (unloaded)");
    } else {
        line.put("0x");
        line.number(address, 16, 16);
    }
    line.text[line.length] = 0;
    SIZE_T at = 0;
    for (; at + 1 < size && line.text[at]; ++at) text[at] = line.text[at];
    text[at] = 0;
}
