// SPDX-License-Identifier: MIT
// ndis/send.cpp
//
// Sends, from a protocol to its miniport and back. A deserialised miniport is called at once and from anywhere; packets for a
// serialised one wait in a queue and go one call at a time, under its lock.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff564615(v=vs.85) (NdisSend, NdisSendPackets)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// The packet is NDIS's, and holds its open, until it is completed.
void begin(Open* open, PNDIS_PACKET packet, const char* function, PVOID caller) {
    packet_sent(packet, open, function, caller);
    state_of(packet).miniport = open->miniport;
    state_of(packet).next = nullptr;
    reference(open);
    InterlockedIncrement(&open->sends);
    InterlockedIncrement(&open->miniport->sends_pending);
}

/// The packet is the driver's again. Its reference on the open is still held.
void end(Open* open, PNDIS_PACKET packet, PVOID caller) {
    Miniport* miniport = open->miniport;
    unmap_after_send(miniport->resources, packet);
    packet_send_completed(packet, "NdisMSendComplete", caller);
    InterlockedDecrement(&open->sends);
    InterlockedDecrement(&miniport->sends_pending);
}

/// Completes by the driver's handler.
void complete(Open* open, PNDIS_PACKET packet, NDIS_STATUS status, PVOID caller) {
    end(open, packet, caller);
    const DispatchScope dispatch;
    const NDIS_HANDLE context = open->context;
    trace(RD_KIND_CALLBACK, RD_EV_SEND_COMPLETE, open->number, status, context, number(packet));
    open->protocol->characteristics.SendCompleteHandler(context, packet, status);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_SEND_COMPLETE, open->number, status, context, number(packet));
    dereference(open);
}

/// Everything before the miniport: SUCCESS when it is to get the packet, PENDING never, else how the send has ended.
/// DISPATCH_LEVEL.
enum class Way { to_miniport, ended };
Way prepare(Open* open, PNDIS_PACKET packet, NDIS_STATUS* status) {
    Miniport* miniport = open->miniport;
    *status = NDIS_STATUS_SUCCESS;
    // One that is being halted still sends, until its opens are closed.
    if (miniport->state != MiniportState::running && (miniport->state != MiniportState::halting || miniport->halted_to_sleep)) {
        const bool sleeps = miniport->state == MiniportState::suspended || miniport->state == MiniportState::initializing;
        *status = sleeps ? NDIS_STATUS_ADAPTER_NOT_READY : NDIS_STATUS_ADAPTER_REMOVED;
        return Way::ended;
    }
    if (loop_back(open, packet)) return Way::ended;
    *status = map_for_send(miniport->resources, packet);
    return *status == NDIS_STATUS_SUCCESS ? Way::to_miniport : Way::ended;
}

/// False: the device is gone.
bool enqueue(Miniport* miniport, PNDIS_PACKET packet) {
    const CoreGuard guard;
    if (miniport->removed) return false;
    PNDIS_PACKET& link = miniport->last_send ? state_of(miniport->last_send).next : miniport->first_send;
    link = packet;
    miniport->last_send = packet;
    return true;
}

PNDIS_PACKET dequeue(Miniport* miniport) {
    PNDIS_PACKET packet = miniport->first_send;
    if (!packet) return nullptr;
    if (!(miniport->first_send = state_of(packet).next)) miniport->last_send = nullptr;
    state_of(packet).next = nullptr;
    return packet;
}

/// Sends a serialised miniport has, in both directions: core[0] is the one before. CoreLock held.
void link_given(Miniport* miniport, PNDIS_PACKET packet) {
    PacketState& state = state_of(packet);
    state.next = miniport->given;
    state.core[0] = nullptr;
    state.core[1] = miniport;
    if (state.next) state_of(state.next).core[0] = packet;
    miniport->given = packet;
}

void unlink_given(Miniport* miniport, PNDIS_PACKET packet) {
    PacketState& state = state_of(packet);
    if (!state.core[1]) return;
    auto* before = static_cast<PNDIS_PACKET>(state.core[0]);
    (before ? state_of(before).next : miniport->given) = state.next;
    if (state.next) state_of(state.next).core[0] = before;
    state.next = nullptr;
    state.core[0] = state.core[1] = nullptr;
}

void put_back(Miniport* miniport, PNDIS_PACKET packet) {
    const CoreGuard guard;
    unlink_given(miniport, packet);
    state_of(packet).next = miniport->first_send;
    miniport->first_send = packet;
    if (!miniport->last_send) miniport->last_send = packet;
    miniport->out_of_resources = true;
}

