// SPDX-License-Identifier: MIT
// selftest/provoke_faults.cpp
//
// What the processor refuses.
#include "selftest/provoke.hpp"

extern "C" VOID provoke_read_null_at_dispatch() {
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    const auto* structure = provoke::hide(static_cast<volatile ULONG64*>(nullptr));
    provoke::hide(structure[3]);
}

extern "C" VOID provoke_divide_by_zero() { provoke::hide(1000 / provoke::hide(0)); }
