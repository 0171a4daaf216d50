// SPDX-License-Identifier: MIT
// ndis/selftest/tests_library.cpp
//
// The library half of NDIS as a driver meets it: what lib/selftest.cpp, inside ndis.sys, does not look at.
#include "ndis/selftest/binding.hpp"
#include "ndis/selftest/run.hpp"

namespace ndistest {

namespace {

const char* memory() {
    PVOID memory = nullptr;
    NDIS_PHYSICAL_ADDRESS highest = {.QuadPart = -1};
    RD_EXPECT(NdisAllocateMemory(&memory, 100, 0, highest) == NDIS_STATUS_SUCCESS && memory);
    NdisFreeMemory(memory, 100, 0);
    RD_EXPECT(NdisAllocateMemoryWithTag(&memory, 0x7fffffff, 'tsDN') != NDIS_STATUS_SUCCESS);  // more than there is
    return nullptr;
}

const char* interlocked() {
    static NDIS_SPIN_LOCK lock;
    LIST_ENTRY head, one, two;
    ULONG sum = 40;
    NdisAllocateSpinLock(&lock);
    InitializeListHead(&head);
    RD_EXPECT(!NdisInterlockedRemoveHeadList(&head, &lock));
    RD_EXPECT(!NdisInterlockedInsertTailList(&head, &one, &lock));  // nothing was there before
    RD_EXPECT(NdisInterlockedInsertHeadList(&head, &two, &lock) == &one);
    RD_EXPECT(NdisInterlockedRemoveHeadList(&head, &lock) == &two);
    RD_EXPECT(NdisInterlockedInsertTailList(&head, &two, &lock) == &one);
    RD_EXPECT(NdisInterlockedRemoveHeadList(&head, &lock) == &one && NdisInterlockedRemoveHeadList(&head, &lock) == &two);
    RD_EXPECT(NdisInterlockedAddUlong(&sum, 2, &lock) == 40 && sum == 42);
    LONG count = 1;
    RD_EXPECT(NdisInterlockedIncrement(&count) == 2 && NdisInterlockedDecrement(&count) == 1);
    NdisFreeSpinLock(&lock);
    return nullptr;
}

/// At DISPATCH_LEVEL.
const char* use_dispatch_functions(NDIS_HANDLE pool) {
    static NDIS_SPIN_LOCK lock;
    static NDIS_RW_LOCK shared;
    NdisAllocateSpinLock(&lock);
    NdisDprAcquireSpinLock(&lock);
    NdisDprReleaseSpinLock(&lock);
    NdisInitializeReadWriteLock(&shared);
    LOCK_STATE state, again;
    NdisDprAcquireReadWriteLock(&shared, TRUE, &state);
    NdisDprAcquireReadWriteLock(&shared, FALSE, &again);
    NdisDprReleaseReadWriteLock(&shared, &again);
    NdisDprReleaseReadWriteLock(&shared, &state);
    NDIS_STATUS status;
    PNDIS_PACKET packet, second;
    NdisDprAllocatePacket(&status, &packet, pool);
    RD_EXPECT(status == NDIS_STATUS_SUCCESS && packet);
    NdisDprAllocatePacket(&status, &second, pool);
    RD_EXPECT(status == NDIS_STATUS_RESOURCES && !second);
    NdisDprFreePacket(packet);
    RD_EXPECT(NdisPacketPoolUsage(pool) == 0 && KeGetCurrentIrql() == DISPATCH_LEVEL);
    return nullptr;
}

const char* at_dispatch() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    NdisAllocatePacketPool(&status, &pool, 1, 4 * sizeof(PVOID));
    RD_EXPECT(status == NDIS_STATUS_SUCCESS);
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    const char* wrong = use_dispatch_functions(pool);
    KeLowerIrql(irql);
    NdisFreePacketPool(pool);
    return wrong;
}

const char* packets() {
    static UCHAR from[32], to[32];
    for (UCHAR i = 0; i < sizeof from; ++i) from[i] = i;
    OnePacket source(from, sizeof from), target(to, sizeof to);
    RD_EXPECT(source.packet && target.packet);
    UINT copied = 0, offset = 1, length = 0;
    NdisCopyFromPacketToPacketSafe(target.packet, 2, 8, source.packet, 4, &copied, NormalPagePriority);
    RD_EXPECT(copied == 8 && to[2] == 4 && to[9] == 11 && to[10] == 0);
    NdisQueryBufferOffset(source.packet->Private.Head, &offset, &length);
    RD_EXPECT(offset == (reinterpret_cast<ULONG_PTR>(from) & (PAGE_SIZE - 1)) && length == sizeof from);
    NdisSetPacketStatus(source.packet, NDIS_STATUS_RESOURCES, nullptr, 0);
    RD_EXPECT(NDIS_GET_PACKET_STATUS(source.packet) == NDIS_STATUS_RESOURCES);
    NdisSetPacketCancelId(source.packet, from);
    RD_EXPECT(NdisGetPacketCancelId(source.packet) == from);
    RD_EXPECT(NdisPacketSize(16) >= sizeof(NDIS_PACKET) + sizeof(NDIS_PACKET_OOB_DATA));
    RD_EXPECT(NdisPacketSize(64) >= NdisPacketSize(16) + 48);
    RD_EXPECT(NdisGeneratePartialCancelId() != NdisGeneratePartialCancelId());
    return nullptr;
}

const char* time() {
    LARGE_INTEGER before, after;
    ULONG up_before, up_after;
    NdisGetCurrentSystemTime(&before);
    NdisGetSystemUpTime(&up_before);
    NdisMSleep(50000);
    NdisGetCurrentSystemTime(&after);
    NdisGetSystemUpTime(&up_after);
    RD_EXPECT(after.QuadPart - before.QuadPart >= 40 * 10000);
    RD_EXPECT(up_after - up_before >= 30);
    RD_EXPECT(NdisSystemProcessorCount() >= 1 && NdisGetVersion() == 0x00050001);
    return nullptr;
}

PVOID fired_for;
NDIS_EVENT fired;
VOID NTAPI on_timer(PVOID, PVOID context, PVOID, PVOID) {
    fired_for = context;
    NdisSetEvent(&fired);
}

const char* timer_for_another() {
    static NDIS_TIMER timer;
    static int first, second;
    fired_for = nullptr;
    NdisInitializeEvent(&fired);
    NdisInitializeTimer(&timer, on_timer, &first);
    NdisSetTimerEx(&timer, 1, &second);
    RD_EXPECT(NdisWaitEvent(&fired, kPatience) && fired_for == &second);
    KeFlushQueuedDpcs();
    return nullptr;
}

const char* strings() {
    NDIS_STRING wide;
    ANSI_STRING narrow;
    CHAR room[8] = {};
    narrow = {0, sizeof room, room};
    NdisInitUnicodeString(&wide, L"e1000");
    RD_EXPECT(NdisUnicodeStringToAnsiString(&narrow, &wide) == NDIS_STATUS_SUCCESS && narrow.Length == 5 && room[0] == 'e');
    NdisInitUnicodeString(&wide, L"far too long");
    RD_EXPECT(NdisUnicodeStringToAnsiString(&narrow, &wide) != NDIS_STATUS_SUCCESS);
    return nullptr;
}

}  // namespace

const RD_SELF_TEST library_tests[] = {
    {"library.memory", memory},   {"library.interlocked", interlocked},
    {"library.at_dispatch", at_dispatch}, {"library.packets", packets},
    {"library.time", time},       {"library.timer_for_another", timer_for_another},
    {"library.strings", strings}, {nullptr, nullptr},
};

}  // namespace ndistest
