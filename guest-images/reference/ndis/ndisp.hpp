// SPDX-License-Identifier: MIT
// ndis/ndisp.hpp
//
// The core's own objects: protocols, opens, miniport drivers and miniports, and how they hold each other.
//
// Lists and flags are guarded by CoreLock, a spin lock; no driver is called with it held. Who calls a handler holds a reference
// on the open (or on the protocol, for handlers without one), and what waits for silence waits for those references.
//   Open: alive from NdisOpenAdapter until its last reference goes: its existence (given up by NdisCloseAdapter), sends,
//         requests, transfers and callbacks under way. The last one completes the close.
//   Protocol: deregistration waits until no open, no bind and no callback of it is left.
//   Miniport: halting waits until every open is closed and no request is under way.
#pragma once
#include <rundown/ndis_control.h>

#include "ndis/filter.hpp"
#include "ndis/lib/core_seam.hpp"
#include "ndis/lib/packet_state.hpp"
#include "ndis/open_state.hpp"
#include "ndis/settings.hpp"
#include "rd_faults.hpp"

namespace ndis {

// Pool tags: what NDIS itself allocates to track protocols, bindings and filters (S9 is checked by tag).
constexpr ULONG kProtocolTag = 'orPN';    // "NPro"
constexpr ULONG kOpenTag = 'npON';        // "NOpn"
constexpr ULONG kMulticastTag = 'tlFN';   // "NFlt"
constexpr ULONG kBindingTag = 'dnBN';     // "NBnd"
constexpr ULONG kMiniportTag = 'niMN';    // "NMin"
constexpr ULONG kRequestTag = 'qeRN';     // "NReq"
constexpr ULONG kFrameTag = 'mrFN';       // "NFrm"
constexpr ULONG kWorkTag = 'krWN';        // "NWrk"

// Our own first parameters of bug check 0xC4, where Windows documents none: what a miniport completes is not under way.
constexpr ULONG kNotSending = 0x52440210, kNotTransferring = 0x52440211, kNoRequest = 0x52440212;

constexpr ULONG kNameCharacters = 64;     // of an adapter or protocol name, with its NUL (ndis_control.h)
constexpr ULONG kOpensMax = 32;           // of one miniport

struct Miniport;
struct Open;

/// A protocol driver's registration: what NdisRegisterProtocol's handle points to.
struct Protocol {
    LIST_ENTRY entry;           ///< Among all protocols.
    NDIS_PROTOCOL_CHARACTERISTICS characteristics;
    WCHAR name[kNameCharacters];
    UNICODE_STRING name_string;
    LIST_ENTRY opens;           ///< Open::protocol_entry.
    LIST_ENTRY binds;           ///< Transition::entry of binds under way.
    ULONG users;                ///< Handlers running that no open holds, and binds under way. CoreLock.
    bool deregistering;         ///< No new bind, no new open. CoreLock.
    ULONG offered;              ///< Last arrival of an adapter it was looked at for (engine.cpp). CoreLock.
    KEVENT changed;             ///< Auto-reset: something a deregistration waits for has happened.
};

/// A bind or an unbind under way; BindContext and UnbindContext point here. Handles are looked up, never trusted.
struct Transition {
    LIST_ENTRY entry;           ///< Protocol::binds for a bind; all transitions by `all`.
    LIST_ENTRY all;
    Protocol* protocol;
    Miniport* miniport;         ///< Of a bind.
    bool bind;
    bool completed;             ///< NdisCompleteBind/UnbindAdapter has been called. CoreLock.
    NDIS_STATUS status;
    KEVENT done;
};

/// One binding: what NdisOpenAdapter's handle points to. Begins with what inlined code calls through.
struct Open {
    NDIS_OPEN_BLOCK block;
    LIST_ENTRY protocol_entry, miniport_entry;
    Protocol* protocol;
    Miniport* miniport;
    NDIS_HANDLE context;        ///< ProtocolBindingContext.
    USHORT number;              ///< In the trace.
    OpenState state;            ///< CoreLock.
    bool unbind_called;         ///< ProtocolUnbindAdapter was or is being called. CoreLock.
    bool complete_close;        ///< The close pended: CloseAdapterComplete is owed.
    bool complete_open;         ///< The open pended: OpenAdapterComplete is owed, or running. CoreLock.
    bool refused;               ///< OpenAdapterComplete will say that it failed.
    volatile LONG references;
    volatile LONG sends, requests;  ///< Under way, for NdisQueryPendingIOCount.
    LONG waiters;               ///< Threads waiting for `gone`. CoreLock.
    bool is_gone;               ///< Off the lists, and its driver told. CoreLock.
    KEVENT gone;                ///< The close has completed, CloseAdapterComplete included.
    WORK_QUEUE_ITEM work;       ///< Completes an open or a close at PASSIVE_LEVEL.
    ULONG packet_filter;        ///< This open's.
    ULONG lookahead;
    MulticastList* multicast;   ///< Pool; null: empty.
    bool received;              ///< Gets a ReceiveComplete at the end of the indication under way. CoreLock.
};
static_assert(__builtin_offsetof(Open, block) == 0);

/// A miniport driver: what NdisInitializeWrapper's handle points to.
struct MiniportDriver {
    LIST_ENTRY entry;
    PDRIVER_OBJECT driver;
    NDIS_MINIPORT_CHARACTERISTICS characteristics;
    bool registered;            ///< NdisMRegisterMiniport succeeded.
    PDRIVER_UNLOAD unload;      ///< NdisMRegisterUnloadHandler.
};

enum class MiniportState : ULONG {
    added,
    initializing,
    running,
    suspended,  ///< Without power; its bindings stay open.
    halting,
    halted,
};

/// A request on its way through a miniport's queue.
struct RequestItem {
    RequestItem* next;
    Open* open;                 ///< Referenced; null: NDIS's own.
    PNDIS_REQUEST request;
    KEVENT* done;               ///< Of NDIS's own: set at the end.
    NDIS_STATUS status;
    volatile LONG phase;        ///< request.cpp: whether the issuer has returned.
    MulticastList* multicast;   ///< filters.cpp: the list this request would give its open.
};

constexpr UINT kSendBatch = 16;  // packets given to a miniport in one call

/// Packets on their way into a serialised miniport. A null one was completed before its call returned.
struct SendBatch {
    PNDIS_PACKET packets[kSendBatch];
    NDIS_STATUS statuses[kSendBatch];
    UINT count;
};

/// An adapter: what a miniport's handle points to. Begins with what inlined code reads.
struct Miniport {
    NDIS_MINIPORT_BLOCK block;
    AdapterResources resources;
    LIST_ENTRY entry;           ///< Among all miniports.
    MiniportDriver* owner;
    WCHAR name[kNameCharacters];  ///< \Device\{GUID}
    UNICODE_STRING name_string;
    WCHAR service[32];
    ULONG pci_address;
    MiniportState state;        ///< CoreLock.
    ULONG attributes;           ///< NDIS_ATTRIBUTE_*.
    ULONG hang_seconds;
    LIST_ENTRY opens;           ///< Open::miniport_entry.
    UCHAR address[6];
    bool link_up;
    volatile LONG link_changes; ///< Indicated so far.
    bool removed;               ///< The device is gone. CoreLock.
    bool failed;                ///< NdisMRemoveMiniport: it is to be taken down, whatever its bindings say.
    bool loops_back;            ///< The device does it itself (no NDIS_MAC_OPTION_NO_LOOPBACK).
    bool manages_power;         ///< It answers OID_PNP_CAPABILITIES.
    bool halted_to_sleep;       ///< MiniportHalt was called for want of power.
    ULONG max_lookahead, default_lookahead, max_list;  ///< As the miniport said when it had been initialised.
    volatile LONG64 frames_in, frames_out;
    volatile LONG sends_pending, requests_pending;
    ULONG users;                ///< Holds: binds and calls that NDIS makes for nobody's open. CoreLock.
    KEVENT changed;             ///< Auto-reset: something a halt waits for has happened.

