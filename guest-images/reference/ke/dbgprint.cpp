// SPDX-License-Identifier: MIT
// ke/dbgprint.cpp
//
// What drivers say: DbgPrint and its kin, as text on the debug channel. One call's text stays together. There is no kernel
// debugger, so a breakpoint is an exception that nobody handles, and stops the guest as it does on Windows.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-dbgprint
#include <stdarg.h>

#include "ke/ki.hpp"

extern "C" int __cdecl _vsnprintf(char* buffer, size_t count, const char* format, va_list arguments);

namespace {

constexpr SIZE_T kTextMax = 512;  // as on Windows, the rest of a longer text is lost

/// Any IRQL: a stack buffer, no lock but the channel's.
ULONG put(const char* prefix, const char* format, va_list arguments) {
    char text[kTextMax];
    SIZE_T used = 0;
    for (; prefix[used] && used < kTextMax - 1; ++used) text[used] = prefix[used];
    const int written = _vsnprintf(text + used, kTextMax - 1 - used, format, arguments);
    text[written < 0 ? kTextMax - 1 : used + static_cast<SIZE_T>(written)] = 0;
    RdPutString(text);
    return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

BOOLEAN KiDebuggerEnabled = FALSE, KiDebuggerNotPresent = TRUE;

ULONG __cdecl DbgPrint(PCCH Format, ...) {
    va_list arguments;
    va_start(arguments, Format);
    const ULONG status = put("", Format, arguments);
    va_end(arguments);
    return status;
}

/// Component and level filter nothing here: a test wants to see everything.
ULONG __cdecl DbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, ...) {
    va_list arguments;
    va_start(arguments, Format);
    const ULONG status = put("", Format, arguments);
    va_end(arguments);
    return status;
}

ULONG NTAPI vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist) { return put("", Format, arglist); }
ULONG NTAPI vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist) {
    return put(Prefix, Format, arglist);
}

VOID NTAPI KiExportBreakPoint() { asm volatile("int3"); }
VOID NTAPI KiExportBreakPointWithStatus(ULONG status) { asm volatile("int3" ::"c"(status)); }

/// What ASSERT calls in checked builds: says it and stops.
VOID NTAPI KiExportAssert(PVOID expression, PVOID file, ULONG line, PCHAR message) {
    KiPrint(
        "assertion failed: %s%s%s (%s, line %u)\n", message ? message : "", message ? ": " : "",
        static_cast<const char*>(expression), static_cast<const char*>(file), line);
    asm volatile("int3");
}

}  // extern "C"
