// SPDX-License-Identifier: MIT
// ndis/lib/selftest.cpp: see selftest.hpp.
#include "ndis/lib/selftest.hpp"

#include "ndis/lib/packet_pool.hpp"

using namespace ndis;

#define EXPECT(condition)                    \
    do {                                     \
        if (!(condition)) return #condition; \
    } while (0)

namespace {

constexpr ULONG kTag = 'tsDN';  // "NDst"

/// Pool blocks with one tag that are live now, of both kinds.
ULONG64 live_blocks(ULONG tag) {
    static RD_POOL_TAG tags[256];
    const ULONG count = RdQueryPoolTags(tags, RTL_NUMBER_OF(tags));
    for (ULONG i = 0; i < count && i < RTL_NUMBER_OF(tags); ++i)
        if (tags[i].Tag == tag)
            return tags[i].NonPagedAllocations - tags[i].NonPagedFrees + tags[i].PagedAllocations - tags[i].PagedFrees;
    return 0;
}

const char* test_packets() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    PNDIS_PACKET packets[5] = {}, one_more;
    NdisAllocatePacketPoolEx(&status, &pool, 2, 3, 40);
    EXPECT(status == NDIS_STATUS_SUCCESS && pool);
    NdisSetPacketPoolProtocolId(pool, 3);
    for (PNDIS_PACKET& packet : packets) {
        NdisAllocatePacket(&status, &packet, pool);
        EXPECT(status == NDIS_STATUS_SUCCESS);
    }
    NdisAllocatePacket(&status, &one_more, pool);
    EXPECT(status == NDIS_STATUS_RESOURCES && !one_more && NdisPacketPoolUsage(pool) == 5);
    EXPECT(NdisGetPoolFromPacket(packets[4]) == pool && NdisGetPacketFlags(packets[0]) == 3);
    const auto* oob = reinterpret_cast<UCHAR*>(NDIS_OOB_DATA_FROM_PACKET(packets[0]));
    EXPECT(oob >= &packets[0]->ProtocolReserved[40] && NDIS_GET_PACKET_STATUS(packets[0]) == 0);
    NDIS_SET_PACKET_CANCEL_ID(packets[0], &pool);
    EXPECT(NdisGetPacketCancelId(packets[0]) == &pool);
    for (PNDIS_PACKET packet : packets) NdisFreePacket(packet);
    NdisAllocatePacket(&status, &one_more, pool);
    EXPECT(status == NDIS_STATUS_SUCCESS && !NdisGetPacketCancelId(one_more));
    NdisFreePacket(one_more);
    NdisFreePacketPool(pool);
    return nullptr;
}

const char* test_pool_lives_until_its_packets_are_back() {
    const PoolCounts before = pool_counts();
    const ULONG64 blocks = live_blocks(kPacketPoolTag);
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    PNDIS_PACKET packet;
    NdisAllocatePacketPool(&status, &pool, 4, 16);
    NdisAllocatePacket(&status, &packet, pool);
    NdisFreePacketPool(pool);
    EXPECT(pool_counts().packet_pools == before.packet_pools && pool_counts().packets_out == before.packets_out + 1);
    EXPECT(live_blocks(kPacketPoolTag) == blocks + 2);
    packet->ProtocolReserved[0] = 1;  // its memory is still there
    NdisFreePacket(packet);
    EXPECT(pool_counts().packets_out == before.packets_out && live_blocks(kPacketPoolTag) == blocks);
    return nullptr;
}

