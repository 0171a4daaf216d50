// SPDX-License-Identifier: MIT
// ke/selftest.hpp
//
// The kernel's self-tests, run inside the guest with selftest=1 on the command line (`rundown selftest`). The lines each prints
// are described in selftest_run.cpp. Names are "family.name" of a-z, 0-9, '-' and '_'.
#pragma once
#include "ke/ki.hpp"

using KI_SELF_TEST = RD_SELF_TEST;

extern "C" const KI_SELF_TEST KiSchedulerTests[];  // ended by a null name
extern "C" const KI_SELF_TEST KiMemoryTests[];
extern "C" const KI_SELF_TEST KiVectorTests[];
extern "C" const KI_SELF_TEST KiStormTests[];
extern "C" const KI_SELF_TEST KiLibraryTests[];

#define KI_EXPECT(condition) \
    do { \
        if (!(condition)) return #condition; \
    } while (0)