    // Serialised miniports (serial.cpp). The lock, its owner and what the owner is giving to the miniport now.
    KSPIN_LOCK serial_lock;
    PKTHREAD serial_owner;
    KIRQL serial_irql;
    SendBatch* giving;          ///< Of the owner.
    bool draining;              ///< Somebody runs the queues. CoreLock.
    KDPC drain_dpc;             ///< Goes on with that when it takes long.
    PNDIS_PACKET first_return;  ///< Given up by protocols, to go back to the miniport. CoreLock.
    PNDIS_PACKET first_send;    ///< Sends that wait. CoreLock.
    PNDIS_PACKET last_send;
    PNDIS_PACKET given;         ///< Sends the miniport has. CoreLock.
    bool out_of_resources;      ///< Until it has completed a send, or NdisMSendResourcesAvailable. CoreLock.

    // Requests: one at a time is the miniport's, the rest wait. CoreLock.
    RequestItem* first_request;
    RequestItem* last_request;
    RequestItem* active_request;
    bool request_running;       ///< Somebody takes a turn.
    ULONG requests_aborted;     ///< By NDIS, in a reset.
    KEVENT requests_idle;

    // Filters as last pushed to the device, and room for the ones being pushed. Of whoever runs requests.
    ULONG pushed_filter, pending_filter;
    ULONG pushed_lookahead, pending_lookahead;
    MulticastList* pushed_multicast;
    MulticastList* pending_multicast;

