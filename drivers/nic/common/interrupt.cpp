// SPDX-License-Identifier: MIT
// nic/common/interrupt.cpp
//
// MiniportIsr recognises the card's own interrupt among those of the line's other users and quiets
// the card; MiniportHandleInterrupt does the work and lets interrupts through again.
#include "adapter.hpp"

namespace nic
{

namespace
{

/// Frames of one turn in either direction; what a flood brings beyond waits in the card's ring, and
/// then at the sender. An emulated card sends at once, so a protocol that refills at every
/// completion is a flood too.
constexpr uint32_t kFramesPerTurn = 64;
constexpr UINT kAgainMilliseconds = 2;

/// Completes a set request that waited for the card's filter.
void
finish_filter(Adapter &adapter)
{
    bool accepted = false;
    {
        const LockGuard receive(adapter.receive_lock);
        if (adapter.state != AdapterState::running || adapter.removed ||
            !adapter.device->filter_settled(accepted) || !adapter.filter_pending) {
            return;
        }
        adapter.filter_pending = false;
    }
    NdisMSetInformationComplete(
        adapter.miniport, accepted ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE);
}

/// Tells NDIS when the link has come or gone.
void
indicate_link(Adapter &adapter)
{
    bool up = false;
    {
        const LockGuard receive(adapter.receive_lock);
        const LockGuard send(adapter.send_lock);
        if (adapter.state != AdapterState::running || adapter.removed ||
            !adapter.device->take_link_event()) {
            return;
        }
        const Device::Link link = adapter.device->link();
        const bool changed = link.up != adapter.link.up;
        adapter.link = link;
        if (!changed) {
            return;
        }
        up = link.up;
    }
    NdisMIndicateStatus(
        adapter.miniport,
        up ? NDIS_STATUS_MEDIA_CONNECT : NDIS_STATUS_MEDIA_DISCONNECT,
        nullptr,
        0);
    NdisMIndicateStatusComplete(adapter.miniport);
}

/// True when the card will interrupt for whatever comes next.
bool
rearm(Adapter &adapter)
{
    const LockGuard receive(adapter.receive_lock);
    const LockGuard send(adapter.send_lock);
    return adapter.state != AdapterState::running || adapter.removed ||
           adapter.device->enable_interrupts(adapter.interrupt);
}

/// Interrupts stay off; the timer serves the card again.
void
serve_again_soon(Adapter &adapter)
{
    if (__atomic_exchange_n(&adapter.again_armed, 1, __ATOMIC_ACQ_REL) == 0) {
        NdisMSetTimer(&adapter.again, kAgainMilliseconds);
    }
}

/// Serves the card until it has nothing more, or has had enough of this processor's time: other
/// DPCs, and threads, would starve behind a flood.
void
serve(Adapter &adapter)
{
    uint32_t sends = kFramesPerTurn, receives = kFramesPerTurn;
    for (;;) {
        complete_sends(adapter, sends);
        receive_frames(adapter, receives);
        finish_filter(adapter);
        indicate_link(adapter);
        if (rearm(adapter)) {
            return;
        }
        if (sends == 0 || receives == 0) {
            serve_again_soon(adapter);
            return;
        }
    }
}

VOID NTAPI
serve_again(PVOID, PVOID context, PVOID, PVOID)
{
    Adapter &adapter = adapter_of(context);
    __atomic_add_fetch(&adapter.again_running, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&adapter.again_armed, 0, __ATOMIC_RELEASE);
    MiniportHandleInterrupt(context);
    __atomic_sub_fetch(&adapter.again_running, 1, __ATOMIC_ACQ_REL);
}

} // namespace

void
prepare_again(Adapter &adapter)
{
    NdisMInitializeTimer(&adapter.again, adapter.miniport, serve_again, &adapter);
}

void
stop_again(Adapter &adapter)
{
    BOOLEAN cancelled = FALSE;
    NdisMCancelTimer(&adapter.again, &cancelled);
    if (cancelled) {
        return;
    }
    while (__atomic_load_n(&adapter.again_armed, __ATOMIC_ACQUIRE) != 0 ||
           __atomic_load_n(&adapter.again_running, __ATOMIC_ACQUIRE) != 0) {
        NdisMSleep(1000);
    }
}

extern "C" VOID NTAPI
MiniportIsr(PBOOLEAN recognized, PBOOLEAN queue_handler, NDIS_HANDLE context)
{
    const bool ours = adapter_of(context).device->interrupt();
    *recognized = ours;
    *queue_handler = ours;
}

extern "C" VOID NTAPI
MiniportHandleInterrupt(NDIS_HANDLE context)
{
    Adapter &adapter = adapter_of(context);
    // The DPC can be queued again on another processor while it runs here; frames would overtake
    // each other. Whoever comes second leaves its claim and goes; the first does the work over
    // until every claim has been served.
    if (__atomic_add_fetch(&adapter.interrupt_claims, 1, __ATOMIC_ACQ_REL) != 1) {
        return;
    }
    int32_t claims = 1;
    do {
        claims = __atomic_load_n(&adapter.interrupt_claims, __ATOMIC_ACQUIRE);
        serve(adapter);
    } while (__atomic_sub_fetch(&adapter.interrupt_claims, claims, __ATOMIC_ACQ_REL) != 0);
}

} // namespace nic
