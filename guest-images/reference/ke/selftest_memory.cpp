// SPDX-License-Identifier: MIT
// ke/selftest_memory.cpp
//
// Pool, MDLs, address space, exceptions.
#include "arch/exception.hpp"
#include "ke/selftest.hpp"
#include "mm/mi.hpp"

namespace {

constexpr ULONG kTag = 'tseT';

RD_POOL_TAG usage() {
    static RD_POOL_TAG tags[256];
    const ULONG count = RdQueryPoolTags(tags, 256);
    for (ULONG index = 0; index < count && index < 256; ++index)
        if (tags[index].Tag == kTag) return tags[index];
    return {};
}

const char* test_pool() {
    const ULONG sizes[] = {1, 16, 24, 100, 500, 1000, 1514, 2000, 4000, 4056, 4057, 4096, 5000, 20000};
    UCHAR* blocks[sizeof sizes / sizeof sizes[0]][3];
    for (int copy = 0; copy < 3; ++copy)
        for (ULONG index = 0; index < sizeof sizes / sizeof sizes[0]; ++index) {
            UCHAR*& block = blocks[index][copy];
            block = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, sizes[index], kTag));
            KI_EXPECT(block && reinterpret_cast<ULONG64>(block) % 16 == 0);
            KI_EXPECT(sizes[index] < PAGE_SIZE || reinterpret_cast<ULONG64>(block) % PAGE_SIZE == 0);
            __builtin_memset(block, static_cast<int>(index + copy), sizes[index]);
        }
    const RD_POOL_TAG during = usage();
    KI_EXPECT(during.NonPagedAllocations - during.NonPagedFrees == 3 * sizeof sizes / sizeof sizes[0]);
    for (int copy = 0; copy < 3; ++copy)
        for (ULONG index = 0; index < sizeof sizes / sizeof sizes[0]; ++index) {
            for (ULONG at = 0; at < sizes[index]; ++at) KI_EXPECT(blocks[index][copy][at] == static_cast<UCHAR>(index + copy));
            ExFreePoolWithTag(blocks[index][copy], kTag);
        }
    const RD_POOL_TAG after = usage();
    KI_EXPECT(after.NonPagedBytes == 0 && after.NonPagedAllocations == after.NonPagedFrees);
    for (int round = 0; round < 3000; ++round) {  // through the quarantine and around
        PVOID block = ExAllocatePoolWithTag(NonPagedPool, 1 + round % 1500, kTag);
        KI_EXPECT(block);
        ExFreePoolWithTag(block, kTag);
    }
    return nullptr;
}

/// The kernel's other threads allocate, too, in between: one undisturbed look of a thousand will do.
const char* test_pool_of_module() {
    for (int look = 0; look < 1000; ++look) {
        ULONG64 before_bytes, after_bytes;
        const ULONG before = RdQueryPoolOfModule(KiLoaderBlock.KernelBase, KiLoaderBlock.KernelSize, &before_bytes);
        PVOID block = ExAllocatePoolWithTag(PagedPool, 123, kTag);
        const ULONG after = RdQueryPoolOfModule(KiLoaderBlock.KernelBase, KiLoaderBlock.KernelSize, &after_bytes);
        ExFreePoolWithTag(block, kTag);
        if (after == before + 1 && after_bytes == before_bytes + 123) return nullptr;
    }
    return "a block of 123 bytes was never seen as one block more";
}

