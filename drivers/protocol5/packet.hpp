// SPDX-License-Identifier: MIT
// protocol5/packet.hpp
//
// One outgoing frame as an NDIS_PACKET: two buffers, headers and payload, over the memory of a send
// slot.
#pragma once
#include "protocol5/ndis_calls.hpp"

extern "C" {

NDIS_STATUS P5AllocateSendSlots(P5_SENDER *Sender);

/// A packet for frame `Sequence` in the slot's memory, or null when descriptors are out. The caller
/// owns both until the packet is sent. IRQL <= DISPATCH_LEVEL.
PNDIS_PACKET P5BuildPacket(P5_BINDING *Binding, P5_SEND_SLOT *Slot, ULONG Sequence);

/// Which test frame the packet carries: stream << 32 | sequence number. The packet is the caller's.
/// Any IRQL.
ULONG64 P5FrameIdOf(PNDIS_PACKET Packet);

/// Frees the packet and its buffers; returns the slot it lay in. IRQL <= DISPATCH_LEVEL.
P5_SEND_SLOT *P5FreePacket(PNDIS_PACKET Packet);
}
