// SPDX-License-Identifier: MIT
// io/selftest.cpp: see selftest.hpp.
#include "io/selftest.hpp"

VOID KiExecutiveSelfTest() {
    const KI_SELF_TEST* const lists[] = {ObSelfTests, ExLockTests, ExSupportTests, CmSelfTests, IopDeviceTests, IopFileTests};
    RdRunSelfTests("executive", lists, RTL_NUMBER_OF(lists));
}
