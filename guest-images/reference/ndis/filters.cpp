// SPDX-License-Identifier: MIT
// ndis/filters.cpp
//
// What belongs to an open and not to the adapter: packet filter, multicast list, lookahead. The adapter gets the union of what
// its opens want, and only when that changes. A turn (request.cpp) has the miniport to itself, so the sums are stable.
// https://learn.microsoft.com/windows-hardware/drivers/network/oid-gen-current-packet-filter
// https://learn.microsoft.com/windows-hardware/drivers/network/oid-802-3-multicast-list
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

auto& fields(PNDIS_REQUEST request) { return request->DATA.QUERY_INFORMATION; }

Turn answer(RequestItem& item, NDIS_STATUS status) {
    item.status = status;
    return Turn::answered;
}

/// Answers a query with `bytes` bytes of NDIS's own.
Turn answer_with(RequestItem& item, const void* data, ULONG bytes) {
    auto& request = fields(item.request);
    if (request.InformationBufferLength < bytes) {
        request.BytesWritten = 0;
        request.BytesNeeded = bytes;
        return answer(item, NDIS_STATUS_INVALID_LENGTH);
    }
    if (bytes) RtlCopyMemory(request.InformationBuffer, data, bytes);
    request.BytesWritten = bytes;
    request.BytesNeeded = 0;
    return answer(item, NDIS_STATUS_SUCCESS);
}

MulticastList* new_list(ULONG room) {
    const SIZE_T bytes = sizeof(MulticastList) + room * kAddressBytes;
    auto* list = static_cast<MulticastList*>(ExAllocatePoolWithTag(NonPagedPool, bytes, kMulticastTag));
    if (!list) return nullptr;
    list->count = 0;
    list->room = room;
    return list;
}

void free_list(MulticastList*& list) {
    if (list) ExFreePoolWithTag(list, kMulticastTag);
    list = nullptr;
}

/// Calls `see` for every open of the miniport that still counts (one that is closing wants nothing), with CoreLock held.
template <class See>
void for_each_open(Miniport* miniport, See see) {
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens; entry = entry->Flink) {
        Open* open = CONTAINING_RECORD(entry, Open, miniport_entry);
        if (filters_count(open->state)) see(open);
    }
}

/// The union of all filters, with `filter` for `open` in place of its own.
ULONG filter_sum(Miniport* miniport, const Open* open, ULONG filter) {
    ULONG sum = filter;
    const CoreGuard guard;
    for_each_open(miniport, [&](const Open* other) {
        if (other != open) sum |= other->packet_filter;
    });
    return device_filter(sum);
}

ULONG lookahead_sum(Miniport* miniport, const Open* open, ULONG lookahead) {
    ULONG most = lookahead;
    const CoreGuard guard;
    for_each_open(miniport, [&](const Open* other) {
        if (other != open && other->lookahead > most) most = other->lookahead;
    });
    return most;
}

/// The union of all lists with `list` for `open`'s; null when memory or the adapter's room runs out (*status says which).
MulticastList* list_sum(Miniport* miniport, const Open* open, const MulticastList* list, NDIS_STATUS* status) {
    MulticastList* sum = new_list(miniport->max_list);
    *status = sum ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
    if (!sum) return nullptr;
    bool fits = merge(sum, list);
    {
        const CoreGuard guard;
        for_each_open(miniport, [&](const Open* other) {
            if (other != open) fits = merge(sum, other->multicast) && fits;
        });
    }
    if (!fits) {
        *status = NDIS_STATUS_MULTICAST_FULL;
        free_list(sum);
    }
    return sum;
}

void commit_filter(Miniport* miniport, Open* open, ULONG filter) {
    {
        const CoreGuard guard;
        if (!filters_count(open->state)) return;  // withdrawn meanwhile
        open->packet_filter = filter;
    }
    trace(RD_KIND_NOTE, RD_EV_FILTER_SET, open->number, 0, open, filter, miniport->pushed_filter);
}

/// Gives the open its new list and frees the old one.
void commit_list(Open* open, MulticastList*& list) {
    MulticastList* old;
    {
        const CoreGuard guard;
        const bool withdrawn = !filters_count(open->state);
        old = withdrawn ? list : open->multicast;
        if (!withdrawn) open->multicast = list;
        list = nullptr;
    }
    free_list(old);
}

Turn set_filter(Miniport* miniport, RequestItem& item, PVOID& buffer, ULONG& bytes) {
    auto& request = fields(item.request);
    if (request.InformationBufferLength < sizeof(ULONG)) {
        request.BytesNeeded = sizeof(ULONG);
        return answer(item, NDIS_STATUS_INVALID_LENGTH);
    }
    ULONG filter;
    RtlCopyMemory(&filter, request.InformationBuffer, sizeof filter);
    request.BytesWritten = sizeof(ULONG);  // BytesRead
    if (filter & ~kFilterSupported) return answer(item, NDIS_STATUS_NOT_SUPPORTED);
    miniport->pending_filter = filter_sum(miniport, item.open, filter);
    if (miniport->pending_filter == miniport->pushed_filter) {
        commit_filter(miniport, item.open, filter);
        return answer(item, NDIS_STATUS_SUCCESS);
    }
    buffer = &miniport->pending_filter;
    bytes = sizeof(ULONG);
    return Turn::to_miniport;
}

