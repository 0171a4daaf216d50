// SPDX-License-Identifier: MIT
// protocol5/oids.cpp
//
// Which OIDs a binding uses: to set its adapter up, under load, and to leave nothing behind.
#include "protocol5/sync_points.hpp"

namespace
{

constexpr ULONG PacketFilter =
    NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST;
constexpr ULONG Lookahead = 256;

constexpr UCHAR MulticastList[][6] = {
    {0x01, 0x00, 0x5E, 0x52, 0x44, 0x01},
    {0x33, 0x33, 0x52, 0x44, 0x00, 0x01},
};

/// An adapter without link is bound to and does not send until the link comes up.
void
AdoptMediaState(P5_BINDING *binding)
{
    NDIS_MEDIA_STATE state = NdisMediaStateConnected;

    if (P5QueryOid(binding, OID_GEN_MEDIA_CONNECT_STATUS, &state, sizeof(state)) ==
            NDIS_STATUS_SUCCESS &&
        state == NdisMediaStateDisconnected) {
        P5PauseSends(binding, P5PausedByMedia);
    }
}

NDIS_STATUS
SetFilters(P5_BINDING *binding)
{
    const NDIS_STATUS status =
        P5SetOid(binding, OID_802_3_MULTICAST_LIST, MulticastList, sizeof(MulticastList));

    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    return P5SetOid(binding, OID_GEN_CURRENT_PACKET_FILTER, &PacketFilter, sizeof(PacketFilter));
}

} // namespace

NDIS_STATUS
P5ConfigureBinding(P5_BINDING *Binding)
{
    ULONG frameSize = 0;
    NDIS_STATUS status = P5QueryOid(
        Binding, OID_802_3_CURRENT_ADDRESS, Binding->Address.Bytes, sizeof(Binding->Address.Bytes));

    if (status == NDIS_STATUS_SUCCESS) {
        status = P5QueryOid(Binding, OID_GEN_MAXIMUM_FRAME_SIZE, &frameSize, sizeof(frameSize));
    }
    if (status == NDIS_STATUS_SUCCESS && frameSize < RD_FRAME_MAX - RD_FRAME_HEADER_OFFSET) {
        status = NDIS_STATUS_NOT_SUPPORTED;
    }
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }

    AdoptMediaState(Binding);
    // A miniport may indicate more than is asked for, or less; neither is an error.
    P5SetOid(Binding, OID_GEN_CURRENT_LOOKAHEAD, &Lookahead, sizeof(Lookahead));
    return SetFilters(Binding);
}

/// The filter first, so that no frame comes that only the list let in. Failures are of no use here:
/// the close follows.
void
P5ClearFilters(P5_BINDING *Binding)
{
    const ULONG nothing = 0;

    P5SetOid(Binding, OID_GEN_CURRENT_PACKET_FILTER, &nothing, sizeof(nothing));
    P5SetOid(Binding, OID_802_3_MULTICAST_LIST, nullptr, 0);
}

void
P5IssueLoadOid(P5_BINDING *Binding, ULONG Turn)
{
    constexpr NDIS_OID queries[] = {
        OID_GEN_LINK_SPEED,
        OID_GEN_MEDIA_CONNECT_STATUS,
        OID_802_3_CURRENT_ADDRESS,
        OID_GEN_XMIT_OK,
        OID_GEN_RCV_OK,
        OID_GEN_CURRENT_PACKET_FILTER,
    };
    constexpr ULONG turns = RTL_NUMBER_OF(queries) + 2;
    ULONG64 answer = 0;

    P5SyncPoint(RD_P5_SYNC_BEFORE_REQUEST, P5Who(Binding));
    switch (Turn % turns) {
    case RTL_NUMBER_OF(queries):
        SetFilters(Binding);
        break;

    case RTL_NUMBER_OF(queries) + 1:
        P5SetOid(Binding, OID_GEN_CURRENT_LOOKAHEAD, &Lookahead, sizeof(Lookahead));
        break;

    default: {
        const NDIS_OID oid = queries[Turn % turns];
        const ULONG length = oid == OID_802_3_CURRENT_ADDRESS ? 6 : sizeof(ULONG);

        P5QueryOid(Binding, oid, &answer, length);
        break;
    }
    }
}
