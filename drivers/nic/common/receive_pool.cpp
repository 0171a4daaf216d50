// SPDX-License-Identifier: MIT
// nic/common/receive_pool.cpp: see receive_pool.hpp.
#include "receive_pool.hpp"

namespace nic
{

NDIS_STATUS
ReceivePool::create(NDIS_HANDLE miniport, uint32_t count, uint32_t frame_offset, ULONG tag)
{
    NDIS_STATUS status;
    NdisAllocatePacketPool(&status, &packets_, count, PROTOCOL_RESERVED_SIZE_IN_PACKET);
    if (status != NDIS_STATUS_SUCCESS) {
        packets_ = nullptr;
        return status;
    }
    NdisAllocateBufferPool(&status, &buffers_, count);
    if (status != NDIS_STATUS_SUCCESS) {
        buffers_ = nullptr;
        return status;
    }
    const uint32_t slabs = (count + kBuffersPerSlab - 1) / kBuffersPerSlab;
    PVOID memory = nullptr;
    const auto entry_bytes = static_cast<UINT>(count * sizeof(ReceiveBuffer));
    const auto slab_bytes = static_cast<UINT>(slabs * sizeof(SharedMemory));
    if (NdisAllocateMemoryWithTag(&memory, entry_bytes, tag) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(memory, entry_bytes);
    entries_ = static_cast<ReceiveBuffer *>(memory);
    if (NdisAllocateMemoryWithTag(&memory, slab_bytes, tag) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(memory, slab_bytes);
    slabs_ = static_cast<SharedMemory *>(memory);

    const uint32_t stride = kReceiveBytes + frame_offset;
    while (count_ < count) {
        SharedMemory &slab = slabs_[slab_count_];
        if (!slab.allocate(miniport, stride * kBuffersPerSlab)) {
            return NDIS_STATUS_RESOURCES;
        }
        ++slab_count_;
        for (uint32_t i = 0; i < kBuffersPerSlab && count_ < count; ++i) {
            status = add_buffer(slab, i, stride, frame_offset);
            if (status != NDIS_STATUS_SUCCESS) {
                return status;
            }
        }
    }
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
ReceivePool::add_buffer(SharedMemory &slab, uint32_t index, uint32_t stride, uint32_t frame_offset)
{
    const uint32_t offset = index * stride + frame_offset;
    ReceiveBuffer &entry = entries_[count_];
    entry.frame = static_cast<uint8_t *>(slab.data) + offset;
    entry.frame_address = slab.address + offset;
    NDIS_STATUS status;
    NdisAllocatePacket(&status, &entry.packet, packets_);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    NdisAllocateBuffer(&status, &entry.buffer, buffers_, entry.frame, kReceiveBytes);
    if (status != NDIS_STATUS_SUCCESS) {
        NdisFreePacket(entry.packet);
        return status;
    }
    NdisChainBufferAtFront(entry.packet, entry.buffer);
    NDIS_SET_PACKET_HEADER_SIZE(entry.packet, kHeaderBytes);
    buffer_of(entry.packet) = &entry;
    ++count_;
    give_free(&entry);
    return NDIS_STATUS_SUCCESS;
}

void
ReceivePool::destroy(NDIS_HANDLE miniport)
{
    for (uint32_t i = 0; i < count_; ++i) {
        NDIS_BUFFER *buffer = nullptr;
        NdisUnchainBufferAtFront(entries_[i].packet, &buffer);
        NdisFreeBuffer(entries_[i].buffer);
        NdisFreePacket(entries_[i].packet);
    }
    for (uint32_t i = 0; i < slab_count_; ++i) {
        slabs_[i].free(miniport);
    }
    if (slabs_ != nullptr) {
        NdisFreeMemory(slabs_, 0, 0);
    }
    if (entries_ != nullptr) {
        NdisFreeMemory(entries_, 0, 0);
    }
    if (buffers_ != nullptr) {
        NdisFreeBufferPool(buffers_);
    }
    if (packets_ != nullptr) {
        NdisFreePacketPool(packets_);
    }
    *this = ReceivePool{};
}

} // namespace nic
