// SPDX-License-Identifier: MIT
// ke/rendezvous.cpp
//
// Where a deterministic run meets its host (rundown/rendezvous_abi.h): a word on a page of its own at a fixed address, which is
// written to meet the host.
#include <rundown/rendezvous_abi.h>

#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

rd_rendezvous* block;

}  // namespace

/// Maps the word and prepares the block, where the command line says deterministic=1 and there is a window. Boot.
extern "C" VOID KiInitializeRendezvous() {
    auto* area = static_cast<UCHAR*>(RdLineArea());
    if (!RdCommandLineNumber("deterministic", 0) || !area) return;
    const MI_PFN frame = MiAllocatePage();
    if (frame == MI_NO_PAGES) KiFatal("no memory for the rendezvous", 0x31, 0, 0, 0, 0);
    RtlZeroMemory(MiDirect(frame * PAGE_SIZE), PAGE_SIZE);
    MiMap(RD_RENDEZVOUS_WORD, frame * PAGE_SIZE, MI_READ_WRITE);
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
    // The host sees all that was written before, and all that it writes is read after.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *reinterpret_cast<volatile ULONG*>(RD_RENDEZVOUS_WORD) = static_cast<ULONG>(block->count);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
