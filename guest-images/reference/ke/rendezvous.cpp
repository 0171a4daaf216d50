// SPDX-License-Identifier: MIT
// ke/rendezvous.cpp
//
// Where a deterministic run meets its host (rundown/rendezvous_abi.h): a routine of one nop on a page of its own at a fixed
// address. Alone, because QEMU runs a page with a breakpoint on it one instruction at a time.
#include <rundown/rendezvous_abi.h>

#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

constexpr UCHAR kNop = 0x90, kReturn = 0xC3, kBreak = 0xCC;
rd_rendezvous* block;

}  // namespace

/// Maps the routine and prepares the block, where the command line says deterministic=1 and there is a window. Boot.
extern "C" VOID KiInitializeRendezvous() {
    auto* area = static_cast<UCHAR*>(RdLineArea());
    if (!RdCommandLineNumber("deterministic", 0) || !area) return;
    const MI_PFN frame = MiAllocatePage();
    if (frame == MI_NO_PAGES) KiFatal("no memory for the rendezvous", 0x31, 0, 0, 0, 0);
    auto* code = static_cast<UCHAR*>(MiDirect(frame * PAGE_SIZE));
    RtlFillMemory(code, PAGE_SIZE, kBreak);
    code[0] = kNop;
    code[RD_RENDEZVOUS_NEXT - RD_RENDEZVOUS_CODE] = kReturn;
    MiMap(RD_RENDEZVOUS_CODE, frame * PAGE_SIZE, MI_PRESENT);
    block = reinterpret_cast<rd_rendezvous*>(area + RD_RENDEZVOUS_OFFSET);
    block->frequency_hz = KiCounterFrequency();
    block->time = 0;
    block->count = 0;
    __atomic_store_n(&block->magic, RD_RENDEZVOUS_MAGIC, __ATOMIC_RELEASE);
}

extern "C" BOOLEAN NTAPI RdIsDeterministic() { return block != nullptr; }

extern "C" VOID NTAPI RdMeetHost() {
    block->time = KiCounter();
    block->count = block->count + 1;
    reinterpret_cast<VOID (*)()>(RD_RENDEZVOUS_CODE)();
}
