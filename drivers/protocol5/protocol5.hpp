// SPDX-License-Identifier: MIT
// protocol5/protocol5.hpp
//
// The test protocol's own structures and functions, one section a file. An NDIS 5.1 protocol
// driver; the wire of its control device is rundown/protocol5_ioctl.h.
//
// Life of a binding: Opening -> Bound -> Closing -> freed. Whatever uses a binding outside a
// callback of NDIS (a send, a request, a receive that is kept, a DPC, a thread) holds its rundown
// protection, which close waits for.
#pragma once
#include "lib/kernel.hpp"

#define NDIS51 1
#include <ndis5.h>

#include <rundown/protocol5_ioctl.h>

#include "lib/bounded_fifo.hpp"
#include "lib/frame.hpp"
#include "lib/list.hpp"
#include "lib/once_gate.hpp"
#include "lib/pool.hpp"
#include "lib/rundown_protection.hpp"
#include "lib/spin_lock.hpp"
#include "lib/system_thread.hpp"

constexpr ULONG P5Tag = rundown::PoolTag("Rdp5");

constexpr ULONG P5SendSlots = 128;    // Packets a binding can have in flight.
constexpr ULONG P5SendBatchMax = 16;  // Packets handed to NDIS in one call.
constexpr ULONG P5TransferSlots = 16; // NdisTransferData calls a binding can have pending.
constexpr ULONG P5HeldMax = 64;       // Receives a binding is asked to keep, at most,
constexpr ULONG P5HeldRoom = 128; // and has room for until they are trimmed: by ReceiveComplete,
constexpr ULONG P5HeldSlack = 48; // or when there are so many more than are to be kept.
constexpr ULONG P5OidThreadsMax = 4;
constexpr ULONG P5BindingsMax = 16;     // What rd_p5_bindings has room for.
constexpr ULONG P5NameCharacters = 128; // What rd_p5_binding_name has room for.

// ---- Structures ----

enum P5_BINDING_STATE { // As rd_p5_bindings reports it.
    P5Opening = 0,      // NdisOpenAdapter or the first requests are under way.
    P5Bound = 1,        // Usable.
    P5Closing = 2,      // Being closed by exactly one thread; no new use.
};

enum P5_PAUSE { // Why a binding does not send, as bits.
    P5PausedByMedia = 1,
    P5PausedByReset = 2,
    P5PausedByPower = 4,
};

/// Memory of one frame on its way out. Free, or with exactly one packet in flight. Aligned so that
/// a frame never crosses pages: ReactOS maps a chain of buffers for DMA as if the first described
/// all of it.
struct alignas(2048) P5_SEND_SLOT {
    P5_SEND_SLOT *Next;
    UCHAR Frame[RD_FRAME_MAX];
};

struct P5_SENDER {
    rundown::SpinLock Lock; // FreeSlots, InFlight, Target, Pumping, PumpAgain.
    P5_SEND_SLOT *Slots;
    P5_SEND_SLOT *FreeSlots;
    ULONG InFlight;
    ULONG Target; // Packets to keep in flight.
    BOOLEAN Pumping;
    BOOLEAN PumpAgain;
    ULONG NextSequence;   // Of whoever is pumping.
    volatile LONG Paused; // P5_PAUSE bits.
    KDPC RefillDpc;
    KDPC BackoffDpc;
    KTIMER BackoffTimer;
    volatile LONG BackoffArmed;
};

/// Memory of one frame being fetched with NdisTransferData.
struct P5_TRANSFER_SLOT {
    P5_TRANSFER_SLOT *Next;
    PNDIS_PACKET Packet;
    ULONG PacketSize; // Without the Ethernet header.
    UCHAR Header[RD_FRAME_HEADER_OFFSET];
    UCHAR Data[RD_FRAME_MAX - RD_FRAME_HEADER_OFFSET];
};

struct P5_RECEIVER {
    rundown::SpinLock Lock; // All of it.
    rundown::BoundedFifo<PNDIS_PACKET, P5HeldRoom> Held;
    ULONG KeepRotating; // Receives kept, the oldest returned as new ones come.
    ULONG KeepStill;    // Receives kept until told otherwise; takes precedence.
    BOOLEAN Closed;     // Keeps nothing any more.
    BOOLEAN Asleep;     // Keeps nothing until the adapter has its power back.
    P5_TRANSFER_SLOT *Transfers;
    P5_TRANSFER_SLOT *FreeTransfers;
    ULONG Indicated; // Frames seen by ProtocolReceive.
};

