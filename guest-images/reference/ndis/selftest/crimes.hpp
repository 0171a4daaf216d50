// SPDX-License-Identifier: MIT
// ndis/selftest/crimes.hpp
//
// The crime that provoke=ndis_NAME on the kernel's command line asks for.
#pragma once
#include "ndis/selftest/binding.hpp"
#include "selftest/provoke.hpp"

namespace ndistest {

/// Commits it; false: none is asked for. Returns only when the guest has survived. PASSIVE_LEVEL.
bool commit_crime();

/// DISPATCH_LEVEL, or what else is asked for, from here on.
inline void raise(KIRQL irql = DISPATCH_LEVEL) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

}  // namespace ndistest