void take_batch(Miniport* miniport, SendBatch& batch) {
    const CoreGuard guard;
    const UINT most = miniport->owner->characteristics.SendPacketsHandler ? kSendBatch : 1;
    batch.count = 0;
    if (!sends_waiting(miniport)) return;
    while (batch.count < most && (batch.packets[batch.count] = dequeue(miniport)) != nullptr)
        link_given(miniport, batch.packets[batch.count++]);
}

void call_miniport(Miniport* miniport, SendBatch& batch) {
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = miniport->owner->characteristics;
    const NDIS_HANDLE context = miniport->block.MiniportAdapterContext;
    if (!handlers.SendPacketsHandler) {
        batch.statuses[0] = handlers.SendHandler(context, batch.packets[0], NdisGetPacketFlags(batch.packets[0]));
        return;
    }
    PNDIS_PACKET array[kSendBatch];  // the batch's own has those taken out that are completed meanwhile
    for (UINT i = 0; i < batch.count; ++i) {
        array[i] = batch.packets[i];
        NDIS_SET_PACKET_STATUS(array[i], NDIS_STATUS_PENDING);
    }
    handlers.SendPacketsHandler(context, array, batch.count);
    for (UINT i = 0; i < batch.count; ++i)
        if (batch.packets[i]) batch.statuses[i] = NDIS_GET_PACKET_STATUS(batch.packets[i]);
}

/// A packet is the protocol's again: not what the miniport has any more, nor what it is being given.
void forget_given(Miniport* miniport, PNDIS_PACKET packet) {
    {
        const CoreGuard guard;
        unlink_given(miniport, packet);
    }
    SendBatch* batch = inside_serialised(miniport) ? miniport->giving : nullptr;
    for (UINT i = 0; batch && i < batch->count; ++i)
        if (batch->packets[i] == packet) batch->packets[i] = nullptr;
}

/// To a deserialised miniport. Status of a packet that is not pending, else NDIS_STATUS_PENDING.
NDIS_STATUS give_deserialised(Miniport* miniport, PNDIS_PACKET packet) {
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = miniport->owner->characteristics;
    const NDIS_HANDLE context = miniport->block.MiniportAdapterContext;
    if (!handlers.SendPacketsHandler) return handlers.SendHandler(context, packet, NdisGetPacketFlags(packet));
    PNDIS_PACKET one[] = {packet};
    handlers.SendPacketsHandler(context, one, 1);
    return NDIS_STATUS_PENDING;
}

/// A run of prepared packets to a deserialised miniport that takes arrays.
void give_run(Miniport* miniport, PPNDIS_PACKET packets, UINT count) {
    if (count) miniport->owner->characteristics.SendPacketsHandler(miniport->block.MiniportAdapterContext, packets, count);
}

}  // namespace

bool sends_waiting(const Miniport* miniport) {
    return miniport->first_send && !miniport->out_of_resources && !miniport->resetting;
}

void give_sends(Miniport* miniport, SendBatch& batch) {
    take_batch(miniport, batch);
    if (!batch.count) return;
    miniport->giving = &batch;
    call_miniport(miniport, batch);
    miniport->giving = nullptr;
    // With one that it has no room for, the miniport has stopped: the rest goes back too. From the back, to stay in order.
    UINT taken = 0;
    while (taken < batch.count && (!batch.packets[taken] || batch.statuses[taken] != NDIS_STATUS_RESOURCES)) ++taken;
    for (UINT i = batch.count; i-- > taken;)
        if (batch.packets[i]) put_back(miniport, batch.packets[i]);
    batch.count = taken;
}

void finish_sends(Miniport* miniport, const SendBatch& batch) {
    for (UINT i = 0; i < batch.count; ++i) {
        const PNDIS_PACKET packet = batch.packets[i];
        if (!packet || batch.statuses[i] == NDIS_STATUS_PENDING) continue;
        forget_given(miniport, packet);
        InterlockedIncrement64(&miniport->frames_out);
        complete(static_cast<Open*>(state_of(packet).open), packet, batch.statuses[i], NDIS_CALLER);
    }
}