const char* test_mdl() {
    constexpr ULONG kBytes = 3 * PAGE_SIZE;
    auto* buffer = static_cast<UCHAR*>(RdAllocateUserRange(kBytes));
    KI_EXPECT(buffer && reinterpret_cast<ULONG64>(buffer) < 0x7FFFFFFF0000);
    ProbeForWrite(buffer, kBytes, 1);
    for (ULONG at = 0; at < kBytes; ++at) buffer[at] = static_cast<UCHAR>(at * 7);
    PMDL mdl = IoAllocateMdl(buffer + 100, 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
    KI_EXPECT(mdl && MmGetMdlByteOffset(mdl) == 100);
    MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
    auto* mapped = static_cast<UCHAR*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
    KI_EXPECT(mapped && mapped != buffer + 100);
    for (ULONG at = 0; at < 2 * PAGE_SIZE; ++at) KI_EXPECT(mapped[at] == static_cast<UCHAR>((at + 100) * 7));
    mapped[5000] = 0x5A;
    KI_EXPECT(buffer[5100] == 0x5A);
    MmUnlockPages(mdl);
    KI_EXPECT(!MmIsAddressValid(mapped));
    IoFreeMdl(mdl);
    RdFreeUserRange(buffer);
    KI_EXPECT(!MmIsAddressValid(buffer) && MiLockedPages == 0);
    return nullptr;
}

const char* test_contiguous() {
    PHYSICAL_ADDRESS highest;
    highest.QuadPart = 0xFFFFFFFF;
    auto* memory = static_cast<UCHAR*>(MmAllocateContiguousMemory(5 * PAGE_SIZE, highest));
    KI_EXPECT(memory && reinterpret_cast<ULONG64>(memory) % PAGE_SIZE == 0);
    const LONGLONG first = MmGetPhysicalAddress(memory).QuadPart;
    for (ULONG page = 0; page < 5; ++page)
        KI_EXPECT(MmGetPhysicalAddress(memory + page * PAGE_SIZE).QuadPart == first + page * PAGE_SIZE);
    MmFreeContiguousMemory(memory);
    return nullptr;
}

const char* test_image_space() {
    auto* first = static_cast<UCHAR*>(MmAllocateImageSpace(3 * PAGE_SIZE));
    KI_EXPECT(first && first[0] == 0);
    first[10] = 0xC3;  // ret
    KI_EXPECT(NT_SUCCESS(MmProtectImageSpace(first, PAGE_SIZE, PAGE_EXECUTE_READ)));
    reinterpret_cast<VOID (*)(VOID)>(first + 10)();
    MmFreeImageSpace(first);
    KI_EXPECT(!MmIsAddressValid(first));
    auto* second = static_cast<UCHAR*>(MmAllocateImageSpace(PAGE_SIZE));
    KI_EXPECT(second != first);
    MmFreeImageSpace(second);
    return nullptr;
}

__attribute__((noinline)) USHORT back_trace(PVOID* frames) { return RtlCaptureStackBackTrace(0, 16, frames, nullptr); }

const char* test_stack_walk() {
    PVOID frames[16];
    const USHORT count = back_trace(frames);
    KI_EXPECT(count >= 3);
    for (USHORT index = 0; index < count; ++index) {
        ULONG64 base;
        KI_EXPECT(KiLookupFunction(reinterpret_cast<ULONG64>(frames[index]), &base));
    }
    return nullptr;
}

}  // namespace

/// selftest_try.S: reads *address under a __try-like scope; the exception code instead of the value when it faults.
extern "C" ULONG64 KiSelfTestRead(const ULONG64* address);
extern "C" ULONG KiSelfTestFinallyRuns;
extern "C" ULONG KiSelfTestFilter(PVOID pointers, ULONG64 frame);
extern "C" VOID KiSelfTestFinally(BOOLEAN abnormal, ULONG64 frame);
extern "C" VOID KiSelfTestRaise(NTSTATUS status);

extern "C" {
ULONG KiSelfTestFinallyRuns;
ULONG KiSelfTestFilter(PVOID pointers, ULONG64) {
    const auto* record = *static_cast<PEXCEPTION_RECORD*>(pointers);
    return record->ExceptionCode != STATUS_BREAKPOINT;
}
VOID KiSelfTestFinally(BOOLEAN abnormal, ULONG64) { KiSelfTestFinallyRuns += abnormal ? 1 : 100; }
VOID KiSelfTestRaise(NTSTATUS status) { ExRaiseStatus(status); }
}
extern "C" ULONG64 KiSelfTestCatch(NTSTATUS status);

namespace {

const char* test_exceptions() {
    const ULONG64 value = 0x1122334455667788;
    KI_EXPECT(KiSelfTestRead(&value) == value);
    KI_EXPECT(static_cast<ULONG>(KiSelfTestRead(reinterpret_cast<const ULONG64*>(0x10))) == static_cast<ULONG>(STATUS_ACCESS_VIOLATION));
    KiSelfTestFinallyRuns = 0;
    KI_EXPECT(static_cast<ULONG>(KiSelfTestCatch(STATUS_INVALID_USER_BUFFER)) == static_cast<ULONG>(STATUS_INVALID_USER_BUFFER));
    KI_EXPECT(KiSelfTestFinallyRuns == 1);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST KiMemoryTests[] = {
    {"mm.pool", test_pool},
    {"mm.pool-of-module", test_pool_of_module},
    {"mm.mdl", test_mdl},
    {"mm.contiguous", test_contiguous},
    {"mm.image-space", test_image_space},
    {"ke.stack-walk", test_stack_walk},
    {"ke.exceptions", test_exceptions},
    {nullptr, nullptr},
};
