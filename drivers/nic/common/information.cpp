// SPDX-License-Identifier: MIT
// nic/common/information.cpp
//
// MiniportQueryInformation and MiniportSetInformation: what oid_table.hpp decides, done.
#include "adapter.hpp"

namespace nic
{

static_assert(oid_supported_list == OID_GEN_SUPPORTED_LIST);
static_assert(oid_current_packet_filter == OID_GEN_CURRENT_PACKET_FILTER);
static_assert(oid_maximum_send_packets == OID_GEN_MAXIMUM_SEND_PACKETS);
static_assert(oid_physical_medium == OID_GEN_PHYSICAL_MEDIUM);
static_assert(oid_transmit_queue_length == OID_GEN_TRANSMIT_QUEUE_LENGTH);
static_assert(oid_rcv_crc_error == OID_GEN_RCV_CRC_ERROR);
static_assert(oid_802_3_multicast_list == OID_802_3_MULTICAST_LIST);
static_assert(oid_802_3_xmit_more_collisions == OID_802_3_XMIT_MORE_COLLISIONS);
static_assert(filter_directed == NDIS_PACKET_TYPE_DIRECTED);
static_assert(filter_promiscuous == NDIS_PACKET_TYPE_PROMISCUOUS);
static_assert(filter_all_multicast == NDIS_PACKET_TYPE_ALL_MULTICAST);

namespace
{

constexpr uint32_t kDriverVersion = 1u << 16;
constexpr uint32_t kSendPacketsMax = 64;

NDIS_STATUS
ndis_status(OidStatus status, uint32_t oid)
{
    switch (status) {
    case OidStatus::success:
        return NDIS_STATUS_SUCCESS;
    case OidStatus::buffer_too_short:
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    case OidStatus::invalid_length:
        return NDIS_STATUS_INVALID_LENGTH;
    case OidStatus::invalid_data:
        // Documented for a filter with bits that the driver does not support.
        return oid == oid_current_packet_filter ? NDIS_STATUS_NOT_SUPPORTED
                                                : NDIS_STATUS_INVALID_DATA;
    case OidStatus::multicast_full:
        return NDIS_STATUS_MULTICAST_FULL;
    case OidStatus::not_supported:
        break;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

/// The receive half and the transmit half, in one.
Statistics
merged(const Statistics &received, const Statistics &sent)
{
    Statistics all = received;
    all.frames_sent = sent.frames_sent;
    all.send_errors += sent.send_errors;
    all.directed_sent = sent.directed_sent;
    all.multicast_sent = sent.multicast_sent;
    all.broadcast_sent = sent.broadcast_sent;
    return all;
}

/// Puts a new filter or list into force. Receive lock. True when it has been done at once.
bool
apply_change(Adapter &adapter, const OidChange &change)
{
    if (change.kind == OidChange::Kind::packet_filter) {
        adapter.filter.set_packet_filter(change.number);
    } else {
        adapter.filter.set_multicast_list(change.addresses, change.count);
    }
    if (adapter.removed || adapter.state != AdapterState::running) {
        return true; // start_device() will apply it, or nobody cares any more.
    }
    const bool done = adapter.device->apply_filter(adapter.filter);
    adapter.filter_pending = !done;
    return done;
}

} // namespace

extern "C" NDIS_STATUS NTAPI
MiniportQueryInformation(
    NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG length, PULONG written, PULONG needed)
{
    Adapter &adapter = adapter_of(context);
    OidAnswer answer;
    {
        const LockGuard receive(adapter.receive_lock);
        const LockGuard send(adapter.send_lock);
        if (adapter.state == AdapterState::running && !adapter.removed) {
            adapter.device->add_statistics(adapter.received);
        }
        const Statistics statistics = merged(adapter.received, adapter.sent);
        AdapterFacts facts;
        facts.vendor_description = device_model.description;
        facts.vendor_id = device_model.vendor_id;
        facts.vendor_driver_version = kDriverVersion;
        facts.send_packets_max = kSendPacketsMax;
        facts.transmit_slots = adapter.device->transmit_slots();
        facts.receive_slots = adapter.pool.count();
        facts.link_speed_100bps = adapter.link.speed_100bps;
        facts.lookahead = adapter.lookahead;
        facts.send_queue_length = adapter.waiting.count() + adapter.in_ring;
        facts.link_up = adapter.link.up && !adapter.removed;
        facts.hardware_ready = adapter.state == AdapterState::running && !adapter.removed;
        facts.permanent_address = adapter.permanent_address;
        facts.filter = &adapter.filter;
        facts.statistics = &statistics;
        answer = query_oid(oid, facts, buffer, length);
    }
    *written = answer.bytes;
    *needed = answer.needed;
    return ndis_status(answer.status, oid);
}

extern "C" NDIS_STATUS NTAPI
MiniportSetInformation(
    NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG length, PULONG read, PULONG needed)
{
    Adapter &adapter = adapter_of(context);
    OidChange change;
    const OidAnswer answer = parse_set_oid(oid, buffer, length, change);
    *read = answer.bytes;
    *needed = answer.needed;
    if (answer.status != OidStatus::success) {
        return ndis_status(answer.status, oid);
    }
    const LockGuard receive(adapter.receive_lock);
    if (change.kind == OidChange::Kind::lookahead) {
        // Whole frames are indicated whatever it is; the value is only kept for the next query.
        adapter.lookahead =
            change.number < kPayloadBytesMax ? change.number : uint32_t{kPayloadBytesMax};
        return NDIS_STATUS_SUCCESS;
    }
    return apply_change(adapter, change) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_PENDING;
}

} // namespace nic