void abort_sends(Miniport* miniport, NDIS_STATUS status, bool given_too) {
    for (;;) {
        PNDIS_PACKET packet;
        {
            const CoreGuard guard;
            packet = dequeue(miniport);
            if (!packet && given_too && (packet = miniport->given) != nullptr) unlink_given(miniport, packet);
        }
        if (!packet) return;
        complete(static_cast<Open*>(state_of(packet).open), packet, status, NDIS_CALLER);
    }
}

void send_completed(Miniport* miniport, PNDIS_PACKET packet, NDIS_STATUS status, PVOID caller) {
    auto* open = static_cast<Open*>(state_of(packet).open);
    if (!open || owner_of(packet) != PacketOwner::sent || state_of(packet).miniport != miniport)
        RdBugCheckText("ndis.sys: a miniport completes a send it does not have", 0xC4, kNotSending, number(packet), number(miniport), number(caller));
    InterlockedIncrement64(&miniport->frames_out);
    if (!serialised(miniport)) return complete(open, packet, status, caller);
    forget_given(miniport, packet);
    {
        const CoreGuard guard;
        miniport->out_of_resources = false;
    }
    complete(open, packet, status, caller);
    run_queues(miniport);
}

NDIS_STATUS send_one(Open* open, PNDIS_PACKET packet, PVOID caller) {
    Miniport* miniport = open->miniport;
    NDIS_STATUS status;
    begin(open, packet, "NdisSend", caller);
    const DispatchScope dispatch;
    if (prepare(open, packet, &status) == Way::to_miniport) {
        if (serialised(miniport)) {
            if (enqueue(miniport, packet)) {
                run_queues(miniport);
                return NDIS_STATUS_PENDING;
            }
            status = NDIS_STATUS_ADAPTER_REMOVED;
        } else {
            status = give_deserialised(miniport, packet);
            if (status == NDIS_STATUS_PENDING) return status;
            InterlockedIncrement64(&miniport->frames_out);
        }
    }
    end(open, packet, caller);
    dereference(open);  // not the last: the caller holds one
    return status;
}

void send_many(Open* open, PPNDIS_PACKET packets, UINT count, PVOID caller) {
    Miniport* miniport = open->miniport;
    const bool array = !serialised(miniport) && miniport->owner->characteristics.SendPacketsHandler;
    PNDIS_PACKET run[kSendBatch];  // the driver's array may be gone once its first packet is complete
    const DispatchScope dispatch;
    for (UINT done = 0; done < count;) {
        const UINT batch = count - done < kSendBatch ? count - done : kSendBatch;
        for (UINT i = 0; i < batch; ++i) {
            run[i] = packets[done + i];
            begin(open, run[i], "NdisSendPackets", caller);
            UINT bytes;
            NdisQueryPacket(run[i], nullptr, nullptr, nullptr, &bytes);
            trace(RD_KIND_NOTE, RD_EV_PACKET_SENT, open->number, 0, open, number(run[i]), bytes);
        }
        done += batch;
        UINT ready = 0;
        for (UINT i = 0; i < batch; ++i) {
            const PNDIS_PACKET packet = run[i];
            NDIS_STATUS status;
            if (prepare(open, packet, &status) == Way::ended) {
                complete(open, packet, status, caller);
            } else if (array) {
                run[ready++] = packet;
            } else if (serialised(miniport)) {
                if (!enqueue(miniport, packet)) complete(open, packet, NDIS_STATUS_ADAPTER_REMOVED, caller);
            } else if ((status = give_deserialised(miniport, packet)) != NDIS_STATUS_PENDING) {
                send_completed(miniport, packet, status, caller);
            }
        }
        if (array) give_run(miniport, run, ready);
    }
    if (serialised(miniport)) run_queues(miniport);
}

namespace {

/// Queued packets of an open with this cancel id, one after the other.
PNDIS_PACKET take_cancelled(Miniport* miniport, Open* open, PVOID id) {
    const CoreGuard guard;
    PNDIS_PACKET before = nullptr;
    for (PNDIS_PACKET packet = miniport->first_send; packet; before = packet, packet = state_of(packet).next) {
        if (state_of(packet).open != open || NDIS_GET_PACKET_CANCEL_ID(packet) != id) continue;
        (before ? state_of(before).next : miniport->first_send) = state_of(packet).next;
        if (miniport->last_send == packet) miniport->last_send = before;
        return packet;
    }
    return nullptr;
}

NDIS_STATUS send(NDIS_HANDLE handle, PNDIS_PACKET packet, PVOID caller) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisSend", caller);
    Open* open = reference_open(handle, "NdisSend");
    const USHORT binding = open ? open->number : 0;
    trace(RD_KIND_CALL, RD_EV_SEND, binding, 0, handle, number(packet));
    const NDIS_STATUS status = open ? send_one(open, packet, caller) : NDIS_STATUS_CLOSING;
    trace(RD_KIND_RETURN, RD_EV_SEND, binding, status, handle, number(packet));
    if (open) dereference(open);
    return status;
}