struct P5_BINDING {
    rundown::ListLink Link; // P5.Bindings.
    USHORT Number;          // In the trace, and the stream of its frames.
    P5_BINDING_STATE State; // P5.BindingsLock.
    UNICODE_STRING Name;    // \Device\{GUID}, in NameBuffer.
    WCHAR NameBuffer[P5NameCharacters];
    NDIS_HANDLE Open; // Valid from a successful open to the call of NdisCloseAdapter.
    rundown::RundownProtection Uses; // Sends, requests, kept receives, DPCs, threads.

    // Opening.
    NDIS_HANDLE BindContext;   // Null: opened on request.
    NDIS_STATUS OpenStatus;    // Set by ProtocolOpenAdapterComplete.
    KEVENT OpenCompleted;      // For an open on request, which waits.
    volatile LONG OpenParties; // BindAdapter and OpenAdapterComplete: the later one goes on.
    PIO_WORKITEM BindWork;     // Finishes a bind that pended.

    // Closing.
    NDIS_HANDLE UnbindContext; // P5.BindingsLock. To be completed when the close is; null: none.
    PKEVENT
    CloseWaiter; // Of the thread that closes outside an unbind; set after the binding is freed.

    NDIS_HANDLE PacketPool;
    NDIS_HANDLE BufferPool;
    rundown::EthernetAddress Address;
    volatile LONG RequestsInFlight;
    volatile LONG HeldRequestBusy; // A request of P5HoldRequests is in flight.
    P5_SENDER Sender;
    P5_RECEIVER Receiver;
};

/// What the harness has asked for; new bindings take it over.
struct P5_LOAD {
    rd_p5_load Load;
    ULONG InFlightTarget;
    ULONG HoldStill;  // RD_P5_IOCTL_HOLD_RECEIVES.
    ULONG Generation; // Counts the changes.
};

struct P5_COUNTERS {
    ULONG64 Sent;
    ULONG64 SendFailures;
    ULONG64 Received;
    ULONG64 ReceiveBytes;
    ULONG64 ReceiveBad;
    ULONG64 Requests;
};

struct P5_GLOBALS {
    PDEVICE_OBJECT Device;
    BOOLEAN LinkCreated;
    BOOLEAN ShutdownRegistered;

    NDIS_HANDLE ProtocolHandle;
    ULONG ReceiveStyle;   // RD_P5_PARAM_RECEIVE_STYLE.
    ULONG SendStyle;      // RD_P5_PARAM_SEND_STYLE.
    ULONG DeregisterOn;   // RD_P5_PARAM_DEREGISTER_ON.
    BOOLEAN RefuseBinds;  // RD_P5_PARAM_REFUSE_BINDS.
    BOOLEAN LeaveFilters; // RD_P5_PARAM_LEAVE_FILTERS.
    ULONG ReturnAfterMs;  // RD_P5_PARAM_RETURN_AFTER.
    ULONG CloseBindings;  // RD_P5_PARAM_CLOSE_BINDINGS.

    rundown::OnceGate Deregistration;
    KEVENT Deregistered; // Set when Deregistration is finished.
    PIO_WORKITEM DeregisterWork;
    volatile LONG DeregisterQueued;
    rundown::RundownProtection WorkItems; // Queued or running; Unload waits.
    rundown::RundownProtection Opens; // Opens on request, which use ProtocolHandle; who deregisters
                                      // waits.

    rundown::SpinLock BindingsLock;
    rundown::List<P5_BINDING, &P5_BINDING::Link> Bindings;

    volatile LONG Closing;    // Bindings being closed.
    volatile LONG64 LoadEnds; // Interrupt time at which the load falls silent; 0: not in sight.

    rundown::SpinLock LoadLock;
    P5_LOAD Load;
    P5_COUNTERS Counters;
};

extern P5_GLOBALS P5;