const char* test_buffers() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    PVOID memory;
    PNDIS_BUFFER first, second, part;
    EXPECT(NdisAllocateMemoryWithTag(&memory, 5 * PAGE_SIZE, kTag) == NDIS_STATUS_SUCCESS);
    NdisAllocateBufferPool(&status, &pool, 1);
    NdisAllocateBuffer(&status, &first, pool, memory, 100);
    EXPECT(status == NDIS_STATUS_SUCCESS);
    NdisAllocateBuffer(&status, &second, pool, static_cast<UCHAR*>(memory) + 50, 4 * PAGE_SIZE);  // beyond the pool, and long
    EXPECT(status == NDIS_STATUS_SUCCESS && NdisBufferLength(second) == 4 * PAGE_SIZE && NDIS_BUFFER_TO_SPAN_PAGES(second) == 5);
    EXPECT(NdisBufferVirtualAddress(first) == memory);
    NdisCopyBuffer(&status, &part, pool, second, 10, 20);
    EXPECT(status == NDIS_STATUS_SUCCESS && NdisBufferVirtualAddress(part) == static_cast<UCHAR*>(memory) + 60);
    PNDIS_BUFFER outside;
    NdisCopyBuffer(&status, &outside, pool, first, 90, 11);
    EXPECT(status == NDIS_STATUS_FAILURE && !outside);
    NdisAdjustBufferLength(first, 7);
    EXPECT(NdisBufferLength(first) == 7);
    NdisFreeBuffer(part);
    NdisFreeBuffer(second);
    NdisFreeBuffer(first);
    NdisFreeBufferPool(pool);
    NdisFreeMemory(memory, 5 * PAGE_SIZE, 0);
    return nullptr;
}

const char* test_chains_and_copies() {
    static UCHAR from[64], to[64];
    NDIS_STATUS status;
    NDIS_HANDLE packets, buffers;
    PNDIS_PACKET source, target;
    PNDIS_BUFFER buffer, taken;
    NdisAllocatePacketPool(&status, &packets, 2, 16);
    NdisAllocateBufferPool(&status, &buffers, 4);
    NdisAllocatePacket(&status, &source, packets);
    NdisAllocatePacket(&status, &target, packets);
    for (UCHAR i = 0; i < sizeof from; ++i) from[i] = i;
    NdisAllocateBuffer(&status, &buffer, buffers, from + 20, 44);
    NdisChainBufferAtBack(source, buffer);
    NdisAllocateBuffer(&status, &buffer, buffers, from, 20);
    NdisChainBufferAtFront(source, buffer);
    NdisAllocateBuffer(&status, &buffer, buffers, to, sizeof to);
    NdisChainBufferAtBack(target, buffer);
    UINT copied, count, total, length;
    NdisCopyFromPacketToPacket(target, 4, 100, source, 10, &copied);
    EXPECT(copied == 54 && to[4] == 10 && to[57] == 63 && to[58] == 0);
    NdisQueryPacket(source, nullptr, &count, nullptr, &total);
    EXPECT(count == 2 && total == 64);
    PVOID address;
    NdisGetFirstBufferFromPacketSafe(source, &buffer, &address, &length, &total, NormalPagePriority);
    EXPECT(address == from && length == 20 && total == 64);
    NdisUnchainBufferAtBack(source, &taken);
    EXPECT(NdisBufferLength(taken) == 44 && NDIS_PACKET_LAST_NDIS_BUFFER(source) == buffer);
    NdisFreeBuffer(taken);
    NdisUnchainBufferAtFront(source, &taken);
    NdisFreeBuffer(taken);
    NdisUnchainBufferAtFront(source, &taken);
    EXPECT(!taken);
    NdisUnchainBufferAtFront(target, &taken);
    NdisFreeBuffer(taken);
    NdisFreePacket(source);
    NdisFreePacket(target);
    NdisFreePacketPool(packets);
    NdisFreeBufferPool(buffers);
    return nullptr;
}

struct Fired {
    NDIS_EVENT event;
    LONG times;
    KIRQL irql;
};
VOID NTAPI on_timer(PVOID, PVOID context, PVOID, PVOID) {
    auto* fired = static_cast<Fired*>(context);
    fired->irql = KeGetCurrentIrql();
    if (NdisInterlockedIncrement(&fired->times) >= 3) NdisSetEvent(&fired->event);
}
VOID NTAPI on_work(PNDIS_WORK_ITEM, PVOID context) {
    auto* fired = static_cast<Fired*>(context);
    fired->irql = KeGetCurrentIrql();
    NdisSetEvent(&fired->event);
}

