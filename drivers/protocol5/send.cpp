// SPDX-License-Identifier: MIT
// protocol5/send.cpp
//
// Keeps a number of packets in flight on a binding. ProtocolSendComplete takes the packet back and
// fills up again at once, so that the ring stays full. One pump runs at a time for a binding: a
// completion inside a send does not recurse but has the pump go round once more, and sequence
// numbers leave in order. Each packet in flight, each queued DPC and the armed timer hold the
// binding.
#include "protocol5/packet.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

constexpr LONGLONG Milliseconds = -10 * 1000; // Relative, in the timer's 100 ns.
constexpr LONGLONG AfterFailure = 10 * Milliseconds;
constexpr LONGLONG AfterBudget = 1 * Milliseconds;

/// Queues the refill DPC, with a reference of its own. Nothing when it is queued already or the
/// binding closes.
void
RequestRefill(P5_BINDING *binding)
{
    if (!binding->Uses.TryAcquire()) {
        return;
    }
    if (!KeInsertQueueDpc(&binding->Sender.RefillDpc, nullptr, nullptr)) {
        binding->Uses.Release();
    }
}

/// Refills later: sending fails or completes at once, and an immediate refill would never let go of
/// the processor.
void
RefillLater(P5_BINDING *binding, LONGLONG when)
{
    P5_SENDER &sender = binding->Sender;
    LARGE_INTEGER due;

    if (!binding->Uses.TryAcquire()) {
        return;
    }
    if (InterlockedExchange(&sender.BackoffArmed, 1) != 0) {
        binding->Uses.Release();
        return;
    }
    due.QuadPart = when;
    KeSetTimer(&sender.BackoffTimer, due, &sender.BackoffDpc);
}

/// A slot for one more packet, and a reference on the binding with it; null when enough is in
/// flight.
P5_SEND_SLOT *
TakeSlot(P5_BINDING *binding)
{
    P5_SENDER &sender = binding->Sender;
    const rundown::SpinLockGuard guard(sender.Lock);

    if (sender.InFlight >= sender.Target || sender.FreeSlots == nullptr || sender.Paused != 0 ||
        P5LoadIsSilent() || !binding->Uses.TryAcquire()) {
        return nullptr;
    }

    P5_SEND_SLOT *slot = sender.FreeSlots;

    sender.FreeSlots = slot->Next;
    ++sender.InFlight;
    return slot;
}

/// The slot can carry another packet. Its reference on the binding is still held.
void
GiveSlotBack(P5_SENDER &sender, P5_SEND_SLOT *slot)
{
    const rundown::SpinLockGuard guard(sender.Lock);

    slot->Next = sender.FreeSlots;
    sender.FreeSlots = slot;
    --sender.InFlight;
}

/// Fills `packets` with the next frames; returns how many there are. Only the pump.
ULONG
BuildBatch(P5_BINDING *binding, PNDIS_PACKET *packets, ULONG room)
{
    ULONG count = 0;

    while (count < room) {
        P5_SEND_SLOT *slot = TakeSlot(binding);

        if (slot == nullptr) {
            break;
        }
        packets[count] = P5BuildPacket(binding, slot, binding->Sender.NextSequence);
        if (packets[count] == nullptr) {
            GiveSlotBack(binding->Sender, slot);
            RefillLater(binding, AfterFailure);
            binding->Uses.Release();
            break;
        }
        ++binding->Sender.NextSequence;
        ++count;
    }
    return count;
}

void Pump(P5_BINDING *binding);

/// Fills up here, where that may be done; otherwise has the DPC do it.
void
Refill(P5_BINDING *binding)
{
    if (KeGetCurrentIrql() == DISPATCH_LEVEL) {
        Pump(binding);
    } else {
        RequestRefill(binding);
    }
}

/// The packet is ours again, and its reference on the binding is given back: the binding may be
/// gone afterwards.
void
FinishPacket(P5_BINDING *binding, PNDIS_PACKET packet, NDIS_STATUS status)
{
    // The slot first: a refill that runs at once must see that there is room.
    GiveSlotBack(binding->Sender, P5FreePacket(packet));
    P5Count(&P5.Counters.Sent, 1);
    if (status == NDIS_STATUS_SUCCESS) {
        Refill(binding);
    } else {
        P5Count(&P5.Counters.SendFailures, 1);
        RefillLater(binding, AfterFailure);
    }
    binding->Uses.Release();
}

/// Hands one packet to NDIS; the status says whether a completion follows.
void
SendOne(P5_BINDING *binding, PNDIS_PACKET packet)
{
    const NDIS_STATUS status = P5NdisSend(P5Who(binding), binding->Open, packet);

    if (status != NDIS_STATUS_PENDING) {
        FinishPacket(binding, packet, status);
    }
}

