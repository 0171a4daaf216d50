// SPDX-License-Identifier: MIT
// nic/common/oid_table.hpp
//
// Which OIDs the adapters answer, and how: a pure function from what is known about an adapter to
// bytes, and the checks a set request must pass before anything changes. The numbers are those of
// ntddndis.h (information.cpp asserts that); they are repeated here so that tests/unit/nic can
// compile this natively.
#pragma once
#include "frame_filter.hpp"
#include "statistics.hpp"

namespace nic
{

enum Oid : uint32_t {
    oid_supported_list = 0x00010101,
    oid_hardware_status = 0x00010102,
    oid_media_supported = 0x00010103,
    oid_media_in_use = 0x00010104,
    oid_maximum_lookahead = 0x00010105,
    oid_maximum_frame_size = 0x00010106,
    oid_link_speed = 0x00010107,
    oid_transmit_buffer_space = 0x00010108,
    oid_receive_buffer_space = 0x00010109,
    oid_transmit_block_size = 0x0001010a,
    oid_receive_block_size = 0x0001010b,
    oid_vendor_id = 0x0001010c,
    oid_vendor_description = 0x0001010d,
    oid_current_packet_filter = 0x0001010e,
    oid_current_lookahead = 0x0001010f,
    oid_driver_version = 0x00010110,
    oid_maximum_total_size = 0x00010111,
    oid_mac_options = 0x00010113,
    oid_media_connect_status = 0x00010114,
    oid_maximum_send_packets = 0x00010115,
    oid_vendor_driver_version = 0x00010116,
    oid_physical_medium = 0x00010202,
    oid_xmit_ok = 0x00020101,
    oid_rcv_ok = 0x00020102,
    oid_xmit_error = 0x00020103,
    oid_rcv_error = 0x00020104,
    oid_rcv_no_buffer = 0x00020105,
    oid_directed_bytes_xmit = 0x00020201,
    oid_directed_frames_xmit = 0x00020202,
    oid_multicast_bytes_xmit = 0x00020203,
    oid_multicast_frames_xmit = 0x00020204,
    oid_broadcast_bytes_xmit = 0x00020205,
    oid_broadcast_frames_xmit = 0x00020206,
    oid_directed_bytes_rcv = 0x00020207,
    oid_directed_frames_rcv = 0x00020208,
    oid_multicast_bytes_rcv = 0x00020209,
    oid_multicast_frames_rcv = 0x0002020a,
    oid_broadcast_bytes_rcv = 0x0002020b,
    oid_broadcast_frames_rcv = 0x0002020c,
    oid_rcv_crc_error = 0x0002020d,
    oid_transmit_queue_length = 0x0002020e,
    oid_802_3_permanent_address = 0x01010101,
    oid_802_3_current_address = 0x01010102,
    oid_802_3_multicast_list = 0x01010103,
    oid_802_3_maximum_list_size = 0x01010104,
    oid_802_3_mac_options = 0x01010105,
    oid_802_3_rcv_error_alignment = 0x01020101,
    oid_802_3_xmit_one_collision = 0x01020102,
    oid_802_3_xmit_more_collisions = 0x01020103,
};

/// Sizes of Ethernet without VLAN tags; the frame check sequence is the device's business.
constexpr uint32_t kHeaderBytes = 14;
constexpr uint32_t kPayloadBytesMax = 1500;
constexpr uint32_t kFrameBytesMax = kHeaderBytes + kPayloadBytesMax;
constexpr uint32_t kFrameBytesMin = 60;

/// What the answers are made of: fixed facts of the model, and a copy of the adapter's state at the
/// moment of the request.
struct AdapterFacts {
    const char *vendor_description = "";
    uint32_t vendor_id = 0; ///< Three bytes of the IEEE OUI, and the model in the low byte.
    uint32_t vendor_driver_version = 0; ///< Major in the high 16 bits.
    uint32_t send_packets_max = 0;      ///< Longest array MiniportSendPackets takes.
    uint32_t transmit_slots = 0;        ///< Frames the transmit ring holds.
    uint32_t receive_slots = 0;         ///< Receive buffers.
    uint32_t link_speed_100bps = 0;     ///< In units of 100 bit/s.
    uint32_t lookahead = kPayloadBytesMax;
    uint32_t send_queue_length = 0; ///< Frames given to us and not completed.
    bool link_up = false;
    bool hardware_ready = false;
    MacAddress permanent_address{};
    const FrameFilter *filter = nullptr;
    const Statistics *statistics = nullptr;
};

enum class OidStatus {
    success,
    not_supported,    ///< NDIS_STATUS_NOT_SUPPORTED
    buffer_too_short, ///< NDIS_STATUS_BUFFER_TOO_SHORT: query.
    invalid_length,   ///< NDIS_STATUS_INVALID_LENGTH: set.
    invalid_data,     ///< NDIS_STATUS_NOT_SUPPORTED for filter bits, NDIS_STATUS_INVALID_DATA
                      ///< otherwise.
    multicast_full,   ///< NDIS_STATUS_MULTICAST_FULL
};

struct OidAnswer {
    OidStatus status = OidStatus::not_supported;
    uint32_t bytes = 0;  ///< Written to, or read from, the caller's buffer.
    uint32_t needed = 0; ///< How long it must be at least, when it was too short.
};

/// Answers a query into `buffer` (`length` bytes, any alignment).
OidAnswer query_oid(uint32_t oid, const AdapterFacts &facts, void *buffer, uint32_t length);

/// What a set request asks for, once it has been found valid.
struct OidChange {
    enum class Kind {
        none,           ///< Not a set this adapter knows.
        packet_filter,  ///< `number` is the new filter.
        multicast_list, ///< `count` addresses at `addresses`.
        lookahead,      ///< `number` bytes.
        nothing,        ///< Valid, and nothing to do.
    } kind = Kind::none;
    uint32_t number = 0;
    uint32_t count = 0;
    const MacAddress *addresses = nullptr; ///< Points into the caller's buffer.
};

/// Checks a set request; changes nothing.
OidAnswer parse_set_oid(uint32_t oid, const void *buffer, uint32_t length, OidChange &change);

/// The OIDs answered, in the order OID_GEN_SUPPORTED_LIST shows them.
const uint32_t *supported_oids(uint32_t &count);

} // namespace nic