const char* test_timers_and_work() {
    static Fired fired;
    static NDIS_TIMER timer;
    static NDIS_WORK_ITEM item;
    BOOLEAN cancelled;
    fired = {};
    NdisInitializeEvent(&fired.event);
    EXPECT(!NdisWaitEvent(&fired.event, 1));
    NdisInitializeTimer(&timer, on_timer, &fired);
    NdisSetPeriodicTimer(&timer, 2);
    EXPECT(NdisWaitEvent(&fired.event, 5000) && fired.irql == DISPATCH_LEVEL);
    NdisCancelTimer(&timer, &cancelled);
    EXPECT(cancelled);
    KeFlushQueuedDpcs();
    const LONG times = fired.times;
    NdisMSleep(10000);
    EXPECT(fired.times == times);
    NdisSetTimer(&timer, 60000);
    NdisCancelTimer(&timer, &cancelled);
    EXPECT(cancelled);
    NdisCancelTimer(&timer, &cancelled);
    EXPECT(!cancelled);
    NdisResetEvent(&fired.event);
    NdisInitializeWorkItem(&item, on_work, &fired);
    EXPECT(NdisScheduleWorkItem(&item) == NDIS_STATUS_SUCCESS);
    EXPECT(NdisWaitEvent(&fired.event, 5000) && fired.irql == PASSIVE_LEVEL);
    return nullptr;
}

/// Counts with a readers-writer lock from several threads: readers never see the two halves apart.
struct Shared {
    NDIS_RW_LOCK lock;
    volatile LONG first, second, torn, running;
    NDIS_EVENT done;
};
VOID NTAPI use_shared(PVOID context) {
    auto* shared = static_cast<Shared*>(context);
    LOCK_STATE state, again;
    for (int i = 0; i < 300; ++i) {
        NdisAcquireReadWriteLock(&shared->lock, i % 4 == 0, &state);
        if (i % 4 == 0) {
            NdisAcquireReadWriteLock(&shared->lock, FALSE, &again);  // the writer may
            shared->first = shared->first + 1;
            shared->second = shared->second + 1;
            NdisReleaseReadWriteLock(&shared->lock, &again);
        } else if (shared->first != shared->second) {
            NdisInterlockedIncrement(const_cast<PLONG>(&shared->torn));
        }
        NdisReleaseReadWriteLock(&shared->lock, &state);
    }
    if (NdisInterlockedDecrement(const_cast<PLONG>(&shared->running)) == 0) NdisSetEvent(&shared->done);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

const char* test_locks() {
    static Shared shared;
    NdisInitializeReadWriteLock(&shared.lock);
    NdisInitializeEvent(&shared.done);
    shared.first = 0;
    shared.second = 0;
    shared.torn = 0;
    shared.running = 4;
    for (int i = 0; i < 4; ++i) {
        HANDLE thread;
        EXPECT(NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, use_shared, &shared)));
        ZwClose(thread);
    }
    EXPECT(NdisWaitEvent(&shared.done, 10000));
    EXPECT(shared.torn == 0 && shared.first == 300 && shared.second == 300);
    NDIS_SPIN_LOCK lock;
    NdisAllocateSpinLock(&lock);
    NdisAcquireSpinLock(&lock);
    EXPECT(KeGetCurrentIrql() == DISPATCH_LEVEL);
    NdisReleaseSpinLock(&lock);
    NdisFreeSpinLock(&lock);
    EXPECT(KeGetCurrentIrql() == PASSIVE_LEVEL);
    return nullptr;
}