/// Hands a batch to NDIS: NdisSend for a single packet, or for each where that is wanted.
void
SendBatch(P5_BINDING *binding, PNDIS_PACKET *packets, ULONG count)
{
    P5SyncPoint(RD_P5_SYNC_BEFORE_SEND, P5Who(binding));
    if (count > 1 && P5.SendStyle == 0) {
        P5NdisSendPackets(P5Who(binding), binding->Open, packets, count);
        return;
    }
    for (ULONG i = 0; i < count; ++i) {
        SendOne(binding, packets[i]);
    }
}

/// True for the one caller that may pump; the others have their wish noted.
bool
BeginPumping(P5_SENDER &sender)
{
    const rundown::SpinLockGuard guard(sender.Lock);

    sender.PumpAgain = sender.Pumping;
    if (sender.Pumping) {
        return false;
    }
    sender.Pumping = TRUE;
    return true;
}

/// True when nobody asked for more meanwhile, and the pump is free for the next.
bool
EndPumping(P5_SENDER &sender, bool mustEnd)
{
    const rundown::SpinLockGuard guard(sender.Lock);

    if (sender.PumpAgain && !mustEnd) {
        sender.PumpAgain = FALSE;
        return false;
    }
    sender.Pumping = FALSE;
    return true;
}

/// Fills up to the target. Sends no more than twice the target in one go: an adapter that completes
/// at once would keep this processor here for ever. IRQL DISPATCH_LEVEL, with a reference on the
/// binding.
void
Pump(P5_BINDING *binding)
{
    P5_SENDER &sender = binding->Sender;
    PNDIS_PACKET packets[P5SendBatchMax];

    if (!BeginPumping(sender)) {
        return;
    }

    ULONG budget = 2 * sender.Target;

    for (;;) {
        const ULONG room = budget < P5SendBatchMax ? budget : P5SendBatchMax;
        const ULONG count = BuildBatch(binding, packets, room);

        if (count != 0) {
            budget -= count;
            SendBatch(binding, packets, count);
        } else if (EndPumping(sender, budget == 0)) {
            break;
        }
    }
    if (budget == 0 && sender.Target != 0) {
        RefillLater(binding, AfterBudget);
    }
}

/// DISPATCH_LEVEL.
VOID NTAPI
RefillDpcRoutine(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);

    P5_BINDING *binding = static_cast<P5_BINDING *>(context);

    Pump(binding);
    binding->Uses.Release();
}

/// DISPATCH_LEVEL. May be armed again from its first statement on.
VOID NTAPI
BackoffDpcRoutine(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(context);

    InterlockedExchange(&binding->Sender.BackoffArmed, 0);
    RefillDpcRoutine(dpc, context, argument1, argument2);
}

} // namespace

/// PASSIVE_LEVEL.
NDIS_STATUS
P5InitializeSender(P5_BINDING *Binding)
{
    P5_SENDER &sender = Binding->Sender;

    KeInitializeDpc(&sender.RefillDpc, RefillDpcRoutine, Binding);
    KeInitializeDpc(&sender.BackoffDpc, BackoffDpcRoutine, Binding);
    KeInitializeTimer(&sender.BackoffTimer);
    return P5AllocateSendSlots(&sender);
}

void
P5SetSendTarget(P5_BINDING *Binding, ULONG Target)
{
    {
        const rundown::SpinLockGuard guard(Binding->Sender.Lock);
        Binding->Sender.Target = Target < P5SendSlots ? Target : P5SendSlots;
    }
    RequestRefill(Binding);
}

void
P5PauseSends(P5_BINDING *Binding, P5_PAUSE Reason)
{
    InterlockedOr(&Binding->Sender.Paused, Reason);
}

void
P5ResumeSends(P5_BINDING *Binding, P5_PAUSE Reason)
{
    InterlockedAnd(&Binding->Sender.Paused, ~static_cast<LONG>(Reason));
    RequestRefill(Binding);
}

void
P5StopSender(P5_BINDING *Binding)
{
    // A timer caught before it expired will run no DPC to give its reference back.
    if (KeCancelTimer(&Binding->Sender.BackoffTimer)) {
        Binding->Uses.Release();
    }
}

/// ProtocolSendComplete: the packet is ours again. IRQL <= DISPATCH_LEVEL, perhaps inside our own
/// send.
VOID NTAPI
P5SendComplete(NDIS_HANDLE ProtocolBindingContext, PNDIS_PACKET Packet, NDIS_STATUS Status)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(
        P5Who(binding),
        RD_EV_SEND_COMPLETE,
        binding,
        rundown::TraceValue(Packet),
        0,
        static_cast<ULONG>(Status));

    P5SyncPoint(RD_P5_SYNC_IN_SEND_COMPLETE, P5Who(binding));
    FinishPacket(binding, Packet, Status);
}
