// SPDX-License-Identifier: MIT
// ndis/lib/check.cpp: what exports begin with, and what they say when a rule was broken. See ndis_lib.hpp.
#include "ndis/lib/ndis_lib.hpp"

namespace ndis {

namespace {

constexpr ULONG kVerifierDetectedViolation = 0xC4;
constexpr ULONG_PTR kIrqlViolation = 0x30;

/// "<function>: IRQL is too high for it" without formatting: any IRQL, small stack.
[[noreturn]] void stop_for_irql(KIRQL wanted, const char* function, PVOID caller, const char* what) {
    char text[160];
    SIZE_T at = 0;
    const char* const parts[] = {function, what};
    for (const char* part : parts)
        for (; *part && at + 1 < sizeof text; ++part) text[at++] = *part;
    text[at] = 0;
    RdBugCheckText(
        text, kVerifierDetectedViolation, kIrqlViolation, KeGetCurrentIrql(), wanted, reinterpret_cast<ULONG_PTR>(caller));
    __builtin_unreachable();
}

}  // namespace

void require_irql_at_most(KIRQL highest, const char* function, PVOID caller) {
    if (KeGetCurrentIrql() > highest) stop_for_irql(highest, function, caller, ": called at too high an IRQL");
}

void require_irql_exactly(KIRQL irql, const char* function, PVOID caller) {
    if (KeGetCurrentIrql() != irql) stop_for_irql(irql, function, caller, ": called at the wrong IRQL");
}

PVOID allocate_for(PVOID caller, POOL_TYPE type, SIZE_T bytes, ULONG tag) {
    if (bytes == 0) return nullptr;
    return RdAllocatePoolFor(type, bytes, tag, reinterpret_cast<ULONG64>(caller));
}

void note_violation(rd_trace_violation what, PVOID object, ULONG64 detail, const char* text) {
    RdPutString(text);
    RdTraceWrite(RD_SOURCE_NDIS, RD_KIND_NOTE, RD_EV_VIOLATION, 0, 0, reinterpret_cast<ULONG64>(object), what, detail, 0);
}

}  // namespace ndis
