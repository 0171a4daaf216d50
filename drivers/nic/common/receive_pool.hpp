// SPDX-License-Identifier: MIT
// nic/common/receive_pool.hpp
//
// The receive buffers of an adapter: shared memory in slabs, an NDIS packet and buffer over each
// piece. More of them than the card's ring holds, so that protocols may keep some; when few are
// left, the miniport indicates with NDIS_STATUS_RESOURCES and has them back at once. The adapter's
// receive lock guards the free list.
#pragma once
#include "device.hpp"

namespace nic
{

class ReceivePool
{
  public:
    /// Makes `count` buffers whose frames start `frame_offset` bytes into their memory.
    /// PASSIVE_LEVEL. NDIS_STATUS_RESOURCES; destroy() is needed all the same.
    NDIS_STATUS create(NDIS_HANDLE miniport, uint32_t count, uint32_t frame_offset, ULONG tag);
    /// Every buffer must be back in the free list or forgotten by the card. PASSIVE_LEVEL.
    void destroy(NDIS_HANDLE miniport);

    ReceiveBuffer *take_free()
    {
        ReceiveBuffer *buffer = free_;
        if (buffer != nullptr) {
            free_ = buffer->next;
            --free_count_;
        }
        return buffer;
    }

    void give_free(ReceiveBuffer *buffer)
    {
        buffer->next = free_;
        free_ = buffer;
        ++free_count_;
    }

    uint32_t free_count() const
    {
        return free_count_;
    }
    uint32_t count() const
    {
        return count_;
    }

    /// The buffer behind a packet of this pool: kept in its MiniportReserved.
    static ReceiveBuffer *&buffer_of(NDIS_PACKET *packet)
    {
        return *reinterpret_cast<ReceiveBuffer **>(packet->MiniportReserved);
    }

  private:
    static constexpr uint32_t kBuffersPerSlab = 16;

    NDIS_STATUS
    add_buffer(SharedMemory &slab, uint32_t index, uint32_t stride, uint32_t frame_offset);

    NDIS_HANDLE packets_ = nullptr;
    NDIS_HANDLE buffers_ = nullptr;
    ReceiveBuffer *entries_ = nullptr;
    SharedMemory *slabs_ = nullptr;
    uint32_t slab_count_ = 0;
    uint32_t count_ = 0;
    ReceiveBuffer *free_ = nullptr;
    uint32_t free_count_ = 0;
};

} // namespace nic
