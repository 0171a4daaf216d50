// SPDX-License-Identifier: MIT
// nic/common/adapter.hpp
//
// One adapter: what NDIS's MiniportAdapterContext points at, and the parts of the miniport that
// work on it.
//
// Locks: `receive_lock`, then `send_lock`; both are taken to change `state`, either to read it. No
// lock is held while NDIS is called up (send complete, receive, status, request complete): a
// protocol may call straight back.
//
// Life: initializing -> running <-> resetting; any -> halted. `removed` beside it says that the
// card is gone.
#pragma once
#include "device.hpp"
#include "packet_queue.hpp"
#include "receive_pool.hpp"

namespace nic
{

enum class AdapterState {
    initializing, ///< Not started yet.
    running,      ///< Sends and receives.
    resetting,    ///< MiniportReset is at work: sends are refused.
    halted,       ///< Stopped for good.
};

/// Fragments of one frame, and two of the device's.
constexpr uint32_t kFragmentsMax = 128;

struct Adapter {
    NDIS_HANDLE miniport = nullptr;
    Device *device = nullptr;
    PciFunction function;

    NDIS_SPIN_LOCK receive_lock{};
    NDIS_SPIN_LOCK send_lock{};
    AdapterState state = AdapterState::initializing;
    bool removed = false;
    bool serialized = false; ///< NDIS makes one call at a time. Set before it makes any.

    // Send lock.
    PacketQueue waiting;  ///< Not yet in the card's ring.
    uint32_t in_ring = 0; ///< Packets the card has.
    Fragment fragments[kFragmentsMax + 2];
    Statistics sent; ///< The transmit half of the statistics.

    // Receive lock.
    ReceivePool pool;
    uint32_t receives_out = 0;   ///< Packets indicated and not returned.
    bool halt_waits = false;     ///< MiniportHalt waits for receives_out to reach zero.
    bool filter_pending = false; ///< A set request is complete when the card has the filter.
    FrameFilter filter;
    Statistics received;
    Device::Link link{};
    uint32_t lookahead = kPayloadBytesMax;

    NDIS_EVENT all_returned{};
    NDIS_MINIPORT_INTERRUPT interrupt{};
    int32_t interrupt_claims = 0; ///< See MiniportHandleInterrupt.
    NDIS_MINIPORT_TIMER again{};  ///< Goes on with a flood after other work has had its turn.
    int32_t again_armed = 0;      ///< The timer is set and its function has not begun.
    int32_t again_running = 0;    ///< Calls of its function that have not returned.
    MacAddress permanent_address{};

    // What MiniportInitialize has done so far, for destroy_adapter.
    bool has_locks = false;
    bool has_interrupt = false;
    bool has_shutdown_handler = false;
};

inline Adapter &
adapter_of(NDIS_HANDLE context)
{
    return *static_cast<Adapter *>(context);
}

// --- adapter.cpp

/// Undoes everything MiniportInitialize did, in reverse, from whatever point it reached; waits for
/// packets that protocols still hold. The card must be stopped. PASSIVE_LEVEL.
void destroy_adapter(Adapter *adapter);
/// Starts the card and fills its ring. Both locks.
bool start_device(Adapter &adapter);
/// Stops the card and takes everything back from its rings: frames to `unsent`, buffers to the
/// pool. Both locks.
void stop_device(Adapter &adapter, PacketQueue &unsent);

// --- send.cpp

/// Moves waiting frames into the ring; those that cannot be sent go to `done`. Send lock.
void pump_sends(Adapter &adapter, PacketQueue &done);
/// Completes what the card has sent, `budget` frames at most, takes them off the budget, and
/// refills the ring. DISPATCH_LEVEL, no lock.
void complete_sends(Adapter &adapter, uint32_t &budget);
/// Gives packets back to NDIS with the status set in each. <= DISPATCH_LEVEL, no lock.
void finish_packets(Adapter &adapter, PacketQueue &packets);
/// Sets one status in all of them. No lock needed: they are the caller's.
void set_status(PacketQueue &packets, NDIS_STATUS status);

// --- receive.cpp

/// Indicates what the card has received, `budget` frames at most, and takes them off the budget.
/// DISPATCH_LEVEL, no lock.
void receive_frames(Adapter &adapter, uint32_t &budget);
/// Posts free buffers to the card. Receive lock.
void refill_ring(Adapter &adapter);

// --- interrupt.cpp

/// Makes the timer usable. From MiniportInitialize.
void prepare_again(Adapter &adapter);
/// Returns when the timer is not set and its function does not run. The adapter is not running.
/// PASSIVE_LEVEL.
void stop_again(Adapter &adapter);

// --- The handlers of NDIS_MINIPORT_CHARACTERISTICS; contracts as the DDK documents them.

extern "C" {
NDIS_STATUS NTAPI MiniportInitialize(
    PNDIS_STATUS open_error_status,
    PUINT selected_medium,
    PNDIS_MEDIUM media,
    UINT media_count,
    NDIS_HANDLE miniport,
    NDIS_HANDLE configuration);
VOID NTAPI MiniportHalt(NDIS_HANDLE context);
VOID NTAPI MiniportShutdown(PVOID context);
NDIS_STATUS NTAPI MiniportReset(PBOOLEAN addressing_reset, NDIS_HANDLE context);
BOOLEAN NTAPI MiniportCheckForHang(NDIS_HANDLE context);
VOID NTAPI MiniportPnPEventNotify(
    NDIS_HANDLE context, NDIS_DEVICE_PNP_EVENT event, PVOID information, ULONG length);
VOID NTAPI MiniportIsr(PBOOLEAN recognized, PBOOLEAN queue_handler, NDIS_HANDLE context);
VOID NTAPI MiniportHandleInterrupt(NDIS_HANDLE context);
VOID NTAPI MiniportSendPackets(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count);
VOID NTAPI MiniportCancelSendPackets(NDIS_HANDLE context, PVOID cancel_id);
VOID NTAPI MiniportReturnPacket(NDIS_HANDLE context, PNDIS_PACKET packet);
NDIS_STATUS NTAPI MiniportQueryInformation(
    NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG length, PULONG written, PULONG needed);
NDIS_STATUS NTAPI MiniportSetInformation(
    NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG length, PULONG read, PULONG needed);
}

} // namespace nic
