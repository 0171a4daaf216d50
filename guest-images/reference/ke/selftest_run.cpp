// SPDX-License-Identifier: MIT
// ke/selftest_run.cpp
//
// Runs self-tests, whoever's they are, and says how each ended in lines that the host reads strictly (harness/selftest):
//   selftest FAMILY.NAME: start
//   selftest FAMILY.NAME: ok
//   selftest FAMILY.NAME: FAILED: WHAT
//   selftest GROUP: N passed, M failed
// A test that leaves its module's pool fuller than before, a live timer, thread or DPC, or a raised IRQL has failed.
#include "ke/selftest.hpp"

namespace {

constexpr SIZE_T kFilterMax = 80;

/// '*' any text, '?' any character.
bool matches(const char* pattern, const char* text) {
    for (; *pattern; ++pattern, ++text) {
        if (*pattern == '*') {
            for (;; ++text) {
                if (matches(pattern + 1, text)) return true;
                if (!*text) return false;
            }
        }
        if (!*text || (*pattern != '?' && *pattern != *text)) return false;
    }
    return !*text;
}

/// What a module other than the kernel holds; the kernel's own changes with everybody's work.
struct Holdings {
    ULONG blocks = 0, objects = 0;
    ULONG64 bytes = 0;
    explicit Holdings(const KI_MODULE& module) {
        if (module.Base == KiLoaderBlock.KernelBase) return;
        RD_MODULE_OBJECTS live;
        blocks = RdQueryPoolOfModule(module.Base, module.Size, &bytes);
        RdQueryObjectsOfModule(module.Base, module.Size, &live);
        objects = live.Timers + live.Dpcs + live.Threads + live.Interrupts;
    }
    const char* compare(const Holdings& before) const {
        if (blocks > before.blocks || bytes > before.bytes) return "pool is left";
        return objects > before.objects ? "a timer, DPC, thread or interrupt is left" : nullptr;
    }
};

const char* run(const RD_SELF_TEST& test, const KI_MODULE& module) {
    KiPrint("selftest %s: start\n", test.Name);
    const Holdings before(module);
    if (const char* wrong = test.Run()) return wrong;
    if (KeGetCurrentIrql() != PASSIVE_LEVEL) return "IRQL not back at PASSIVE_LEVEL";
    if (KeAreApcsDisabled()) return "still in a critical region";
    return Holdings(module).compare(before);
}

}  // namespace

extern "C" BOOLEAN NTAPI RdSelfTestWanted(const char* name) {
    char pattern[kFilterMax];
    return !RdCommandLineText("filter", pattern, sizeof pattern) || matches(pattern, name);
}

extern "C" VOID NTAPI RdRunSelfTests(const char* group, const RD_SELF_TEST* const* lists, ULONG count) {
    KI_MODULE module = {};
    KiFindModule(KI_CALLER, &module);
    ULONG passed = 0, failed = 0;
    for (ULONG list = 0; list < count; ++list) {
        for (const RD_SELF_TEST* test = lists[list]; test->Name; ++test) {
            if (!RdSelfTestWanted(test->Name)) continue;
            const char* wrong = run(*test, module);
            wrong ? ++failed : ++passed;
            KiPrint("selftest %s: %s%s\n", test->Name, wrong ? "FAILED: " : "ok", wrong ? wrong : "");
            if (wrong) KiDumpState();
        }
    }
    KiPrint("selftest %s: %u passed, %u failed\n", group, passed, failed);
}
