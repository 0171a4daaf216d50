// SPDX-License-Identifier: MIT
// nic/common/receive.cpp
//
// From the card's ring to NdisMIndicateReceivePacket, and back through MiniportReturnPacket.
//
// A packet is normally indicated with NDIS_STATUS_SUCCESS: protocols may keep it, and it comes back
// through MiniportReturnPacket. When few buffers are left for the card, NDIS_STATUS_RESOURCES makes
// protocols copy at once and the buffer is ours again when the indication returns. A deserialised
// miniport goes by the status it set, not by what is in the packet afterwards.
#include "adapter.hpp"

namespace nic
{

namespace
{

constexpr uint32_t kBatch = 32;
/// Fewer buffers than this left between ring and free list: protocols must copy.
constexpr uint32_t kLowBuffers = 32;
/// Packets to indicate in one call: first those protocols may keep, or only those they must copy.
struct Batch {
    NDIS_PACKET *packets[kBatch];
    uint32_t count = 0;
    uint32_t taken = 0;  ///< Frames taken from the card, dropped ones included.
    bool copied = false; ///< NDIS_STATUS_RESOURCES.
};

void
prepare_packet(ReceiveBuffer &buffer, uint32_t length, NDIS_STATUS status)
{
    NDIS_PACKET *packet = buffer.packet;
    NdisAdjustBufferLength(buffer.buffer, length);
    packet->Private.ValidCounts = FALSE;
    NDIS_SET_PACKET_STATUS(packet, status);
}

/// Takes frames from the card until the batch is full, the ring is empty, or the next one would be
/// indicated otherwise. Receive lock.
void
fill_batch(Adapter &adapter, Batch &batch, uint32_t &posted, uint32_t most)
{
    Received received;
    while (batch.count < kBatch && batch.taken < most) {
        const bool low = posted + adapter.pool.free_count() <= kLowBuffers;
        if (batch.count != 0 && low != batch.copied) {
            return;
        }
        if (!adapter.device->take_receive(received)) {
            return;
        }
        ++batch.taken;
        if (posted != 0) {
            --posted;
        }
        MacAddress destination;
        NdisMoveMemory(destination.bytes, received.buffer->frame, sizeof(destination));
        if (!received.good || !adapter.filter.accepts(destination)) {
            adapter.received.receive_errors += received.good ? 0 : 1;
            adapter.pool.give_free(received.buffer);
            continue;
        }
        batch.copied = low;
        prepare_packet(
            *received.buffer, received.length, low ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS);
        adapter.received.count_received(destination, received.length);
        batch.packets[batch.count++] = received.buffer->packet;
    }
}

/// After the indication: packets that are the card's again already. Of a serialised miniport NDIS
/// says so in each packet's status, and returns only those that protocols have kept.
void
take_back(Adapter &adapter, const Batch &batch)
{
    if (!batch.copied && !adapter.serialized) {
        return;
    }
    const LockGuard receive(adapter.receive_lock);
    for (uint32_t i = 0; i < batch.count; ++i) {
        if (batch.copied || NDIS_GET_PACKET_STATUS(batch.packets[i]) != NDIS_STATUS_PENDING) {
            adapter.pool.give_free(ReceivePool::buffer_of(batch.packets[i]));
            --adapter.receives_out;
        }
    }
}

} // namespace

void
refill_ring(Adapter &adapter)
{
    while (ReceiveBuffer *buffer = adapter.pool.take_free()) {
        if (!adapter.device->post_receive(*buffer)) {
            adapter.pool.give_free(buffer);
            break;
        }
    }
    adapter.device->flush_receives();
}

void
receive_frames(Adapter &adapter, uint32_t &budget)
{
    while (budget != 0) {
        Batch batch;
        {
            const LockGuard receive(adapter.receive_lock);
            if (adapter.state != AdapterState::running || adapter.removed) {
                return;
            }
            uint32_t posted =
                adapter.pool.count() - adapter.pool.free_count() - adapter.receives_out;
            fill_batch(adapter, batch, posted, budget);
            adapter.receives_out += batch.count;
            refill_ring(adapter);
        }
        if (batch.taken == 0) {
            return;
        }
        budget -= batch.taken;
        if (batch.count == 0) {
            continue;
        }
        NdisMIndicateReceivePacket(adapter.miniport, batch.packets, batch.count);
        take_back(adapter, batch);
    }
}

extern "C" VOID NTAPI
MiniportReturnPacket(NDIS_HANDLE context, PNDIS_PACKET packet)
{
    Adapter &adapter = adapter_of(context);
    const LockGuard receive(adapter.receive_lock);
    adapter.pool.give_free(ReceivePool::buffer_of(packet));
    --adapter.receives_out;
    if (adapter.halt_waits && adapter.receives_out == 0) {
        NdisSetEvent(&adapter.all_returned);
        return;
    }
    // Only when the card may be starving: otherwise the next interrupt refills the ring, at one
    // register write for many.
    const uint32_t posted = adapter.pool.count() - adapter.pool.free_count() - adapter.receives_out;
    if (posted < kLowBuffers && adapter.state == AdapterState::running && !adapter.removed) {
        refill_ring(adapter);
    }
}

} // namespace nic