const char* test_configuration() {
    NDIS_STATUS status;
    NDIS_HANDLE root, handle, by_index;
    NDIS_STRING section, name, key_name;
    NdisInitUnicodeString(&section, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services");
    NdisOpenProtocolConfiguration(&status, &root, &section);
    EXPECT(status == NDIS_STATUS_SUCCESS);
    NdisOpenConfigurationKeyByIndex(&status, root, 0, &key_name, &by_index);
    EXPECT(status == NDIS_STATUS_SUCCESS && key_name.Length);
    NdisOpenConfigurationKeyByName(&status, root, &key_name, &handle);
    EXPECT(status == NDIS_STATUS_SUCCESS);
    NDIS_CONFIGURATION_PARAMETER written = {}, *read;
    NdisInitUnicodeString(&name, L"RundownSelfTest");
    written.ParameterType = NdisParameterInteger;
    written.ParameterData.IntegerData = 4711;
    NdisWriteConfiguration(&status, handle, &name, &written);
    EXPECT(status == NDIS_STATUS_SUCCESS);
    NdisReadConfiguration(&status, &read, handle, &name, NdisParameterInteger);
    EXPECT(status == NDIS_STATUS_SUCCESS && read->ParameterData.IntegerData == 4711);
    NdisReadConfiguration(&status, &read, handle, &name, NdisParameterString);
    EXPECT(status == NDIS_STATUS_FAILURE && !read);
    written.ParameterType = NdisParameterString;
    NdisInitUnicodeString(&written.ParameterData.StringData, L"0x20");
    NdisWriteConfiguration(&status, handle, &name, &written);
    NdisReadConfiguration(&status, &read, handle, &name, NdisParameterInteger);
    EXPECT(status == NDIS_STATUS_SUCCESS && read->ParameterData.IntegerData == 0x20);
    NdisReadConfiguration(&status, &read, handle, &name, NdisParameterString);
    EXPECT(
        status == NDIS_STATUS_SUCCESS &&
        NdisEqualString(&read->ParameterData.StringData, &written.ParameterData.StringData, FALSE));
    NdisInitUnicodeString(&name, L"ndisversion");
    NdisReadConfiguration(&status, &read, handle, &name, NdisParameterInteger);
    EXPECT(status == NDIS_STATUS_SUCCESS && read->ParameterData.IntegerData == NdisGetVersion());
    NdisInitUnicodeString(&name, L"NoSuchValue");
    NdisReadConfiguration(&status, &read, handle, &name, NdisParameterInteger);
    EXPECT(status == NDIS_STATUS_FAILURE);
    NdisCloseConfiguration(by_index);
    NdisCloseConfiguration(handle);
    NdisCloseConfiguration(root);
    return nullptr;
}

const char* test_strings() {
    NDIS_STRING made, upper;
    WCHAR room[8];
    NdisInitializeString(&made, reinterpret_cast<PUCHAR>(const_cast<char*>("e1000")));
    EXPECT(made.Buffer && made.Length == 10 && made.Buffer[5] == 0);
    upper = {0, sizeof room, room};
    EXPECT(NdisUpcaseUnicodeString(&upper, &made) == NDIS_STATUS_SUCCESS && room[0] == L'E');
    EXPECT(NdisEqualString(&made, &upper, TRUE) && !NdisEqualString(&made, &upper, FALSE));
    upper.MaximumLength = 4;
    ANSI_STRING ansi;
    NdisInitAnsiString(&ansi, "too long");
    EXPECT(NdisAnsiStringToUnicodeString(&upper, &ansi) != NDIS_STATUS_SUCCESS);
    NdisFreeString(made);
    return nullptr;
}

struct Test {
    const char* name;
    const char* (*run)();
};
constexpr Test kTests[] = {
    {"ndis.packets", test_packets},
    {"ndis.pool_lives_until_its_packets_are_back", test_pool_lives_until_its_packets_are_back},
    {"ndis.buffers", test_buffers},
    {"ndis.chains_and_copies", test_chains_and_copies},
    {"ndis.timers_and_work", test_timers_and_work},
    {"ndis.locks", test_locks},
    {"ndis.configuration", test_configuration},
    {"ndis.strings", test_strings},
};

}  // namespace

namespace ndis {

void run_library_selftest() {
    ULONG passed = 0, failed = 0;
    for (const Test& test : kTests) {
        if (!RdSelfTestWanted(test.name)) continue;
        const PoolCounts before = pool_counts();
        const char* wrong = test.run();
        const PoolCounts after = pool_counts();
        if (!wrong && !RtlEqualMemory(&before, &after, sizeof before)) wrong = "a pool, packet or buffer is left";
        if (!wrong && KeGetCurrentIrql() != PASSIVE_LEVEL) wrong = "IRQL not back at PASSIVE_LEVEL";
        wrong ? ++failed : ++passed;
        DbgPrint("selftest %s: %s%s\n", test.name, wrong ? "FAILED: " : "ok", wrong ? wrong : "");
    }
    DbgPrint("selftest ndis: %lu passed, %lu failed\n", passed, failed);
}

}  // namespace ndis
