// SPDX-License-Identifier: MIT
// nic/common/packet_queue.hpp
//
// Packets a protocol has given us to send, chained through MiniportReserved, which is the
// miniport's while it owns the packet. The second word there remembers the frame's length and kind
// of destination for the statistics.
#pragma once
#include "frame_filter.hpp"
#include "ndis_miniport.hpp"
#include "statistics.hpp"

namespace nic
{

/// Our two words of a packet that is being sent.
struct SendMark {
    NDIS_PACKET *next;
    uint16_t bytes;
    uint8_t group;     ///< Destination is a group address.
    uint8_t broadcast; ///< It is the broadcast address.
};
static_assert(sizeof(SendMark) <= 2 * sizeof(void *));

inline SendMark &
send_mark(NDIS_PACKET *packet)
{
    return *reinterpret_cast<SendMark *>(packet->MiniportReserved);
}

class PacketQueue
{
  public:
    bool empty() const
    {
        return head_ == nullptr;
    }
    NDIS_PACKET *front() const
    {
        return head_;
    }
    uint32_t count() const
    {
        return count_;
    }

    void push_back(NDIS_PACKET *packet)
    {
        send_mark(packet).next = nullptr;
        if (tail_ != nullptr) {
            send_mark(tail_).next = packet;
        } else {
            head_ = packet;
        }
        tail_ = packet;
        ++count_;
    }

    NDIS_PACKET *pop_front()
    {
        NDIS_PACKET *packet = head_;
        if (packet != nullptr) {
            head_ = send_mark(packet).next;
            tail_ = head_ != nullptr ? tail_ : nullptr;
            --count_;
        }
        return packet;
    }

    /// Moves everything to the end of `other`.
    void move_to(PacketQueue &other)
    {
        while (NDIS_PACKET *packet = pop_front()) {
            other.push_back(packet);
        }
    }

  private:
    NDIS_PACKET *head_ = nullptr;
    NDIS_PACKET *tail_ = nullptr;
    uint32_t count_ = 0;
};

} // namespace nic