void send_packets(NDIS_HANDLE handle, PPNDIS_PACKET packets, UINT count, PVOID caller) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisSendPackets", caller);
    Open* open = reference_open(handle, "NdisSendPackets");
    const USHORT binding = open ? open->number : 0;
    trace(RD_KIND_CALL, RD_EV_SEND_PACKETS, binding, 0, handle, number(packets), count);
    // On a handle that is no binding's there is nobody to complete to: the packets stay the driver's.
    if (open) send_many(open, packets, count, caller);
    trace(RD_KIND_RETURN, RD_EV_SEND_PACKETS, binding, 0, handle, number(packets), count);
    if (open) dereference(open);
}

}  // namespace

}  // namespace ndis

using namespace ndis;

/// A final status, and no SendComplete; or PENDING, then SendComplete follows, perhaps before the return. The packet is NDIS's
/// in between. A closed or foreign handle: a violation, NDIS_STATUS_CLOSING, and the packet stays the driver's.
/// <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisSend(PNDIS_STATUS Status, NDIS_HANDLE NdisBindingHandle, PNDIS_PACKET Packet) {
    *Status = send(NdisBindingHandle, Packet, NDIS_CALLER);
}
/// Every packet comes back through SendComplete. <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisSendPackets(NDIS_HANDLE NdisBindingHandle, PPNDIS_PACKET PacketArray, UINT NumberOfPackets) {
    send_packets(NdisBindingHandle, PacketArray, NumberOfPackets, NDIS_CALLER);
}
/// NDIS_OPEN_BLOCK.SendHandler and SendPacketsHandler.
extern "C" NDIS_STATUS NTAPI NdispOpenSend(NDIS_HANDLE BindingHandle, PNDIS_PACKET Packet) {
    return send(BindingHandle, Packet, NDIS_CALLER);
}
extern "C" VOID NTAPI NdispOpenSendPackets(NDIS_HANDLE Open, PPNDIS_PACKET Packets, UINT Count) {
    send_packets(Open, Packets, Count, NDIS_CALLER);
}

/// Packets with this cancel id that no device works on yet are completed with NDIS_STATUS_REQUEST_ABORTED. <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisCancelSendPackets(NDIS_HANDLE NdisBindingHandle, PVOID CancelId) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisCancelSendPackets", NDIS_CALLER);
    Open* open = reference_open(NdisBindingHandle, "NdisCancelSendPackets");
    if (!open) return;
    trace(RD_KIND_CALL, RD_EV_CANCEL_SEND_PACKETS, open->number, 0, open, number(CancelId));
    Miniport* miniport = open->miniport;
    while (PNDIS_PACKET packet = take_cancelled(miniport, open, CancelId))
        complete(open, packet, NDIS_STATUS_REQUEST_ABORTED, NDIS_CALLER);
    if (miniport->owner->characteristics.CancelSendPacketsHandler) {
        const bool inside = inside_serialised(miniport);
        if (!inside) enter_miniport(miniport);
        miniport->owner->characteristics.CancelSendPacketsHandler(miniport->block.MiniportAdapterContext, CancelId);
        if (!inside) leave_miniport(miniport);
    }
    trace(RD_KIND_RETURN, RD_EV_CANCEL_SEND_PACKETS, open->number, 0, open, number(CancelId));
    dereference(open);
}

/// <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisMSendComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_PACKET Packet, NDIS_STATUS Status) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMSendComplete", NDIS_CALLER);
    send_completed(static_cast<Miniport*>(MiniportAdapterHandle), Packet, Status, NDIS_CALLER);
}
/// A serialised miniport that returned NDIS_STATUS_RESOURCES takes packets again. <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisMSendResourcesAvailable(NDIS_HANDLE MiniportAdapterHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMSendResourcesAvailable", NDIS_CALLER);
    auto* miniport = static_cast<Miniport*>(MiniportAdapterHandle);
    {
        const CoreGuard guard;
        miniport->out_of_resources = false;
    }
    run_queues(miniport);  // or leave_miniport does, when this is called with the lock held
}
