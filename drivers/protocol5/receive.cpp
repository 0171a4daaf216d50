// SPDX-License-Identifier: MIT
// protocol5/receive.cpp
//
// Receives that come as packets: checked where they lie, and some kept and returned late. A kept
// packet holds the binding. Which are kept: while KeepStill is set the first so many, until told
// otherwise; else KeepRotating of them, each until as many newer ones have come.
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

constexpr ULONG ReturnBatch = 16;

/// Walks the packet's buffers. IRQL <= DISPATCH_LEVEL.
void
CheckPacket(PNDIS_PACKET packet)
{
    PNDIS_BUFFER buffer;
    UINT length;

    NdisQueryPacket(packet, nullptr, nullptr, &buffer, &length);

    rundown::FrameChecker checker(length);

    while (buffer != nullptr) {
        PVOID memory;
        UINT bytes;

        NdisQueryBufferSafe(buffer, &memory, &bytes, NormalPagePriority);
        if (memory == nullptr) {
            return; // Not mapped for want of memory: neither good nor bad.
        }
        checker.Feed(memory, bytes);
        NdisGetNextBuffer(buffer, &buffer);
    }
    P5CountReceived(checker, length);
}

/// How many receives the binding is to keep. With the receiver's lock held.
ULONG
KeepTarget(const P5_RECEIVER &receiver)
{
    return receiver.KeepStill != 0 ? receiver.KeepStill : receiver.KeepRotating;
}

/// Keeps the packet, with a reference on the binding, if one more is wanted.
bool
Keep(P5_BINDING *binding, PNDIS_PACKET packet)
{
    P5_RECEIVER &receiver = binding->Receiver;
    const rundown::SpinLockGuard guard(receiver.Lock);
    const bool full = receiver.KeepStill != 0 && receiver.Held.Count() >= receiver.KeepStill;

    if (receiver.Closed || receiver.Asleep || KeepTarget(receiver) == 0 || full ||
        !binding->Uses.TryAcquire()) {
        return false;
    }
    if (!receiver.Held.Push(packet)) {
        binding->Uses.Release(); // Not the last: the caller's callback precedes the close.
        return false;
    }
    return true;
}

/// Takes out kept packets beyond `keep`, oldest first.
ULONG
TakeHeld(P5_RECEIVER &receiver, ULONG keep, PNDIS_PACKET *packets, ULONG room)
{
    const rundown::SpinLockGuard guard(receiver.Lock);
    ULONG count = 0;

    while (count < room && receiver.Held.Count() > keep && receiver.Held.Pop(&packets[count])) {
        ++count;
    }
    return count;
}

/// Returns the oldest kept receives when there are many more than are to be kept. The caller's
/// callback precedes the close.
void
ReturnExcess(P5_BINDING *binding)
{
    ULONG keep;
    {
        P5_RECEIVER &receiver = binding->Receiver;
        const rundown::SpinLockGuard guard(receiver.Lock);

        keep = KeepTarget(receiver);
        if (receiver.Held.Count() <= keep + P5HeldSlack) {
            return;
        }
    }
    P5ReturnHeldReceives(binding, keep);
}

} // namespace

void
P5CountReceived(const rundown::FrameChecker &Checker, ULONG Length)
{
    const rundown::FrameVerdict verdict = Checker.Finish();

    // Our own broadcasts come back through NDIS's loopback; only what the host sent is counted.
    if (verdict == rundown::FrameVerdict::NotOurs ||
        Checker.Header().direction != RD_FRAME_FROM_HOST) {
        return;
    }
    P5Count(&P5.Counters.Received, 1);
    P5Count(&P5.Counters.ReceiveBytes, Length);
    if (verdict != rundown::FrameVerdict::Good) {
        P5Count(&P5.Counters.ReceiveBad, 1);
    }
}

void
P5ReturnHeldReceives(P5_BINDING *Binding, ULONG Keep)
{
    PNDIS_PACKET packets[ReturnBatch];

    for (;;) {
        const ULONG count = TakeHeld(Binding->Receiver, Keep, packets, ReturnBatch);

        if (count == 0) {
            return;
        }
        P5NdisReturnPackets(P5Who(Binding), packets, count);
        for (ULONG i = 0; i < count; ++i) {
            Binding->Uses.Release();
        }
    }
}

void
P5CloseReceiver(P5_BINDING *Binding)
{
    const rundown::SpinLockGuard guard(Binding->Receiver.Lock);

    Binding->Receiver.Closed = TRUE;
}

void
P5SetReceiverAsleep(P5_BINDING *Binding, BOOLEAN Asleep)
{
    {
        const rundown::SpinLockGuard guard(Binding->Receiver.Lock);

        Binding->Receiver.Asleep = Asleep;
    }
    if (Asleep) {
        P5ReturnHeldReceives(Binding, 0);
    }
}

void
P5SetReceivesKept(P5_BINDING *Binding, ULONG Rotating, ULONG Still)
{
    ULONG keep;
    {
        P5_RECEIVER &receiver = Binding->Receiver;
        const rundown::SpinLockGuard guard(receiver.Lock);

        receiver.KeepRotating = Rotating < P5HeldMax ? Rotating : P5HeldMax;
        receiver.KeepStill = Still < P5HeldMax ? Still : P5HeldMax;
        keep = KeepTarget(receiver);
    }
    P5ReturnHeldReceives(Binding, keep);
}

/// ProtocolReceivePacket: a frame, or part of a batch. Returns the references kept on the packet, 0
/// or 1; a kept packet goes back through NdisReturnPackets. IRQL <= DISPATCH_LEVEL. The packet is
/// NDIS's and only read.
INT NTAPI
P5ReceivePacket(NDIS_HANDLE ProtocolBindingContext, PNDIS_PACKET Packet)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    P5CallbackTrace trace(
        P5Who(binding), RD_EV_RECEIVE_PACKET, binding, rundown::TraceValue(Packet));

    P5SyncPoint(RD_P5_SYNC_IN_RECEIVE, P5Who(binding));
    CheckPacket(Packet);

    // With NDIS_STATUS_RESOURCES the miniport takes its packet back when this returns.
    const bool mayKeep = NDIS_GET_PACKET_STATUS(Packet) != NDIS_STATUS_RESOURCES;
    const INT references = mayKeep && Keep(binding, Packet) ? 1 : 0;

    // Not every NDIS calls ProtocolReceiveComplete after packets.
    if (references != 0) {
        ReturnExcess(binding);
    }
    trace.Tells(static_cast<ULONG64>(references));
    return references;
}

/// ProtocolReceiveComplete: the time for what can wait, here returning receives that were kept long
/// enough. IRQL <= DISPATCH_LEVEL.
VOID NTAPI
P5ReceiveComplete(NDIS_HANDLE ProtocolBindingContext)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(P5Who(binding), RD_EV_RECEIVE_COMPLETE, binding);
    ULONG keep;
    {
        const rundown::SpinLockGuard guard(binding->Receiver.Lock);
        keep = KeepTarget(binding->Receiver);
    }

    P5ReturnHeldReceives(binding, keep);
}
