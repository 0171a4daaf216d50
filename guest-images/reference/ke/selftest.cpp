// SPDX-License-Identifier: MIT
// ke/selftest.cpp
#include "ke/selftest.hpp"

extern "C" VOID KiSelfTest() {
    ULONG passed = 0, failed = 0;
    const KI_SELF_TEST* const lists[] = {KiSchedulerTests, KiStormTests, KiVectorTests, KiMemoryTests, KiLibraryTests};
    for (const KI_SELF_TEST* list : lists) {
        for (const KI_SELF_TEST* test = list; test->Name; ++test) {
            const char* wrong = test->Run();
            if (!wrong && KeGetCurrentIrql() != PASSIVE_LEVEL) wrong = "IRQL not back at PASSIVE_LEVEL";
            wrong ? ++failed : ++passed;
            KiPrint("selftest %s: %s%s\n", test->Name, wrong ? "FAILED: " : "ok", wrong ? wrong : "");
            if (wrong) KiDumpState();
        }
    }
    KiPrint("selftest: %u passed, %u failed\n", passed, failed);
}
