// SPDX-License-Identifier: MIT
// nic/virtionet/split_queue.hpp
//
// A split virtqueue (virtio 1.1, 2.6) as arithmetic on memory: no registers, no NDIS types,
// compiled natively by tests/unit/nic with a device side of its own. The owner notifies the device
// when commit() says so, and holds its lock around every call.
//
//   post()  chains descriptors from the free list and puts the head into the available ring (not
//   yet visible) commit() makes what was posted visible, and says whether the device wants to be
//   notified take()  the oldest used chain: its token and the bytes the device wrote
#pragma once
#include <stddef.h>
#include "../common/transmit_frame.hpp"

namespace virtio
{

struct Descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
static_assert(sizeof(Descriptor) == 16);
constexpr uint16_t DESC_F_NEXT = 1, DESC_F_WRITE = 2;
constexpr uint16_t AVAIL_F_NO_INTERRUPT = 1, USED_F_NO_NOTIFY = 1;

struct UsedElement {
    uint32_t id;
    uint32_t length;
};

/// Where the three parts of a queue lie within one block of memory, as the legacy interface
/// prescribes (2.6.2); the modern one takes any addresses, these included.
struct QueueLayout {
    static constexpr uint32_t kAlign = 4096;
    uint32_t available; ///< Offset of the available ring; descriptors are at 0.
    uint32_t used;      ///< Offset of the used ring.
    uint32_t bytes;

    static constexpr QueueLayout of(uint32_t size)
    {
        const uint32_t available = size * 16;
        const uint32_t available_end = available + 6 + 2 * size; // flags, idx, ring, used_event
        const uint32_t used = (available_end + kAlign - 1) / kAlign * kAlign;
        const uint32_t used_end = used + 6 + 8 * size; // flags, idx, ring, avail_event
        return {available, used, (used_end + kAlign - 1) / kAlign * kAlign};
    }
};

/// vring_need_event of the specification (2.6.7.2): whether moving an index from `old` to `now`
/// passes `event`.
constexpr bool
need_event(uint16_t event, uint16_t now, uint16_t old)
{
    return static_cast<uint16_t>(now - event - 1) < static_cast<uint16_t>(now - old);
}

class SplitQueue
{
  public:
    static constexpr uint32_t kSizeMax = 1024;

    /// What take() found.
    struct Used {
        void *token;
        uint32_t written;
    };

    /// An empty queue of `size` descriptors over QueueLayout::of(size).bytes bytes at `memory`.
    void reset(void *memory, uint32_t size, bool event_index)
    {
        const QueueLayout layout = QueueLayout::of(size);
        auto *bytes = static_cast<uint8_t *>(memory);
        for (uint32_t i = 0; i < layout.bytes; ++i) {
            bytes[i] = 0;
        }
        descriptors_ = reinterpret_cast<Descriptor *>(bytes);
        available_ = reinterpret_cast<uint16_t *>(bytes + layout.available);
        used_ = reinterpret_cast<uint16_t *>(bytes + layout.used);
        used_ring_ = reinterpret_cast<UsedElement *>(bytes + layout.used + 4);
        size_ = size;
        event_index_ = event_index;
        broken_ = false;
        free_head_ = 0;
        free_count_ = size;
        next_available_ = committed_ = last_used_ = 0;
        for (uint32_t i = 0; i < size; ++i) {
            descriptors_[i].next = static_cast<uint16_t>(i + 1);
            tokens_[i] = nullptr;
            chain_[i] = 0;
        }
    }

    uint32_t size() const
    {
        return size_;
    }
    uint32_t room() const
    {
        return free_count_;
    }
    uint32_t outstanding() const
    {
        return size_ - free_count_;
    }
    /// The device named a chain it was never given; nothing more is taken from it.
    bool broken() const
    {
        return broken_;
    }

