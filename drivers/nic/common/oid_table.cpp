// SPDX-License-Identifier: MIT
// nic/common/oid_table.cpp: see oid_table.hpp.
#include "oid_table.hpp"

namespace nic
{

namespace
{

constexpr uint32_t kMediumEthernet = 0; // NdisMedium802_3
constexpr uint32_t kHardwareReady = 0, kHardwareNotReady = 4;
constexpr uint32_t kMediaConnected = 0, kMediaDisconnected = 1;
constexpr uint32_t kPhysicalMediumUnspecified = 0;
constexpr uint32_t kNdisVersion = 0x0501;
// COPY_LOOKAHEAD_DATA | RECEIVE_SERIALIZED is for drivers that indicate in place; ours pend sends
// and need no loopback.
constexpr uint32_t kMacOptions =
    0x01 | 0x04 | 0x08; // copy lookahead, transfers not pending, no loopback

constexpr uint32_t kSupported[] = {
    oid_supported_list,
    oid_hardware_status,
    oid_media_supported,
    oid_media_in_use,
    oid_maximum_lookahead,
    oid_maximum_frame_size,
    oid_link_speed,
    oid_transmit_buffer_space,
    oid_receive_buffer_space,
    oid_transmit_block_size,
    oid_receive_block_size,
    oid_vendor_id,
    oid_vendor_description,
    oid_current_packet_filter,
    oid_current_lookahead,
    oid_driver_version,
    oid_maximum_total_size,
    oid_mac_options,
    oid_media_connect_status,
    oid_maximum_send_packets,
    oid_vendor_driver_version,
    oid_physical_medium,
    oid_xmit_ok,
    oid_rcv_ok,
    oid_xmit_error,
    oid_rcv_error,
    oid_rcv_no_buffer,
    oid_directed_bytes_xmit,
    oid_directed_frames_xmit,
    oid_multicast_bytes_xmit,
    oid_multicast_frames_xmit,
    oid_broadcast_bytes_xmit,
    oid_broadcast_frames_xmit,
    oid_directed_bytes_rcv,
    oid_directed_frames_rcv,
    oid_multicast_bytes_rcv,
    oid_multicast_frames_rcv,
    oid_broadcast_bytes_rcv,
    oid_broadcast_frames_rcv,
    oid_rcv_crc_error,
    oid_transmit_queue_length,
    oid_802_3_permanent_address,
    oid_802_3_current_address,
    oid_802_3_multicast_list,
    oid_802_3_maximum_list_size,
    oid_802_3_mac_options,
    oid_802_3_rcv_error_alignment,
    oid_802_3_xmit_one_collision,
    oid_802_3_xmit_more_collisions,
};

void
copy(void *to, const void *from, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; ++i) {
        static_cast<uint8_t *>(to)[i] = static_cast<const uint8_t *>(from)[i];
    }
}

uint32_t
text_bytes(const char *text)
{
    uint32_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length + 1;
}

/// Writes answers into the caller's buffer, or says how long it should have been.
struct Writer {
    void *buffer;
    uint32_t length;

    OidAnswer bytes(const void *data, uint32_t size) const
    {
        if (length < size) {
            return {OidStatus::buffer_too_short, 0, size};
        }
        copy(buffer, data, size);
        return {OidStatus::success, size, 0};
    }

    OidAnswer number(uint32_t value) const
    {
        return bytes(&value, sizeof(value));
    }

    /// Statistics may be asked for in four or in eight bytes (OID_GEN_XMIT_OK and its kin).
    OidAnswer counter(uint64_t value) const
    {
        return length >= sizeof(value) ? bytes(&value, sizeof(value))
                                       : number(static_cast<uint32_t>(value));
    }
};

OidAnswer
query_counter(uint32_t oid, const Statistics &s, const Writer &out)
{
    switch (oid) {
    case oid_xmit_ok:
        return out.counter(s.frames_sent);
    case oid_rcv_ok:
        return out.counter(s.frames_received);
    case oid_xmit_error:
        return out.counter(s.send_errors);
    case oid_rcv_error:
        return out.counter(s.receive_errors);
    case oid_rcv_no_buffer:
        return out.counter(s.receive_no_buffer);
    case oid_directed_bytes_xmit:
        return out.counter(s.directed_sent.bytes);
    case oid_directed_frames_xmit:
        return out.counter(s.directed_sent.frames);
    case oid_multicast_bytes_xmit:
        return out.counter(s.multicast_sent.bytes);
    case oid_multicast_frames_xmit:
        return out.counter(s.multicast_sent.frames);
    case oid_broadcast_bytes_xmit:
        return out.counter(s.broadcast_sent.bytes);
    case oid_broadcast_frames_xmit:
        return out.counter(s.broadcast_sent.frames);
    case oid_directed_bytes_rcv:
        return out.counter(s.directed_received.bytes);
    case oid_directed_frames_rcv:
        return out.counter(s.directed_received.frames);
    case oid_multicast_bytes_rcv:
        return out.counter(s.multicast_received.bytes);
    case oid_multicast_frames_rcv:
        return out.counter(s.multicast_received.frames);
    case oid_broadcast_bytes_rcv:
        return out.counter(s.broadcast_received.bytes);
    case oid_broadcast_frames_rcv:
        return out.counter(s.broadcast_received.frames);
    case oid_rcv_crc_error:
        return out.counter(s.receive_crc_errors);
    case oid_802_3_rcv_error_alignment:
        return out.counter(s.alignment_errors);
    case oid_802_3_xmit_one_collision:
        return out.counter(s.one_collision);
    case oid_802_3_xmit_more_collisions:
        return out.counter(s.more_collisions);
    default:
        return {};
    }
}

OidAnswer
query_station(uint32_t oid, const AdapterFacts &facts, const Writer &out)
{
    switch (oid) {
    case oid_802_3_permanent_address:
        return out.bytes(facts.permanent_address.bytes, sizeof(MacAddress));
    case oid_802_3_current_address:
        return out.bytes(facts.filter->address().bytes, sizeof(MacAddress));
    case oid_802_3_multicast_list:
        return out.bytes(
            facts.filter->multicast_list(),
            facts.filter->multicast_count() * static_cast<uint32_t>(sizeof(MacAddress)));
    case oid_802_3_maximum_list_size:
        return out.number(FrameFilter::kMulticastMax);
    case oid_802_3_mac_options:
        return out.number(0);
    case oid_current_packet_filter:
        return out.number(facts.filter->packet_filter());
    default:
        return query_counter(oid, *facts.statistics, out);
    }
}

} // namespace

