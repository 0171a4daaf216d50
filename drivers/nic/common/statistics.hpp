// SPDX-License-Identifier: MIT
// nic/common/statistics.hpp
//
// The counters behind the statistics OIDs. Transmit counters are guarded by the adapter's send
// lock, receive counters by its receive lock; a copy is taken under both before an OID is answered.
// No I/O and no NDIS types.
#pragma once
#include <stdint.h>
#include "frame_filter.hpp"

namespace nic
{

struct Statistics {
    uint64_t frames_sent = 0;     ///< OID_GEN_XMIT_OK
    uint64_t send_errors = 0;     ///< OID_GEN_XMIT_ERROR
    uint64_t frames_received = 0; ///< OID_GEN_RCV_OK: indicated to NDIS.
    uint64_t receive_errors = 0;  ///< OID_GEN_RCV_ERROR
    uint64_t receive_no_buffer =
        0; ///< OID_GEN_RCV_NO_BUFFER: the device dropped for want of a buffer.
    uint64_t receive_crc_errors = 0; ///< OID_GEN_RCV_CRC_ERROR
    uint64_t alignment_errors = 0;   ///< OID_802_3_RCV_ERROR_ALIGNMENT
    uint64_t one_collision = 0;      ///< OID_802_3_XMIT_ONE_COLLISION
    uint64_t more_collisions = 0;    ///< OID_802_3_XMIT_MORE_COLLISIONS

    /// Frames and bytes of one kind of destination.
    struct Traffic {
        uint64_t frames = 0;
        uint64_t bytes = 0;

        constexpr void count(uint32_t length)
        {
            ++frames;
            bytes += length;
        }
    };
    Traffic directed_sent, multicast_sent, broadcast_sent;
    Traffic directed_received, multicast_received, broadcast_received;

    /// A frame went out.
    constexpr void count_sent(const MacAddress &destination, uint32_t length)
    {
        ++frames_sent;
        kind(destination, directed_sent, multicast_sent, broadcast_sent).count(length);
    }

    /// A frame is indicated to NDIS.
    constexpr void count_received(const MacAddress &destination, uint32_t length)
    {
        ++frames_received;
        kind(destination, directed_received, multicast_received, broadcast_received).count(length);
    }

  private:
    static constexpr Traffic &
    kind(const MacAddress &destination, Traffic &directed, Traffic &multicast, Traffic &broadcast)
    {
        if (!destination.is_group()) {
            return directed;
        }
        return destination.is_broadcast() ? broadcast : multicast;
    }
};

} // namespace nic
