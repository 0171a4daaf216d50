// SPDX-License-Identifier: MIT
// ndis/selftest/crimes.cpp
//
// The table of crimes, and those of any driver: wrong IRQLs, packets, buffers and locks.
#include "ndis/selftest/crimes.hpp"

#define RD_PROVOCATION(family, name, ...) extern "C" VOID provoke_##name();
#include "ndis/selftest/provocations.def"
#undef RD_PROVOCATION

using namespace ndistest;

namespace {

const provoke::Crime crimes[] = {
#define RD_PROVOCATION(family, name, ...) {#name, provoke_##name},
#include "ndis/selftest/provocations.def"
#undef RD_PROVOCATION
};

UCHAR bytes[200];

/// A packet of a pool that outlives the crime.
PNDIS_PACKET new_packet() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    PNDIS_PACKET packet = nullptr;
    NdisAllocatePacketPool(&status, &pool, 2, 4 * sizeof(PVOID));
    if (status == NDIS_STATUS_SUCCESS) NdisAllocatePacket(&status, &packet, pool);
    provoke::value(1, packet);
    return packet;
}

PNDIS_BUFFER new_buffer() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    PNDIS_BUFFER buffer = nullptr;
    NdisAllocateBufferPool(&status, &pool, 2);
    if (status == NDIS_STATUS_SUCCESS) NdisAllocateBuffer(&status, &buffer, pool, bytes, 100);
    provoke::value(1, buffer);
    return buffer;
}

}  // namespace

bool ndistest::commit_crime() {
    if (!provoke::is_wanted()) return false;
    provoke::commit_wanted(crimes);  // A name that it has not is one of selftest.sys.
    return true;
}

extern "C" {

VOID provoke_ndis_register_at_dispatch() {
    NDIS_PROTOCOL_CHARACTERISTICS own = characteristics();
    NDIS_STATUS status;
    NDIS_HANDLE protocol;
    raise();
    NdisRegisterProtocol(&status, &protocol, &own, sizeof own);
}

VOID provoke_ndis_deregister_at_dispatch() {
    NDIS_STATUS status;
    raise();
    NdisDeregisterProtocol(&status, nullptr);
}

VOID provoke_ndis_open_at_dispatch() {
    NDIS_STATUS status, error;
    NDIS_HANDLE handle;
    UINT selected;
    NDIS_MEDIUM medium = NdisMedium802_3;
    NDIS_STRING name;
    NdisInitUnicodeString(&name, kAdapterName);
    raise();
    NdisOpenAdapter(&status, &error, &handle, &selected, &medium, 1, nullptr, nullptr, &name, 0, nullptr);
}

VOID provoke_ndis_close_at_dispatch() {
    NDIS_STATUS status;
    raise();
    NdisCloseAdapter(&status, nullptr);
}

VOID provoke_ndis_request_above_dispatch() {
    NDIS_STATUS status;
    static NDIS_REQUEST request;
    raise(5);
    NdisRequest(&status, nullptr, &request);
}

VOID provoke_ndis_send_above_dispatch() {
    NDIS_STATUS status;
    PNDIS_PACKET packet = new_packet();
    raise(5);
    NdisSend(&status, nullptr, packet);
}

VOID provoke_ndis_return_above_dispatch() {
    PNDIS_PACKET packet = new_packet();
    raise(5);
    NdisReturnPackets(&packet, 1);
}

VOID provoke_ndis_timer_above_dispatch() {
    static NDIS_TIMER timer;
    NdisInitializeTimer(&timer, [](PVOID, PVOID, PVOID, PVOID) {}, nullptr);
    raise(5);
    NdisSetTimer(&timer, 1000);
}

VOID provoke_ndis_wait_event_at_dispatch() {
    static NDIS_EVENT event;
    NdisInitializeEvent(&event);
    raise();
    NdisWaitEvent(&event, 10);
}

VOID provoke_ndis_packet_freed_twice() {
    PNDIS_PACKET packet = new_packet();
    NdisFreePacket(packet);
    NdisFreePacket(packet);
}

VOID provoke_ndis_packet_of_nobody() {
    static struct {
        UCHAR before[256];  // where NDIS would look
        NDIS_PACKET packet;
    } nobody;
    provoke::value(1, &nobody.packet);
    NdisFreePacket(&nobody.packet);
}

VOID provoke_ndis_packet_returned_unkept() {
    PNDIS_PACKET packet = new_packet();
    NdisReturnPackets(&packet, 1);
}

VOID provoke_ndis_packet_pool_freed_twice() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    NdisAllocatePacketPool(&status, &pool, 2, 4 * sizeof(PVOID));
    provoke::value(1, pool);
    NdisFreePacketPool(pool);
    NdisFreePacketPool(pool);
}

VOID provoke_ndis_buffer_pool_freed_twice() {
    NDIS_STATUS status;
    NDIS_HANDLE pool;
    NdisAllocateBufferPool(&status, &pool, 2);
    provoke::value(1, pool);
    NdisFreeBufferPool(pool);
    NdisFreeBufferPool(pool);
}

VOID provoke_ndis_buffer_freed_twice() {
    PNDIS_BUFFER buffer = new_buffer();
    NdisFreeBuffer(buffer);
    NdisFreeBuffer(buffer);
}

VOID provoke_ndis_buffer_too_long() { NdisAdjustBufferLength(new_buffer(), 2 * PAGE_SIZE); }

VOID provoke_ndis_spin_lock_freed_held() {
    static NDIS_SPIN_LOCK lock;
    NdisAllocateSpinLock(&lock);
    provoke::value(1, &lock);
    NdisAcquireSpinLock(&lock);
    NdisFreeSpinLock(&lock);
}

VOID provoke_ndis_rw_lock_not_held() {
    static NDIS_RW_LOCK lock;
    LOCK_STATE state;
    NdisInitializeReadWriteLock(&lock);
    provoke::value(1, &lock);
    NdisAcquireReadWriteLock(&lock, FALSE, &state);
    NdisReleaseReadWriteLock(&lock, &state);
    raise();
    NdisReleaseReadWriteLock(&lock, &state);
}

}  // extern "C"
