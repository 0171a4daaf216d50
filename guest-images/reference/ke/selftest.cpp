// SPDX-License-Identifier: MIT
// ke/selftest.cpp
#include "ke/selftest.hpp"

extern "C" VOID KiSelfTest() {
    const KI_SELF_TEST* const lists[] = {KiSchedulerTests, KiStormTests, KiVectorTests, KiMemoryTests, KiLibraryTests};
    RdRunSelfTests("kernel", lists, RTL_NUMBER_OF(lists));
}
