// SPDX-License-Identifier: MIT
// selftest/provoke_faults.cpp
//
// What the processor refuses, exceptions nobody handles, and stops by a driver's own decision.
#include "selftest/crt.hpp"
#include "selftest/provoke.hpp"

namespace {

constexpr ULONG64 kNowhere = 0xFFFFF90000001238;  // system space that nothing lives in

void raise(KIRQL irql) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

volatile ULONG64* nowhere() { return provoke::hide(reinterpret_cast<volatile ULONG64*>(kNowhere)); }

VOID NTAPI divide_in_dpc(PKDPC, PVOID, PVOID, PVOID) { provoke::hide(1000 / provoke::hide(0)); }

__attribute__((noinline)) ULONG64 dig(ULONG64 depth) {
    volatile UCHAR room[512];
    room[depth % sizeof room] = static_cast<UCHAR>(depth);
    return (provoke::hide(depth) == ~0ull ? 0 : dig(depth + 1)) + room[depth % sizeof room];
}

}  // namespace

extern "C" VOID provoke_read_null_at_dispatch() {
    raise(DISPATCH_LEVEL);
    const auto* structure = provoke::hide(static_cast<volatile ULONG64*>(nullptr));
    provoke::hide(structure[3]);
}

extern "C" VOID provoke_write_nowhere_at_dispatch() {
    raise(DISPATCH_LEVEL);
    *nowhere() = 1;
}

extern "C" VOID provoke_call_nowhere_at_dispatch() {
    raise(DISPATCH_LEVEL);
    reinterpret_cast<VOID (*)()>(provoke::hide(kNowhere))();
}

/// The kernel's own instruction faults, on a driver's behalf.
extern "C" VOID provoke_copy_from_nowhere_at_dispatch() {
    LARGE_INTEGER value;
    raise(DISPATCH_LEVEL);
    RtlMoveMemory(&value, provoke::hide(reinterpret_cast<PVOID>(kNowhere)), provoke::hide(SIZE_T{8}));
}

extern "C" VOID provoke_read_nowhere() { provoke::hide(*nowhere()); }
extern "C" VOID provoke_write_nowhere() { *nowhere() = 1; }

extern "C" VOID provoke_read_null() { provoke::hide(*provoke::hide(static_cast<volatile ULONG64*>(nullptr))); }

extern "C" VOID provoke_write_to_code() {
    auto* code = provoke::hide(reinterpret_cast<volatile UCHAR*>(&provoke_write_to_code));
    provoke::value(1, code);
    *code = 0xCC;
}

extern "C" VOID provoke_execute_data() {
    static UCHAR data[16] = {0xC3};
    provoke::value(1, data);
    reinterpret_cast<VOID (*)()>(provoke::hide(reinterpret_cast<ULONG64>(data)))();
}

extern "C" VOID provoke_divide_by_zero() { provoke::hide(1000 / provoke::hide(0)); }

extern "C" VOID provoke_divide_by_zero_in_dpc() {
    static KDPC dpc;
    provoke::guilty(divide_in_dpc);
    KeInitializeDpc(&dpc, divide_in_dpc, nullptr);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    provoke::pause(5000);
}

extern "C" VOID provoke_illegal_instruction() { asm volatile("ud2"); }
extern "C" VOID provoke_breakpoint() { asm volatile("int3"); }
extern "C" VOID provoke_assertion() { asm volatile("int $0x2c"); }
extern "C" VOID provoke_fast_fail() { asm volatile("int $0x29" ::"c"(3)); }  // FAST_FAIL_CORRUPT_LIST_ENTRY
extern "C" VOID provoke_status_raised() { ExRaiseStatus(STATUS_NO_MEDIA); }
extern "C" VOID provoke_stack_overflow() {
    provoke::guilty(dig);
    dig(0);
}
extern "C" VOID provoke_crash_without_parameters() { KeBugCheck(0xE2); }
extern "C" VOID provoke_text_beyond_its_buffer() {
    char text[4];
    provoke::value(1, text);
    crt::sprintf_s(text, sizeof text, "%d", 12345);
}
extern "C" VOID provoke_bits_beyond_their_bitmap() {
    static ULONG bits[2];
    static RTL_BITMAP map;
    RtlInitializeBitMap(&map, bits, 64);
    provoke::value(1, &map);
    RtlSetBits(&map, 60, 5);
}
extern "C" VOID provoke_crash_wanted() { KeBugCheckEx(0xE2, 11, 12, 13, 14); }

/// The host sends it when it has seen the value announced.
extern "C" VOID provoke_nmi() {
    provoke::value(1, ULONG64{1});
    provoke::pause(20000);
}

extern "C" VOID provoke_export_not_implemented() { RdUnimplementedExport("ntoskrnl.exe", "SomethingElse"); }
