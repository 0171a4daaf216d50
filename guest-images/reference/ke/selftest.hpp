// SPDX-License-Identifier: MIT
// ke/selftest.hpp
//
// The kernel's smoke test, run inside the guest with selftest=1 on the command line. Each test prints one line on the debug
// channel: "selftest NAME: ok" or "selftest NAME: FAILED: WHAT"; the last line is "selftest: N passed, M failed".
#pragma once
#include "ke/ki.hpp"

struct KI_SELF_TEST {
    const char* Name;
    const char* (*Run)(void);  // null: passed, else what failed
};

extern "C" const KI_SELF_TEST KiSchedulerTests[];  // ended by a null name
extern "C" const KI_SELF_TEST KiMemoryTests[];
extern "C" const KI_SELF_TEST KiVectorTests[];
extern "C" const KI_SELF_TEST KiStormTests[];
extern "C" const KI_SELF_TEST KiLibraryTests[];

#define KI_EXPECT(condition) \
    do { \
        if (!(condition)) return #condition; \
    } while (0)
