// SPDX-License-Identifier: MIT
// io/selftest.cpp: see selftest.hpp.
#include "io/selftest.hpp"

VOID KiExecutiveSelfTest() {
    ULONG passed = 0, failed = 0;
    const KI_SELF_TEST* const lists[] = {ObSelfTests, ExLockTests, ExSupportTests, CmSelfTests, IopDeviceTests, IopFileTests};
    for (const KI_SELF_TEST* list : lists) {
        for (const KI_SELF_TEST* test = list; test->Name; ++test) {
            const char* wrong = test->Run();
            if (!wrong && KeGetCurrentIrql() != PASSIVE_LEVEL) wrong = "IRQL not back at PASSIVE_LEVEL";
            wrong ? ++failed : ++passed;
            KiPrint("selftest %s: %s%s\n", test->Name, wrong ? "FAILED: " : "ok", wrong ? wrong : "");
        }
    }
    KiPrint("selftest executive: %u passed, %u failed\n", passed, failed);
}
