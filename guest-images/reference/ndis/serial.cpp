// SPDX-License-Identifier: MIT
// ndis/serial.cpp
//
// Serialised miniports (those without NDIS_ATTRIBUTE_DESERIALIZE): one call at a time, under their lock. What protocols ask for
// meanwhile - sends, requests, packets returned - waits in queues, and no protocol's thread ever waits for the lock: a
// protocol may hold a lock of its own that a handler called from inside the miniport wants. So the rule is
//
//   whoever puts something into a queue tries to run the queues; whoever leaves the lock runs them.
//
// One thread at a time runs them (`draining`), and calls the protocols' completion handlers with the lock left. Another's attempt
// to run them that finds the lock or the drain taken may give up, because its holder looks again when it lets go.
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// A drain that goes on and on (a miniport that completes at once, a protocol that sends again at once) is handed to a DPC,
/// so that the call that began it returns.
constexpr ULONG kRoundsMax = 64;

/// DISPATCH_LEVEL. False: taken, perhaps by this thread.
bool try_enter(Miniport* miniport) {
    if (!KeTryToAcquireSpinLockAtDpcLevel(&miniport->serial_lock)) return false;
    miniport->serial_irql = DISPATCH_LEVEL;
    miniport->serial_owner = KeGetCurrentThread();
    return true;
}

void leave(Miniport* miniport) {
    const KIRQL irql = miniport->serial_irql;
    __atomic_store_n(&miniport->serial_owner, nullptr, __ATOMIC_SEQ_CST);
    KeReleaseSpinLock(&miniport->serial_lock, irql);
}

bool claim_drain(Miniport* miniport) {
    const CoreGuard guard;
    if (miniport->draining || !(sends_waiting(miniport) || requests_waiting(miniport) || miniport->first_return)) return false;
    miniport->draining = true;
    return true;
}

void release_drain(Miniport* miniport) {
    const CoreGuard guard;
    miniport->draining = false;
}

/// Under the lock: packets that protocols gave up since the last time.
void give_returns(Miniport* miniport) {
    for (;;) {
        PNDIS_PACKET packet;
        {
            const CoreGuard guard;
            packet = miniport->first_return;
            if (!packet) return;
            miniport->first_return = state_of(packet).next;
            state_of(packet).next = nullptr;
        }
        miniport->owner->characteristics.ReturnPacketHandler(miniport->block.MiniportAdapterContext, packet);
    }
}

/// With the lock entered; leaves it. One batch of sends, one request, all returns.
void run_one_round(Miniport* miniport) {
    SendBatch batch;
    give_returns(miniport);
    give_sends(miniport, batch);
    RequestItem* item = take_request(miniport);
    const bool over = item && take_request_turn(miniport, item);
    leave(miniport);
    finish_sends(miniport, batch);
    if (over) finish_request(miniport, item);
}

VOID NTAPI drain_dpc(PKDPC, PVOID context, PVOID, PVOID) { run_queues(static_cast<Miniport*>(context)); }

}  // namespace

void init_serialisation(Miniport* miniport) {
    KeInitializeSpinLock(&miniport->serial_lock);
    KeInitializeDpc(&miniport->drain_dpc, drain_dpc, miniport);
}

bool serialised(const Miniport* miniport) { return !(miniport->attributes & NDIS_ATTRIBUTE_DESERIALIZE); }

bool inside_serialised(const Miniport* miniport) {
    return serialised(miniport) && miniport->serial_owner == KeGetCurrentThread();
}

void enter_miniport(NDIS_HANDLE adapter) {
    auto* miniport = static_cast<Miniport*>(adapter);
    if (!serialised(miniport)) return;
    const KIRQL irql = KeAcquireSpinLockRaiseToDpc(&miniport->serial_lock);
    miniport->serial_irql = irql;
    miniport->serial_owner = KeGetCurrentThread();
}

void leave_miniport(NDIS_HANDLE adapter) {
    auto* miniport = static_cast<Miniport*>(adapter);
    if (!serialised(miniport)) return;
    leave(miniport);
    run_queues(miniport);
}

void run_queues(Miniport* miniport) {
    const DispatchScope dispatch;
    for (ULONG rounds = 0; claim_drain(miniport); ++rounds) {
        if (rounds == kRoundsMax) {
            release_drain(miniport);
            KeInsertQueueDpc(&miniport->drain_dpc, nullptr, nullptr);
            return;
        }
        const bool entered = try_enter(miniport);
        if (entered) run_one_round(miniport);
        release_drain(miniport);
        // An owner that is still there looks at the queues when it leaves, which is after this.
        if (!entered && __atomic_load_n(&miniport->serial_owner, __ATOMIC_SEQ_CST)) return;
    }
}

void return_to_miniport(Miniport* miniport, PNDIS_PACKET packet) {
    if (!serialised(miniport)) {
        miniport->owner->characteristics.ReturnPacketHandler(miniport->block.MiniportAdapterContext, packet);
        return;
    }
    {
        const CoreGuard guard;
        state_of(packet).next = miniport->first_return;
        miniport->first_return = packet;
    }
    run_queues(miniport);
}

}  // namespace ndis
