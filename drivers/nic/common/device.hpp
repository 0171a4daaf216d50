// SPDX-License-Identifier: MIT
// nic/common/device.hpp
//
// What a model of NIC (e1000, virtio-net) does for the miniport around it. The miniport (the other
// files of this folder) owns packets, NDIS's rules and the order of things; a Device owns registers
// and rings, and never calls NDIS up.
//
// The miniport holds the locks that each group below names, so a Device has none of its own. Any
// call may find the card gone: registers then read as all ones, which must neither hang nor be
// believed.
#pragma once
#include "frame_filter.hpp"
#include "ndis_miniport.hpp"
#include "oid_table.hpp"
#include "pci_function.hpp"
#include "transmit_frame.hpp"

namespace nic
{

/// A buffer of the adapter's receive pool: shared memory with an NDIS packet over it.
struct ReceiveBuffer {
    ReceiveBuffer *next; ///< In the pool's free list.
    NDIS_PACKET *packet;
    NDIS_BUFFER *buffer;
    uint8_t *frame; ///< Where the frame starts; the device may use frame_offset bytes before it.
    uint64_t frame_address; ///< Its physical address.
};

/// Bytes from the start of a frame to the end of its receive buffer: what the 82540EM wants, and
/// more than a frame.
constexpr uint32_t kReceiveBytes = 2048;

/// A receive buffer the device has filled.
struct Received {
    ReceiveBuffer *buffer;
    uint32_t length;
    bool good; ///< A whole frame without errors, of a legal length.
};

/// Facts of a model.
struct DeviceModel {
    const char *description; ///< OID_GEN_VENDOR_DESCRIPTION
    uint32_t vendor_id;      ///< OID_GEN_VENDOR_ID
    uint32_t pool_tag;       ///< Of the adapter's memory.
    uint32_t frame_offset;   ///< Bytes a device needs before a received frame, a multiple of 16.
    uint32_t receive_slots;  ///< Buffers its ring holds.
    size_t device_bytes;     ///< sizeof the class derived from Device.
    class Device *(*construct)(void *memory);
};

class Device
{
  public:
    struct Link {
        bool up;
        uint32_t speed_100bps;
    };

    // --- PASSIVE_LEVEL, from MiniportInitialize and MiniportHalt; no lock.

    /// Maps registers, allocates rings and reads the station address. The card is quiet afterwards.
    /// On failure the caller calls release() all the same.
    virtual NDIS_STATUS acquire(NDIS_HANDLE miniport, const PciFunction &function) = 0;
    /// Gives back what acquire() got. The card has been stopped.
    virtual void release() = 0;
    /// The address in the card's memory; zero when it has none.
    virtual MacAddress permanent_address() const = 0;
    /// Frames of one fragment the transmit ring holds.
    virtual uint32_t transmit_slots() const = 0;

    // --- Both locks, <= DISPATCH_LEVEL.

    /// Resets the card and brings it up with empty rings and `filter`; an interrupt it raises
    /// before enable_interrupts() is not lost. False: it does not answer.
    virtual bool start(const FrameFilter &filter) = 0;
    /// Ends all DMA and interrupts; what the rings still hold comes back through take_back_*().
    /// Idempotent.
    virtual void stop() = 0;
    /// Lets interrupts through. False when there is work already: serve it and call again.
    virtual bool enable_interrupts(NDIS_MINIPORT_INTERRUPT &interrupt) = 0;
    /// Adds what the card has counted since the last call.
    virtual void add_statistics(Statistics &statistics) = 0;
    /// The card has been pulled out: no register is touched any more.
    void forget_hardware()
    {
        gone_ = true;
    }

    // --- DIRQL.

    /// Whether this card raised the interrupt; if so it is quiet until enable_interrupts().
    virtual bool interrupt() = 0;

    // --- Send lock.

    /// Queues a frame. fragments[0] and fragments[count + 1] are the device's to use; the frame is
    /// fragments[1..count].
    virtual PostResult
    transmit(Fragment *fragments, uint32_t count, uint32_t bytes, void *token) = 0;
    /// Tells the card of what has been queued since the last call.
    virtual void flush_transmits() = 0;
    /// The oldest frame the card is done with, or null; `sent` says whether it went out.
    virtual void *reap_transmit(bool &sent) = 0;
    /// Any frame still queued, or null; after stop().
    virtual void *take_back_transmit() = 0;
    /// Whether the card must be reset: it has frames to send and has not moved since the last call,
    /// or says so itself.
    virtual bool stalled() = 0;

    // --- Receive lock.

    /// False when the ring is full.
    virtual bool post_receive(ReceiveBuffer &buffer) = 0;
    virtual void flush_receives() = 0;
    virtual bool take_receive(Received &received) = 0;
    virtual ReceiveBuffer *take_back_receive() = 0;
    /// Asks the card for a filter: done at once (true), or reported by filter_settled() later
    /// (false).
    virtual bool apply_filter(const FrameFilter &filter) = 0;
    /// Whether the last filter asked for is in force; `accepted` says whether the card took it.
    /// Called at every interrupt.
    virtual bool filter_settled(bool &accepted) = 0;
    /// Whether the link may have changed since the last call.
    virtual bool take_link_event() = 0;
    virtual Link link() = 0;

  protected:
    bool gone_ = false;
};

/// Each driver's one model.
extern const DeviceModel device_model;

} // namespace nic