extern "C" {

// ---- driver.cpp ----

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD P5Unload;

// ---- deregister.cpp ----

/// Deregisters the protocol if that has not been done, and returns when it is done, whoever does
/// it. NDIS unbinds what is bound within the call. PASSIVE_LEVEL; never from a callback of NDIS,
/// which would wait for itself. STATUS_INVALID_DEVICE_STATE when the protocol is not registered.
NTSTATUS P5Deregister(void);

/// Has P5Deregister called soon by a system worker thread, if the last binding is still gone by
/// then. Callable from callbacks of NDIS. IRQL <= DISPATCH_LEVEL.
void P5DeregisterSoon(void);

/// Registration may be undone from now on.
void P5OpenDeregistration(void);

/// ProtocolUnload: NDIS asks the protocol to go away. PASSIVE_LEVEL.
VOID NTAPI P5ProtocolUnload(VOID);

// ---- binding.cpp: opening ----

VOID NTAPI P5BindAdapter(
    PNDIS_STATUS Status,
    NDIS_HANDLE BindContext,
    PNDIS_STRING DeviceName,
    PVOID SystemSpecific1,
    PVOID SystemSpecific2);
VOID NTAPI P5OpenAdapterComplete(
    NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status, NDIS_STATUS OpenErrorStatus);

/// Opens the adapter of that name. With a bind context it may return NDIS_STATUS_PENDING and
/// complete the bind later; without one it waits. A name that is bound already is refused with
/// NDIS_STATUS_OPEN_FAILED. PASSIVE_LEVEL.
NDIS_STATUS P5OpenBinding(PCUNICODE_STRING Name, NDIS_HANDLE BindContext);

// ---- unbinding.cpp: closing ----

VOID NTAPI
P5UnbindAdapter(PNDIS_STATUS Status, NDIS_HANDLE ProtocolBindingContext, NDIS_HANDLE UnbindContext);
VOID NTAPI P5CloseAdapterComplete(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status);

/// Closes a binding that the caller has made Closing, outside an unbind, and waits for it.
/// PASSIVE_LEVEL.
void P5CloseAndWait(P5_BINDING *Binding);

/// Closes the named binding outside an unbind, and waits for it. PASSIVE_LEVEL.
NTSTATUS P5CloseBindingByName(PCUNICODE_STRING Name);

/// Closes every binding that is bound, outside of an unbind, and waits for it. PASSIVE_LEVEL.
void P5CloseAllBindings(void);

/// Takes a binding that the caller has made Closing out of use, waits until nothing uses it, clears
/// its filters and calls NdisCloseAdapter. After NDIS_STATUS_PENDING the binding is
/// P5CloseAdapterComplete's. PASSIVE_LEVEL.
NDIS_STATUS P5CloseBinding(P5_BINDING *Binding);

/// Frees a binding whose close has completed, and completes what waits for it. `InsideUnbind`: the
/// caller is ProtocolUnbindAdapter and reports the unbind's end by its status. PASSIVE_LEVEL.
void P5FinishClose(P5_BINDING *Binding, BOOLEAN InsideUnbind);

// ---- binding_list.cpp ----

/// A binding in state Opening, on the list, with all its memory; null when there is none left, or
/// when the name is bound already (*Status says which). PASSIVE_LEVEL.
P5_BINDING *P5CreateBinding(PCUNICODE_STRING Name, NDIS_HANDLE BindContext, PNDIS_STATUS Status);

/// Frees a binding that is off the list and that nobody uses. PASSIVE_LEVEL.
void P5FreeBinding(P5_BINDING *Binding);

/// Takes the binding off the list, after which its name can be bound again. True when it was the
/// last.
BOOLEAN P5RemoveBinding(P5_BINDING *Binding, NDIS_HANDLE *UnbindContext);

/// Bound -> Closing for the caller to close; null when no binding of the name is bound.
P5_BINDING *P5BeginCloseByName(PCUNICODE_STRING Name);

/// The same with any binding that is bound.
P5_BINDING *P5BeginCloseOfAny(void);

/// Up to `Room` bound bindings, each with its rundown protection held by the caller. IRQL <=
/// DISPATCH_LEVEL.
ULONG P5ReferenceBindings(P5_BINDING **Bindings, ULONG Room);

/// Fills in what IOCTLs report. IRQL <= DISPATCH_LEVEL.
void P5DescribeBindings(rd_p5_bindings *Description);
void P5SumUpBindings(rd_p5_counters *Counters);

// ---- send.cpp ----

NDIS_STATUS P5InitializeSender(P5_BINDING *Binding);
void P5FreeSender(P5_BINDING *Binding);

/// Asks for `Target` packets in flight from now on. IRQL <= DISPATCH_LEVEL.
void P5SetSendTarget(P5_BINDING *Binding, ULONG Target);
void P5PauseSends(P5_BINDING *Binding, P5_PAUSE Reason);
void P5ResumeSends(P5_BINDING *Binding, P5_PAUSE Reason);

/// Gets a binding whose rundown has begun to let go of its timer at once. IRQL <= DISPATCH_LEVEL.
void P5StopSender(P5_BINDING *Binding);

VOID NTAPI
P5SendComplete(NDIS_HANDLE ProtocolBindingContext, PNDIS_PACKET Packet, NDIS_STATUS Status);

// ---- receive.cpp, transfer.cpp ----

INT NTAPI P5ReceivePacket(NDIS_HANDLE ProtocolBindingContext, PNDIS_PACKET Packet);
VOID NTAPI P5ReceiveComplete(NDIS_HANDLE ProtocolBindingContext);

/// Returns kept receives until at most `Keep` are left. IRQL <= DISPATCH_LEVEL.
void P5ReturnHeldReceives(P5_BINDING *Binding, ULONG Keep);

/// Keeps no receive from now on. IRQL <= DISPATCH_LEVEL.
void P5CloseReceiver(P5_BINDING *Binding);

/// Keeps no receive, and returns those that are kept, until told that the adapter is awake. IRQL <=
/// DISPATCH_LEVEL.
void P5SetReceiverAsleep(P5_BINDING *Binding, BOOLEAN Asleep);
void P5SetReceivesKept(P5_BINDING *Binding, ULONG Rotating, ULONG Still);

/// Adds one checked frame to the counters. IRQL <= DISPATCH_LEVEL.
void P5CountReceived(const rundown::FrameChecker &Checker, ULONG Length);

NDIS_STATUS P5InitializeTransfers(P5_BINDING *Binding);
void P5FreeTransfers(P5_BINDING *Binding);
NDIS_STATUS NTAPI P5Receive(
    NDIS_HANDLE ProtocolBindingContext,
    NDIS_HANDLE MacReceiveContext,
    PVOID HeaderBuffer,
    UINT HeaderBufferSize,
    PVOID LookAheadBuffer,
    UINT LookaheadBufferSize,
    UINT PacketSize);
VOID NTAPI P5TransferDataComplete(
    NDIS_HANDLE ProtocolBindingContext,
    PNDIS_PACKET Packet,
    NDIS_STATUS Status,
    UINT BytesTransferred);

// ---- request.cpp ----

/// Queries or sets one OID and waits for it. The caller holds the binding's rundown protection or
/// owns its opening or closing. PASSIVE_LEVEL.
NDIS_STATUS P5QueryOid(P5_BINDING *Binding, NDIS_OID Oid, PVOID Buffer, ULONG Length);
NDIS_STATUS P5SetOid(P5_BINDING *Binding, NDIS_OID Oid, const void *Buffer, ULONG Length);

/// Issues a query nobody waits for, if the binding has none in flight. IRQL <= DISPATCH_LEVEL.
void P5HoldRequest(P5_BINDING *Binding);

/// What every binding asks of its adapter when opened, and takes back before it is closed.
/// PASSIVE_LEVEL.
NDIS_STATUS P5ConfigureBinding(P5_BINDING *Binding);
void P5ClearFilters(P5_BINDING *Binding);

/// One of the queries and sets a binding makes under load. PASSIVE_LEVEL.
void P5IssueLoadOid(P5_BINDING *Binding, ULONG Turn);

VOID NTAPI P5RequestComplete(
    NDIS_HANDLE ProtocolBindingContext, PNDIS_REQUEST NdisRequest, NDIS_STATUS Status);

// ---- status.cpp ----

VOID NTAPI P5Status(
    NDIS_HANDLE ProtocolBindingContext,
    NDIS_STATUS GeneralStatus,
    PVOID StatusBuffer,
    UINT StatusBufferSize);
VOID NTAPI P5StatusComplete(NDIS_HANDLE ProtocolBindingContext);
VOID NTAPI P5ResetComplete(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status);
NDIS_STATUS NTAPI P5PnPEvent(NDIS_HANDLE ProtocolBindingContext, PNET_PNP_EVENT NetPnPEvent);

// ---- load.cpp ----

void P5InitializeLoad(void);

/// Takes over a new load for all bindings, present and future. PASSIVE_LEVEL, one caller at a time
/// or several.
NTSTATUS P5SetLoad(const rd_p5_load *Load);
void P5HoldReceives(ULONG Count);
NTSTATUS P5HoldRequests(ULONG Count);

/// Gives one binding its share of the present load. IRQL <= DISPATCH_LEVEL.
void P5ApplyLoad(P5_BINDING *Binding);

/// A binding begins to be closed, or is off the list. What a close that never ends leaves of the
/// load falls silent after some seconds, so that the trace keeps how it began. IRQL <=
/// DISPATCH_LEVEL.
void P5NoteClosing(BOOLEAN Begins);
BOOLEAN P5LoadIsSilent(void);

/// Ends all threads of the load and waits for them. PASSIVE_LEVEL.
void P5StopLoad(void);

/// Lengths the frames of the load have. IRQL <= DISPATCH_LEVEL.
void P5LoadFrameLengths(PUSHORT Shortest, PUSHORT Longest);

// ---- device.cpp, shutdown.cpp, counters.cpp ----

NTSTATUS P5CreateDevice(PDRIVER_OBJECT DriverObject);
void P5DeleteDevice(void);
NTSTATUS P5CompleteIrp(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);

NTSTATUS P5RegisterShutdown(void);
void P5UnregisterShutdown(void);
DRIVER_DISPATCH P5DispatchShutdown;

/// Adds to one of P5.Counters. Any IRQL.
void P5Count(ULONG64 *Counter, ULONG64 Amount);
void P5GetCounters(rd_p5_counters *Counters);

} // extern "C"