    // Reset. CoreLock.
    bool resetting;
    Open* reset_open;           ///< Referenced; null: NDIS's own reset.
    NDIS_STATUS reset_status;
    bool reset_addressing;
    WORK_QUEUE_ITEM reset_work; ///< One use at a time, by `resetting`.
    KTIMER hang_timer;
    KDPC hang_dpc;
};
static_assert(__builtin_offsetof(Miniport, block) == 0);

extern KSPIN_LOCK CoreLock;
extern LIST_ENTRY Protocols, Miniports, MiniportDrivers;

/// CoreLock for a scope. <= DISPATCH_LEVEL.
class CoreGuard {
  public:
    CoreGuard() : irql_(KeAcquireSpinLockRaiseToDpc(&CoreLock)) {}
    ~CoreGuard() { KeReleaseSpinLock(&CoreLock, irql_); }
    CoreGuard(const CoreGuard&) = delete;
    CoreGuard& operator=(const CoreGuard&) = delete;

  private:
    KIRQL irql_;
};

// --- objects.cpp: handles, references
/// A protocol handle looked up; null when it is not registered (or, with `deregistering_too` false, going). CoreLock held.
Protocol* find_protocol(NDIS_HANDLE handle);
Protocol* find_protocol_by_name(PCUNICODE_STRING name);
Miniport* find_miniport(NDIS_HANDLE handle);
Miniport* find_miniport_by_name(PCUNICODE_STRING name);
/// A binding handle looked up and referenced; null when it is closed, closing or was never one: then a violation is noted
/// under `function`'s name. <= DISPATCH_LEVEL.
Open* reference_open(NDIS_HANDLE handle, const char* function);
/// One more reference on an open the caller can already reach. CoreLock held or a reference held.
void reference(Open* open);
/// Gives a reference back; the last one completes the close on a worker thread. <= DISPATCH_LEVEL.
void dereference(Open* open);
/// Gives back a hold on a protocol (Protocol::users, taken with CoreLock held). <= DISPATCH_LEVEL.
void leave_protocol(Protocol* protocol);
/// Keeps a miniport from being halted. False: it does not run (yet, or any more). <= DISPATCH_LEVEL.
bool hold_miniport(Miniport* miniport);
void release_miniport(Miniport* miniport);
/// Keeps its memory, whatever its state, where the caller knows that it is there now. <= DISPATCH_LEVEL.
void keep_miniport(Miniport* miniport);
/// References up to kOpensMax opens of the miniport that are open. <= DISPATCH_LEVEL.
ULONG reference_opens(Miniport* miniport, Open** opens);
ULONG open_count(const Protocol* protocol);  // CoreLock held
USHORT next_binding_number();
/// A call that breaks the contract: in the trace, and a line that names the function. Any IRQL.
void note_bad_call(rd_trace_violation what, PVOID object, ULONG64 detail, const char* function);
/// Has a worker thread run it that drivers do not usually block: they may wait for what it does. <= DISPATCH_LEVEL.
void queue_own_work(PWORK_QUEUE_ITEM item, PWORKER_THREAD_ROUTINE routine, PVOID context);
/// Waits until something has changed, or 20 ms: it may have changed before we looked. PASSIVE_LEVEL.
void wait_for_change(KEVENT& changed);

// --- open.cpp
/// Makes the open's state `closing`, for whoever asks first; that one calls close_open. <= DISPATCH_LEVEL.
bool claim_close(Open* open);
/// Closes an open whose state the caller has made `closing`: for the driver's call, which holds one reference beside the open's
/// own, or for NDIS's own (`by_driver` false), when the driver did not. PASSIVE_LEVEL.
NDIS_STATUS close_open(Open* open, bool by_driver);
/// What the last reference does. <= DISPATCH_LEVEL.
void last_reference_gone(Open* open);
/// Waits until the open is gone. The caller has counted itself in `waiters` under CoreLock. PASSIVE_LEVEL.
void wait_until_gone(Open* open);

// --- binding.cpp
/// Calls BindAdapter and waits for the bind's end, if the two are not bound yet. STATUS_SUCCESS only when there is a binding
/// afterwards. The caller has entered the protocol and holds the miniport. PASSIVE_LEVEL.
NTSTATUS bind(Protocol* protocol, Miniport* miniport);
/// Has ProtocolUnbindAdapter called once for each open of the pair, whoever calls it, and returns when opens and unbinds are
/// over. STATUS_NOT_FOUND: there was none. PASSIVE_LEVEL.
NTSTATUS unbind_pair(PCUNICODE_STRING protocol, PCUNICODE_STRING miniport);
/// Unbinds every open of a miniport, or of a protocol. PASSIVE_LEVEL.
void unbind_all_of_miniport(Miniport* miniport);
void unbind_all_of_protocol(Protocol* protocol);

// --- engine.cpp
NTSTATUS start_engine();
/// A protocol has registered: binds it as its registry says and tells it when all binds are complete. PASSIVE_LEVEL.
void protocol_came(const Protocol* protocol);
/// The protocol's list of adapters may have changed. PASSIVE_LEVEL.
void protocol_wants_more(const WCHAR* name);
/// An adapter has started: every protocol that lists it is bound to it. PASSIVE_LEVEL.
void miniport_came();
void wait_for_engine();  ///< Until it has no work queued. PASSIVE_LEVEL.

// --- request.cpp, filters.cpp
/// Queues a protocol's request. <= DISPATCH_LEVEL.
NDIS_STATUS submit_request(Open* open, PNDIS_REQUEST request);
/// request_hold.cpp: has a pending request wait before it is queued, if the run wants that of its OID. False: it does not.
bool hold_request(RequestItem* item, NDIS_OID oid);
void read_request_hold();
/// Queues a request whose wait is over, and has it take its turn. <= DISPATCH_LEVEL.
void resume_request(Miniport* miniport, RequestItem* item);
/// Takes turns until one is left pending at the miniport, or there is none. <= DISPATCH_LEVEL.
void run_requests(Miniport* miniport);
bool requests_waiting(const Miniport* miniport);  ///< One could take its turn now. CoreLock held.
/// The next one to take its turn, or null. <= DISPATCH_LEVEL; inside the lock of a serialised miniport.
RequestItem* take_request(Miniport* miniport);
/// Its turn. False: it pends at the miniport. True: finish_request is due, outside the lock. <= DISPATCH_LEVEL.
bool take_request_turn(Miniport* miniport, RequestItem* item);
void finish_request(Miniport* miniport, RequestItem* item);
/// Completes what a serialised miniport has forgotten in its reset. <= DISPATCH_LEVEL.
void abort_active_request(Miniport* miniport);
/// NDIS's own request, waited for. PASSIVE_LEVEL.
NDIS_STATUS own_request(Miniport* miniport, NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, ULONG bytes, ULONG* used = nullptr);
void request_completed_by_miniport(Miniport* miniport, NDIS_STATUS status);
/// What filters.cpp makes of a request whose turn has come.
enum class Turn { answered, to_miniport };
/// Answers it (status in item.status), or names what the miniport is to be asked in its place.
Turn take_turn(Miniport* miniport, RequestItem& item, NDIS_OID& oid, PVOID& buffer, ULONG& bytes);
/// The miniport has answered what take_turn named.
void turn_over(Miniport* miniport, RequestItem& item, NDIS_STATUS status);
/// Withdraws everything an open set, at the device too. PASSIVE_LEVEL, after its handle has become invalid.
void withdraw_filters(Open* open);
/// Pushes all filters again after a reset that lost them. PASSIVE_LEVEL.
void restore_filters(Miniport* miniport);
/// The device has lost what was pushed: nothing is, and no memory is kept for it.
void forget_pushed_filters(Miniport* miniport);

// --- send.cpp, loopback.cpp
NDIS_STATUS send_one(Open* open, PNDIS_PACKET packet, PVOID caller);
void send_many(Open* open, PPNDIS_PACKET packets, UINT count, PVOID caller);
/// The miniport's completion. <= DISPATCH_LEVEL.
void send_completed(Miniport* miniport, PNDIS_PACKET packet, NDIS_STATUS status, PVOID caller);
bool sends_waiting(const Miniport* miniport);  ///< Serialised: some could go now. CoreLock held.
/// Inside the lock of a serialised miniport: gives it the next packets that wait.
void give_sends(Miniport* miniport, SendBatch& batch);
/// Outside it: completes those that did not pend.
void finish_sends(Miniport* miniport, const SendBatch& batch);
/// Completes what waits for a serialised miniport and, with `given_too`, what it has. <= DISPATCH_LEVEL.
void abort_sends(Miniport* miniport, NDIS_STATUS status, bool given_too);
/// Indicates a copy of the packet to every open whose filter wants it. True: it is for nobody on the wire. DISPATCH_LEVEL.
bool loop_back(Open* sender, PNDIS_PACKET packet);

// --- receive.cpp, transfer.cpp
/// What MacReceiveContext points to during a ProtocolReceive that NDIS makes.
struct ReceiveContext {
    ULONG64 magic;
    Miniport* miniport;
    PNDIS_PACKET packet;        ///< A miniport's packet; or
    const UCHAR* frame;         ///< a contiguous frame of `bytes`; or
    NDIS_HANDLE mac_context;    ///< the miniport's own context.
    ULONG bytes;
    ULONG header_bytes;
};
constexpr ULONG64 kReceiveContextMagic = 0x5458544345525244;  // "DRRECTXT"
/// Calls ReceiveHandler. The open is referenced by the caller.
void call_receive(Open* open, ReceiveContext& context, PVOID header, UINT header_bytes, PVOID lookahead, UINT lookahead_bytes, UINT packet_bytes);
/// Calls ReceiveComplete where something was received, and gives the references back.
void finish_receive(Open** opens, ULONG count);
NDIS_STATUS transfer_data(Open* open, NDIS_HANDLE context, UINT offset, UINT bytes, PNDIS_PACKET packet, PUINT transferred, PVOID caller);
void transfer_completed(Miniport* miniport, PNDIS_PACKET packet, NDIS_STATUS status, UINT bytes, PVOID caller);

// --- status.cpp, reset.cpp, pnp_event.cpp
void indicate_status(Miniport* miniport, NDIS_STATUS status, PVOID buffer, UINT bytes);
void indicate_status_complete(Miniport* miniport);
NDIS_STATUS start_reset(Miniport* miniport, Open* open);
void reset_completed(Miniport* miniport, NDIS_STATUS status, bool addressing);
/// Sends an event to one binding (`open` referenced), or to the protocol as a whole. PASSIVE_LEVEL.
NDIS_STATUS send_pnp_event(Protocol* protocol, Open* open, NET_PNP_EVENT_CODE code, PVOID buffer, ULONG bytes);

// --- serial.cpp
void init_serialisation(Miniport* miniport);
bool serialised(const Miniport* miniport);
/// The calling thread is inside the lock: the miniport cannot be called now, and will be when the lock is left.
bool inside_serialised(const Miniport* miniport);
/// Gives a serialised miniport what waits for it, unless somebody else is at it or inside. <= DISPATCH_LEVEL.
void run_queues(Miniport* miniport);
/// Nobody keeps a received packet any more: MiniportReturnPacket, now or in its turn. <= DISPATCH_LEVEL.
void return_to_miniport(Miniport* miniport, PNDIS_PACKET packet);

// --- miniport.cpp: initialising and halting
NTSTATUS initialize_miniport(Miniport* miniport);
/// Unbinds everything and halts. `surprise`: the device is gone. PASSIVE_LEVEL.
void halt_miniport(Miniport* miniport, bool surprise);
/// MiniportInitialize, and what NDIS wants to know then. PASSIVE_LEVEL.
NDIS_STATUS call_initialize(Miniport* miniport, Released if_failed = Released::initialize_failed);
/// It runs: protocols are offered it, and it is watched. PASSIVE_LEVEL.
void now_runs(Miniport* miniport);
/// With no new use possible: nobody is inside it for somebody else, no request is under way, nothing watches it. PASSIVE_LEVEL.
void quiet_miniport(Miniport* miniport);
/// MiniportHalt; `then` is its state afterwards. PASSIVE_LEVEL.
void call_halt(Miniport* miniport, MiniportState then, Released when = Released::halted);

// --- power.cpp. PASSIVE_LEVEL, all of it.
NTSTATUS query_power(Miniport* miniport, DEVICE_POWER_STATE to);  ///< STATUS_UNSUCCESSFUL: a protocol refuses.
void power_down(Miniport* miniport, DEVICE_POWER_STATE to);       ///< Before the bus takes the power away.
NTSTATUS power_up(Miniport* miniport);                            ///< After it is back.
void fill_handlers(Miniport* miniport);  // exports.cpp: for inlined callers
void fill_handlers(Open* open);

// --- miniport_device.cpp: device objects and their IRPs
void take_over_dispatch(MiniportDriver* owner);

// --- settings.cpp: the command line's words, read once in DriverEntry
extern OpenWay OpensGo;
extern CloseWay ClosesGo;
void read_settings();

// --- control.cpp
NTSTATUS create_control_device(PDRIVER_OBJECT driver);

/// One record of NDIS's own side.
inline void trace(UCHAR kind, USHORT event, USHORT binding, ULONG status, const void* object, ULONG64 arg0 = 0, ULONG64 arg1 = 0, ULONG64 arg2 = 0) {
    RdTraceWrite(RD_SOURCE_NDIS, kind, event, binding, status, reinterpret_cast<ULONG64>(object), arg0, arg1, arg2);
}
inline ULONG64 number(const void* pointer) { return reinterpret_cast<ULONG64>(pointer); }

template <class T>
constexpr T smaller(T a, T b) {
    return a < b ? a : b;
}

/// A seeded choice: true once in `one_in`.
inline bool seeded_choice(ULONG one_in) { return RdRandom(RD_RANDOM_NDIS) % one_in == 0; }

}  // namespace ndis
