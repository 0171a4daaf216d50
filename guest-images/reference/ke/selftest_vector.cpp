// SPDX-License-Identifier: MIT
// ke/selftest_vector.cpp
//
// Vector registers of interrupted code: drivers' compilers use them freely on x64, at DISPATCH_LEVEL and in DPCs too, so they must
// survive every switch of thread and logical processor at any instruction.
#include "arch/cpu.hpp"
#include "ke/selftest.hpp"

extern "C" ULONG64 KiProcessorSwitches, KiContextSwitches;

namespace {

constexpr int kWorkers = 4, kRounds = 40;

struct Registers {
    ULONG64 xmm[32];
    ULONG mxcsr;
};

/// Loads all of them, spins for `count` instructions' time, and stores them: whatever interrupts in between shows.
void hold(const Registers* in, Registers* out, ULONG64 count) {
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD(n) "movups " #n "*16(%[in]), %%xmm" #n "\n\t"
#define STORE(n) "movups %%xmm" #n ", " #n "*16(%[out])\n\t"
    asm volatile(
        "ldmxcsr 256(%[in])\n\t" EACH(LOAD)
        "1: decq %[count]\n\tjnz 1b\n\t"
        EACH(STORE) "stmxcsr 256(%[out])\n\t"
        : [count] "+r"(count)
        : [in] "r"(in), [out] "r"(out)
        : "memory", "cc");
#undef STORE
#undef LOAD
#undef EACH
}

struct Holder {
    ULONG64 seed;
    KIRQL irql;
    KEVENT done;
    ULONG broken;
};

VOID NTAPI hold_again_and_again(PVOID context) {
    auto* holder = static_cast<Holder*>(context);
    Registers in = {}, out = {};
    for (int index = 0; index < 32; ++index) in.xmm[index] = holder->seed * 0x9E3779B97F4A7C15 + static_cast<ULONG64>(index);
    in.mxcsr = 0x1F80 | static_cast<ULONG>(holder->seed & 3) << 13;  // its own rounding mode
    for (int round = 0; round < kRounds; ++round) {
        const KIRQL before = KfRaiseIrql(holder->irql);
        hold(&in, &out, 20000);
        KeLowerIrql(before);
        holder->broken += memcmp(in.xmm, out.xmm, sizeof in.xmm) != 0 || in.mxcsr != out.mxcsr;
    }
    in.mxcsr = 0x1F80;
    hold(&in, &out, 1);
    KeSetEvent(&holder->done, 0, FALSE);
}

const char* test_vector_registers() {
    static Holder holders[kWorkers];
    const ULONG64 switches = KiProcessorSwitches + KiContextSwitches;
    for (int index = 0; index < kWorkers; ++index) {
        holders[index].seed = static_cast<ULONG64>(index) + 1;
        holders[index].irql = index % 2 ? DISPATCH_LEVEL : PASSIVE_LEVEL;
        KeInitializeEvent(&holders[index].done, NotificationEvent, FALSE);
        KiStartThread(
            KiCreateKernelThread(hold_again_and_again, &holders[index], KI_PRIORITY_DEFAULT, "selftest registers"));
    }
    LARGE_INTEGER due;
    due.QuadPart = -100000000;  // 10 s
    for (Holder& holder : holders)
        KI_EXPECT(KeWaitForSingleObject(&holder.done, Executive, KernelMode, FALSE, &due) == STATUS_SUCCESS);
    for (const Holder& holder : holders) KI_EXPECT(holder.broken == 0);
    KI_EXPECT(KiProcessorSwitches + KiContextSwitches > switches + kWorkers);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST KiVectorTests[] = {
    {"ke.vector-registers", test_vector_registers},
    {nullptr, nullptr},
};