Turn set_list(Miniport* miniport, RequestItem& item, PVOID& buffer, ULONG& bytes) {
    auto& request = fields(item.request);
    const ULONG length = request.InformationBufferLength;
    if (length % kAddressBytes) {
        request.BytesNeeded = length / kAddressBytes * kAddressBytes;
        return answer(item, NDIS_STATUS_INVALID_LENGTH);
    }
    const ULONG count = length / kAddressBytes;
    if (count > miniport->max_list) return answer(item, NDIS_STATUS_MULTICAST_FULL);
    const auto* addresses = static_cast<const UCHAR(*)[kAddressBytes]>(request.InformationBuffer);
    for (ULONG i = 0; i < count; ++i)
        if (!is_multicast(addresses[i])) return answer(item, NDIS_STATUS_INVALID_DATA);
    if (count) {
        item.multicast = new_list(count);
        if (!item.multicast) return answer(item, NDIS_STATUS_RESOURCES);
        RtlCopyMemory(item.multicast->address, addresses, length);
        item.multicast->count = count;
    }
    request.BytesWritten = length;
    NDIS_STATUS status;
    MulticastList* sum = list_sum(miniport, item.open, item.multicast, &status);
    if (!sum) {
        free_list(item.multicast);
        return answer(item, status);
    }
    if (same_addresses(sum, miniport->pushed_multicast)) {
        free_list(sum);
        commit_list(item.open, item.multicast);
        return answer(item, NDIS_STATUS_SUCCESS);
    }
    miniport->pending_multicast = sum;
    buffer = sum->address;
    bytes = sum->count * kAddressBytes;
    return Turn::to_miniport;
}

Turn set_lookahead(Miniport* miniport, RequestItem& item, PVOID& buffer, ULONG& bytes) {
    auto& request = fields(item.request);
    if (request.InformationBufferLength < sizeof(ULONG)) {
        request.BytesNeeded = sizeof(ULONG);
        return answer(item, NDIS_STATUS_INVALID_LENGTH);
    }
    ULONG lookahead;
    RtlCopyMemory(&lookahead, request.InformationBuffer, sizeof lookahead);
    if (lookahead > miniport->max_lookahead) return answer(item, NDIS_STATUS_INVALID_DATA);
    request.BytesWritten = sizeof(ULONG);
    miniport->pending_lookahead = lookahead_sum(miniport, item.open, lookahead);
    if (miniport->pending_lookahead == miniport->pushed_lookahead) {
        item.open->lookahead = lookahead;
        return answer(item, NDIS_STATUS_SUCCESS);
    }
    buffer = &miniport->pending_lookahead;
    bytes = sizeof(ULONG);
    return Turn::to_miniport;
}

Turn query_list(RequestItem& item) {
    const CoreGuard guard;
    const MulticastList* list = item.open->multicast;
    return answer_with(item, list ? list->address : nullptr, list ? list->count * kAddressBytes : 0);
}

Turn take_query(Miniport* miniport, RequestItem& item, NDIS_OID oid) {
    switch (oid) {
        case OID_GEN_CURRENT_PACKET_FILTER: return answer_with(item, &item.open->packet_filter, sizeof(ULONG));
        case OID_GEN_CURRENT_LOOKAHEAD: return answer_with(item, &item.open->lookahead, sizeof(ULONG));
        case OID_802_3_MULTICAST_LIST: return query_list(item);
        case OID_GEN_MEDIA_CONNECT_STATUS: {
            const NDIS_MEDIA_STATE state = miniport->link_up ? NdisMediaStateConnected : NdisMediaStateDisconnected;
            return answer_with(item, &state, sizeof state);
        }
        default: return Turn::to_miniport;
    }
}

Turn take_set(Miniport* miniport, RequestItem& item, NDIS_OID oid, PVOID& buffer, ULONG& bytes) {
    switch (oid) {
        case OID_GEN_CURRENT_PACKET_FILTER: return set_filter(miniport, item, buffer, bytes);
        case OID_802_3_MULTICAST_LIST: return set_list(miniport, item, buffer, bytes);
        case OID_GEN_CURRENT_LOOKAHEAD: return set_lookahead(miniport, item, buffer, bytes);
        case OID_GEN_PROTOCOL_OPTIONS:  // hints to NDIS, which makes nothing of them
            if (fields(item.request).InformationBufferLength < sizeof(ULONG)) return answer(item, NDIS_STATUS_INVALID_LENGTH);
            fields(item.request).BytesWritten = sizeof(ULONG);
            return answer(item, NDIS_STATUS_SUCCESS);
        default: return Turn::to_miniport;
    }
}

/// The list of a miniport's answer becomes what is pushed.
void keep_pushed_list(Miniport* miniport) {
    free_list(miniport->pushed_multicast);
    miniport->pushed_multicast = miniport->pending_multicast;
    miniport->pending_multicast = nullptr;
    // An empty list is no memory: what tracks filters is gone with the last open that had one (S9).
    if (!miniport->pushed_multicast->count) free_list(miniport->pushed_multicast);
}

