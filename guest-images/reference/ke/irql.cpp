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
    if (irql < before || irql > HIGH_LEVEL) KeBugCheckEx(0xC4, 0x30, before, irql, KI_CALLER);
    cpu::set_irql(irql);
    return static_cast<KIRQL>(before);
}

/// Lowering above the current IRQL: bug check 0xC4, 0x31.
VOID NTAPI KiExportLowerIrql(KIRQL irql) {
    const ULONG64 before = cpu::irql();
    if (irql > before) KeBugCheckEx(0xC4, 0x31, before, irql, KI_CALLER);
    cpu::set_irql(irql);
}

KIRQL NTAPI KiExportRaiseIrqlToDpcLevel() { return KiExportRaiseIrql(DISPATCH_LEVEL); }

VOID KiRequireIrqlAtMost(KIRQL highest, const char* function) {
    const ULONG64 irql = cpu::irql();
    if (irql <= highest) return;
    KiPrint("%s called at IRQL %u, allowed up to %u\n", function, static_cast<ULONG>(irql), highest);
    KeBugCheckEx(0xC4, KI_VERIFIER_IRQL_RULE, reinterpret_cast<ULONG_PTR>(function), irql, KI_CALLER);
}

VOID KiRequireIrqlExactly(KIRQL wanted, const char* function) {
    const ULONG64 irql = cpu::irql();
    if (irql == wanted) return;
    KiPrint("%s called at IRQL %u, must be %u\n", function, static_cast<ULONG>(irql), wanted);
    KeBugCheckEx(0xC4, KI_VERIFIER_IRQL_RULE, reinterpret_cast<ULONG_PTR>(function), irql, KI_CALLER);
}

}  // extern "C"
