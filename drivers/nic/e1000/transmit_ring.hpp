// SPDX-License-Identifier: MIT
// nic/e1000/transmit_ring.hpp
//
// The legacy transmit ring: which descriptors belong to the device, and which frame each group of
// them carries. Memory only; the owner writes TDT (tail()) to the card after post(), and feeds
// nothing else. The owner's send lock guards it.
//
//   reap_ ... next_ (exclusive)  belong to the device; one entry always stays empty, since head ==
//   tail means "empty".
#pragma once
#include <stddef.h>
#include "../common/transmit_frame.hpp"
#include "registers.hpp"

namespace e1000
{

class TransmitRing
{
  public:
    static constexpr uint32_t kSlots = 256;

    /// A ring over kSlots descriptors at `memory`, all of them the driver's.
    void reset(TxDescriptor *memory)
    {
        descriptors_ = memory;
        reap_ = next_ = 0;
        frames_ = 0;
        for (uint32_t i = 0; i < kSlots; ++i) {
            descriptors_[i] = TxDescriptor{};
            tokens_[i] = nullptr;
        }
    }

    uint32_t room() const
    {
        return kSlots - 1 - index_.distance(reap_, next_);
    }
    uint32_t frames() const
    {
        return frames_;
    }
    uint32_t tail() const
    {
        return next_;
    }

    /// Hands `count` fragments to the device as one frame; empty ones are left out.
    nic::PostResult post(const nic::Fragment *fragments, uint32_t count, void *token)
    {
        uint32_t used = 0;
        for (uint32_t i = 0; i < count; ++i) {
            if (fragments[i].length > kTxLengthMax) {
                return nic::PostResult::refused;
            }
            used += fragments[i].length != 0 ? 1 : 0;
        }
        if (used == 0 || used > kSlots - 1) {
            return nic::PostResult::refused;
        }
        if (used > room()) {
            return nic::PostResult::full;
        }
        const uint32_t first = next_;
        uint32_t last = first;
        for (uint32_t i = 0; i < count; ++i) {
            if (fragments[i].length == 0) {
                continue;
            }
            last = next_;
            fill(descriptors_[last], fragments[i]);
            next_ = index_.next(next_);
        }
        descriptors_[last].command |= TXD_EOP | TXD_RS;
        tokens_[first] = token;
        last_of_[first] = static_cast<uint16_t>(last);
        ++frames_;
        return nic::PostResult::posted;
    }

    /// The oldest frame's token when the device is done with it, else null. `status` is the last
    /// descriptor's.
    void *reap(uint8_t *status)
    {
        if (frames_ == 0) {
            return nullptr;
        }
        *status = nic::device_load(descriptors_[last_of_[reap_]].status);
        return (*status & TXD_DD) != 0 ? release_oldest() : nullptr;
    }

    /// The oldest frame's token whether or not it was sent, else null. For a device that has been
    /// stopped.
    void *take_back()
    {
        return frames_ != 0 ? release_oldest() : nullptr;
    }

  private:
    static void fill(TxDescriptor &descriptor, const nic::Fragment &fragment)
    {
        descriptor.address = fragment.address;
        descriptor.length = static_cast<uint16_t>(fragment.length);
        descriptor.checksum_offset = 0;
        descriptor.command = TXD_IFCS;
        descriptor.status = 0;
        descriptor.checksum_start = 0;
        descriptor.special = 0;
    }

    void *release_oldest()
    {
        void *token = tokens_[reap_];
        tokens_[reap_] = nullptr;
        reap_ = index_.next(last_of_[reap_]);
        --frames_;
        return token;
    }

    static constexpr nic::RingIndex index_{kSlots};
    TxDescriptor *descriptors_ = nullptr;
    uint32_t reap_ = 0; ///< First descriptor of the oldest frame the device holds.
    uint32_t next_ = 0; ///< Where the next frame goes; what TDT is set to.
    uint32_t frames_ = 0;
    void *tokens_[kSlots]{};     ///< By a frame's first descriptor.
    uint16_t last_of_[kSlots]{}; ///< Likewise: its last descriptor.
};
static_assert(nic::is_power_of_two(TransmitRing::kSlots));

} // namespace e1000