    /// Chains `readable` fragments, then `writable` ones, and queues them. `token` must not be
    /// null.
    nic::PostResult post(
        const nic::Fragment *readable,
        uint32_t reads,
        const nic::Fragment *writable,
        uint32_t writes,
        void *token)
    {
        const uint32_t count = reads + writes;
        if (count == 0 || count > size_) {
            return nic::PostResult::refused;
        }
        if (count > free_count_) {
            return nic::PostResult::full;
        }
        const uint16_t head = free_head_;
        uint16_t index = head;
        for (uint32_t i = 0; i < count; ++i) {
            const nic::Fragment &fragment = i < reads ? readable[i] : writable[i - reads];
            Descriptor &descriptor = descriptors_[index];
            descriptor.address = fragment.address;
            descriptor.length = fragment.length;
            descriptor.flags = i < reads ? uint16_t{0} : DESC_F_WRITE;
            if (i + 1 < count) {
                descriptor.flags |= DESC_F_NEXT;
                index = descriptor.next;
            } else {
                free_head_ = descriptor.next;
            }
        }
        free_count_ -= count;
        chain_[head] = static_cast<uint16_t>(count);
        tokens_[head] = token;
        available_[2 + (next_available_ & (size_ - 1))] = head;
        ++next_available_;
        return nic::PostResult::posted;
    }

    /// True when the device must be notified of what has been posted since the last commit.
    bool commit()
    {
        if (next_available_ == committed_) {
            return false;
        }
        const uint16_t old = committed_;
        committed_ = next_available_;
        nic::device_store(available_[1], committed_);
        // The index must be visible before the device's wish is read, or both sides could wait for
        // each other.
        __sync_synchronize();
        if (event_index_) {
            return need_event(nic::device_load(used_[2 + 4 * size_]), committed_, old);
        }
        return (nic::device_load(used_[0]) & USED_F_NO_NOTIFY) == 0;
    }

    bool has_used() const
    {
        return !broken_ && nic::device_load(used_[1]) != last_used_;
    }

    /// The oldest chain the device has used; false when there is none.
    bool take(Used &result)
    {
        if (!has_used()) {
            return false;
        }
        const UsedElement element = used_ring_[last_used_ & (size_ - 1)];
        if (element.id >= size_ || tokens_[element.id] == nullptr) {
            broken_ = true;
            return false;
        }
        ++last_used_;
        result.token = tokens_[element.id];
        result.written = element.length;
        release(static_cast<uint16_t>(element.id));
        return true;
    }

    /// Any chain still outstanding, null when there is none. For a device that has been reset.
    void *take_back()
    {
        for (uint32_t i = 0; i < size_; ++i) {
            if (tokens_[i] != nullptr) {
                void *token = tokens_[i];
                release(static_cast<uint16_t>(i));
                return token;
            }
        }
        return nullptr;
    }

    /// Asks for no interrupts until enable_interrupts(): a hint, the device may still send one.
    void disable_interrupts()
    {
        if (!event_index_) {
            nic::device_store(available_[0], AVAIL_F_NO_INTERRUPT);
        }
    }

    /// Asks for an interrupt at the next used chain. False when one has been used already: look
    /// again.
    bool enable_interrupts()
    {
        if (event_index_) {
            nic::device_store(available_[2 + size_], last_used_);
        } else {
            nic::device_store(available_[0], uint16_t{0});
        }
        __sync_synchronize();
        return !has_used();
    }

  private:
    void release(uint16_t head)
    {
        const uint16_t count = chain_[head];
        uint16_t last = head;
        for (uint16_t i = 1; i < count; ++i) {
            last = descriptors_[last].next;
        }
        descriptors_[last].next = free_head_;
        free_head_ = head;
        free_count_ += count;
        chain_[head] = 0;
        tokens_[head] = nullptr;
    }

    Descriptor *descriptors_ = nullptr;
    uint16_t *available_ = nullptr; ///< flags, idx, ring[size], used_event
    uint16_t *used_ = nullptr;      ///< flags, idx, ring[size] of UsedElement, avail_event
    UsedElement *used_ring_ = nullptr;
    uint32_t size_ = 0;
    uint32_t free_count_ = 0;
    uint16_t free_head_ = 0;
    uint16_t next_available_ = 0; ///< Index the next post() takes.
    uint16_t committed_ = 0;      ///< What the device has been shown.
    uint16_t last_used_ = 0;
    bool event_index_ = false;
    bool broken_ = false;
    void *tokens_[kSizeMax]{};   ///< By head descriptor.
    uint16_t chain_[kSizeMax]{}; ///< Likewise: descriptors in the chain.
};

} // namespace virtio