const uint32_t *
supported_oids(uint32_t &count)
{
    count = sizeof(kSupported) / sizeof(kSupported[0]);
    return kSupported;
}

OidAnswer
query_oid(uint32_t oid, const AdapterFacts &facts, void *buffer, uint32_t length)
{
    const Writer out{buffer, length};
    switch (oid) {
    case oid_supported_list:
        return out.bytes(kSupported, sizeof(kSupported));
    case oid_hardware_status:
        return out.number(facts.hardware_ready ? kHardwareReady : kHardwareNotReady);
    case oid_media_supported:
    case oid_media_in_use:
        return out.number(kMediumEthernet);
    case oid_maximum_lookahead:
    case oid_maximum_frame_size:
        return out.number(kPayloadBytesMax);
    case oid_current_lookahead:
        return out.number(facts.lookahead);
    case oid_maximum_total_size:
    case oid_transmit_block_size:
    case oid_receive_block_size:
        return out.number(kFrameBytesMax);
    case oid_link_speed:
        return out.number(facts.link_speed_100bps);
    case oid_transmit_buffer_space:
        return out.number(facts.transmit_slots * kFrameBytesMax);
    case oid_receive_buffer_space:
        return out.number(facts.receive_slots * kFrameBytesMax);
    case oid_vendor_id:
        return out.number(facts.vendor_id);
    case oid_vendor_description:
        return out.bytes(facts.vendor_description, text_bytes(facts.vendor_description));
    case oid_vendor_driver_version:
        return out.number(facts.vendor_driver_version);
    case oid_driver_version: {
        const uint16_t version = kNdisVersion;
        return out.bytes(&version, sizeof(version));
    }
    case oid_mac_options:
        return out.number(kMacOptions);
    case oid_media_connect_status:
        return out.number(facts.link_up ? kMediaConnected : kMediaDisconnected);
    case oid_maximum_send_packets:
        return out.number(facts.send_packets_max);
    case oid_physical_medium:
        return out.number(kPhysicalMediumUnspecified);
    case oid_transmit_queue_length:
        return out.number(facts.send_queue_length);
    default:
        return query_station(oid, facts, out);
    }
}

OidAnswer
parse_set_oid(uint32_t oid, const void *buffer, uint32_t length, OidChange &change)
{
    change = {};
    switch (oid) {
    case oid_current_packet_filter:
    case oid_current_lookahead: {
        if (length != sizeof(change.number)) {
            return {OidStatus::invalid_length, 0, sizeof(change.number)};
        }
        copy(&change.number, buffer, sizeof(change.number));
        if (oid == oid_current_lookahead) {
            // A protocol may ask for more than a frame holds; it gets whole frames in any case.
            change.kind = OidChange::Kind::lookahead;
            return {OidStatus::success, length, 0};
        }
        if ((change.number & ~uint32_t{filter_supported}) != 0) {
            return {OidStatus::invalid_data, length, 0};
        }
        change.kind = OidChange::Kind::packet_filter;
        return {OidStatus::success, length, 0};
    }
    case oid_802_3_multicast_list: {
        if (length % sizeof(MacAddress) != 0) {
            const auto whole =
                static_cast<uint32_t>((length / sizeof(MacAddress) + 1) * sizeof(MacAddress));
            return {OidStatus::invalid_length, 0, whole};
        }
        change.count = length / static_cast<uint32_t>(sizeof(MacAddress));
        if (change.count > FrameFilter::kMulticastMax) {
            return {OidStatus::multicast_full, 0, 0};
        }
        change.addresses = static_cast<const MacAddress *>(buffer);
        change.kind = OidChange::Kind::multicast_list;
        return {OidStatus::success, length, 0};
    }
    default:
        return {};
    }
}

} // namespace nic
