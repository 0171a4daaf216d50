// SPDX-License-Identifier: MIT
// io/selftest.hpp
//
// The executive's self-tests: like the kernel's (ke/selftest.hpp), but run on a system thread once ob, ex, ps, cm and io are up
// and before the first driver is loaded, with selftest=1 on the command line.
#pragma once
#include "ke/selftest.hpp"

extern "C" {
extern const KI_SELF_TEST ObSelfTests[];
extern const KI_SELF_TEST ExLockTests[];
extern const KI_SELF_TEST ExSupportTests[];
extern const KI_SELF_TEST CmSelfTests[];
extern const KI_SELF_TEST IopDeviceTests[];
extern const KI_SELF_TEST IopFileTests[];

/// Runs them all; the last line is "selftest executive: N passed, M failed".
VOID KiExecutiveSelfTest(void);
}
