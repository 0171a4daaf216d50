// SPDX-License-Identifier: MIT
// nic/e1000/receive_ring.hpp
//
// The legacy receive ring: buffers posted to the device in order and taken back in order. Memory
// only; the owner writes RDT (tail()) to the card after post(). The owner's receive lock guards it.
#pragma once
#include <stddef.h>
#include "../common/transmit_frame.hpp"
#include "registers.hpp"

namespace e1000
{

/// What the device says of one filled buffer.
struct ReceivedFrame {
    void *token;     ///< Of post().
    uint32_t length; ///< Without the frame check sequence (RCTL.SECRC).
    uint8_t errors;  ///< kRxdBad bits.
    bool whole;      ///< First and only piece: with 2048-byte buffers anything else is an over-long
                     ///< frame.
};

class ReceiveRing
{
  public:
    static constexpr uint32_t kSlots = 256;

    /// A ring over kSlots descriptors at `memory`, none of them posted.
    void reset(RxDescriptor *memory)
    {
        descriptors_ = memory;
        take_ = next_ = 0;
        continued_ = false;
        for (uint32_t i = 0; i < kSlots; ++i) {
            descriptors_[i] = RxDescriptor{};
            tokens_[i] = nullptr;
        }
    }

    uint32_t posted() const
    {
        return index_.distance(take_, next_);
    }
    uint32_t tail() const
    {
        return next_;
    }

    /// Gives the device a buffer; false when the ring is full.
    bool post(uint64_t address, void *token)
    {
        if (posted() == kSlots - 1) {
            return false;
        }
        RxDescriptor &descriptor = descriptors_[next_];
        descriptor = RxDescriptor{};
        descriptor.address = address;
        tokens_[next_] = token;
        next_ = index_.next(next_);
        return true;
    }

    /// The next buffer the device has filled; false when there is none.
    bool take(ReceivedFrame &frame)
    {
        if (posted() == 0) {
            return false;
        }
        RxDescriptor &descriptor = descriptors_[take_];
        const uint8_t status = nic::device_load(descriptor.status);
        if ((status & RXD_DD) == 0) {
            return false;
        }
        const bool last = (status & RXD_EOP) != 0;
        frame.token = tokens_[take_];
        frame.length = descriptor.length;
        frame.errors = descriptor.errors & kRxdBad;
        frame.whole = last && !continued_;
        continued_ = !last;
        tokens_[take_] = nullptr;
        take_ = index_.next(take_);
        return true;
    }

    /// Any posted buffer, oldest first, null when none is left. For a device that has been stopped.
    void *take_back()
    {
        if (posted() == 0) {
            return nullptr;
        }
        void *token = tokens_[take_];
        tokens_[take_] = nullptr;
        take_ = index_.next(take_);
        return token;
    }

  private:
    static constexpr nic::RingIndex index_{kSlots};
    RxDescriptor *descriptors_ = nullptr;
    uint32_t take_ = 0; ///< Next descriptor the device fills.
    uint32_t next_ = 0; ///< Where the next buffer is posted; what RDT is set to.
    bool continued_ = false;
    void *tokens_[kSlots]{};
};
static_assert(nic::is_power_of_two(ReceiveRing::kSlots));

} // namespace e1000
