// SPDX-License-Identifier: MIT
// ke/irql.cpp
//
// IRQL as an export (on x64 drivers mostly inline it as CR8 accesses), and the checks every public function begins with.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" {

KIRQL NTAPI KiExportGetCurrentIrql() { return static_cast<KIRQL>(cpu::irql()); }

/// Raising below the current IRQL or above HIGH_LEVEL: bug check 0xC4, 0x30.
KIRQL NTAPI KiExportRaiseIrql(KIRQL irql) {
    const ULONG64 before = cpu::irql();
    if (irql < before || irql > HIGH_LEVEL) KeBugCheckEx(0xC4, 0x30, before, irql, 0);
    cpu::set_irql(irql);
    return static_cast<KIRQL>(before);
}

/// Lowering above the current IRQL: bug check 0xC4, 0x31.
VOID NTAPI KiExportLowerIrql(KIRQL irql) {
    const ULONG64 before = cpu::irql();
    if (irql > before) KeBugCheckEx(0xC4, 0x31, before, irql, 0);
    cpu::set_irql(irql);
}

KIRQL NTAPI KiExportRaiseIrqlToDpcLevel() { return KiExportRaiseIrql(DISPATCH_LEVEL); }

/// Driver Verifier's rules of IRQL that have a subcode of their own; all others are 0xE5.
static void stop_at_wrong_irql(const char* function, ULONG64 irql) {
    const auto is = [function](const char* name) {
        ULONG at = 0;
        while (name[at] && name[at] == function[at]) ++at;
        return !name[at] && !function[at];
    };
    const ULONG64 caller = KiDriverCaller();
    if (function[0] == 'Z' && function[1] == 'w') KeBugCheckEx(0xC4, 0xE6, caller, irql, 0);
    if (is("KeEnterCriticalRegion")) KeBugCheckEx(0xC4, 0x11A, irql, 0, 0);
    if (is("KeLeaveCriticalRegion")) KeBugCheckEx(0xC4, 0x11B, irql, 0, 0);
    if (is("IoCallDriver")) KeBugCheckEx(0xC9, 0x10, irql, 0, 0);
    KeBugCheckEx(0xC4, 0xE5, irql, reinterpret_cast<ULONG_PTR>(function), caller);
}

VOID KiRequireIrqlAtMost(KIRQL highest, const char* function) {
    const ULONG64 irql = cpu::irql();
    if (irql <= highest) return;
    KiPrint("%s called at IRQL %u, allowed up to %u\n", function, static_cast<ULONG>(irql), highest);
    stop_at_wrong_irql(function, irql);
}

VOID KiRequireIrqlExactly(KIRQL wanted, const char* function) {
    const ULONG64 irql = cpu::irql();
    if (irql == wanted) return;
    KiPrint("%s called at IRQL %u, must be %u\n", function, static_cast<ULONG>(irql), wanted);
    stop_at_wrong_irql(function, irql);
}

}  // extern "C"