/// One open has set its filters back; the device gets what is left.
void push(Miniport* miniport, NDIS_OID oid, PVOID data, ULONG bytes) {
    const NDIS_STATUS status = own_request(miniport, NdisRequestSetInformation, oid, data, bytes);
    if (status != NDIS_STATUS_SUCCESS) DbgPrint("ndis.sys: %ws refused to set OID %08x: %08x\n", miniport->name, oid, status);
}

}  // namespace

Turn take_turn(Miniport* miniport, RequestItem& item, NDIS_OID& oid, PVOID& buffer, ULONG& bytes) {
    if (!item.open) {
        // NDIS's own set requests mean: push what the opens' filters add up to now.
        if (item.request->RequestType != NdisRequestSetInformation) return Turn::to_miniport;
        if (oid == OID_GEN_CURRENT_PACKET_FILTER) {
            miniport->pending_filter = filter_sum(miniport, nullptr, 0);
            if (!buffer && miniport->pending_filter == miniport->pushed_filter) return answer(item, NDIS_STATUS_SUCCESS);
            buffer = &miniport->pending_filter;
            bytes = sizeof(ULONG);
        } else if (oid == OID_GEN_CURRENT_LOOKAHEAD) {
            // With nobody left it is what it was before anybody asked.
            const ULONG most = lookahead_sum(miniport, nullptr, 0);
            miniport->pending_lookahead = most ? most : miniport->default_lookahead;
            if (miniport->pending_lookahead == miniport->pushed_lookahead) return answer(item, NDIS_STATUS_SUCCESS);
            buffer = &miniport->pending_lookahead;
            bytes = sizeof(ULONG);
        } else if (oid == OID_802_3_MULTICAST_LIST) {
            NDIS_STATUS status;
            MulticastList* sum = list_sum(miniport, nullptr, nullptr, &status);
            if (!sum) return answer(item, status);
            if (!buffer && same_addresses(sum, miniport->pushed_multicast)) {
                free_list(sum);
                return answer(item, NDIS_STATUS_SUCCESS);
            }
            miniport->pending_multicast = sum;
            buffer = sum->address;
            bytes = sum->count * kAddressBytes;
        }
        return Turn::to_miniport;
    }
    if (item.request->RequestType == NdisRequestSetInformation) return take_set(miniport, item, oid, buffer, bytes);
    return take_query(miniport, item, oid);
}

void turn_over(Miniport* miniport, RequestItem& item, NDIS_STATUS status) {
    item.status = status;
    if (item.request->RequestType != NdisRequestSetInformation) return;
    auto& request = fields(item.request);
    const bool success = status == NDIS_STATUS_SUCCESS;
    switch (request.Oid) {
        case OID_GEN_CURRENT_PACKET_FILTER:
            if (success) miniport->pushed_filter = miniport->pending_filter;
            if (success && item.open) {
                ULONG filter;
                RtlCopyMemory(&filter, request.InformationBuffer, sizeof filter);
                commit_filter(miniport, item.open, filter);
            }
            break;
        case OID_802_3_MULTICAST_LIST:
            if (success) keep_pushed_list(miniport);
            if (success && item.open) commit_list(item.open, item.multicast);
            if (!success) {
                free_list(miniport->pending_multicast);
                free_list(item.multicast);
            }
            break;
        case OID_GEN_CURRENT_LOOKAHEAD:
            if (success) miniport->pushed_lookahead = miniport->pending_lookahead;
            if (success && item.open) {
                RtlCopyMemory(&item.open->lookahead, request.InformationBuffer, sizeof(ULONG));
            }
            break;
        default:
            break;
    }
}

void withdraw_filters(Open* open) {
    Miniport* miniport = open->miniport;
    MulticastList* list;
    {
        const CoreGuard guard;
        open->packet_filter = 0;
        open->lookahead = 0;
        list = open->multicast;
        open->multicast = nullptr;
    }
    free_list(list);
    if (RdFaultWanted(RD_FAULT_KEEPS_FILTERS)) return;
    // Behind whatever requests are queued, one of which may have set them again at the device.
    push(miniport, OID_GEN_CURRENT_PACKET_FILTER, nullptr, 0);
    push(miniport, OID_802_3_MULTICAST_LIST, nullptr, 0);
    push(miniport, OID_GEN_CURRENT_LOOKAHEAD, nullptr, 0);
    trace(RD_KIND_NOTE, RD_EV_FILTER_SET, open->number, 0, open, 0, miniport->pushed_filter);
}

void forget_pushed_filters(Miniport* miniport) {
    free_list(miniport->pushed_multicast);
    miniport->pushed_filter = 0;
}

void restore_filters(Miniport* miniport) {
    UCHAR all;  // a buffer that is not null: whatever was pushed before
    push(miniport, OID_802_3_MULTICAST_LIST, &all, sizeof all);
    push(miniport, OID_GEN_CURRENT_PACKET_FILTER, &all, sizeof all);
}

}  // namespace ndis
