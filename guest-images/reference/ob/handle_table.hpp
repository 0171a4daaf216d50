// SPDX-License-Identifier: MIT
// ob/handle_table.hpp
//
// Which slot of the handle table is whose: pure bookkeeping, no lock and no memory of its own (tests/unit/ob). A closed
// slot is used again as late as possible, so that a handle closed twice or used after its close is seen, not mistaken for
// somebody's new one.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ob {

/// One open handle; free when `object` is null.
struct HandleEntry {
    void* object = nullptr;
    std::uint32_t access = 0;
    std::uint32_t attributes = 0;
    std::uint32_t next_free = 0;
};

/// Slots 1..capacity-1; slot 0 stays unused, so that no handle is null. The caller provides memory, and exclusion.
class HandleTable {
  public:
    /// How many free slots rest before one is used again.
    static constexpr std::uint32_t kRest = 64;
    static constexpr std::uint32_t kCapacityMax = 1u << 20;

    std::uint32_t capacity() const { return capacity_; }
    std::uint32_t used() const { return used_; }
    /// Whether the next allocate() needs extend() first.
    bool must_grow() const { return free_ <= kRest; }
    /// The capacity to extend to; the present one if the table may not grow any more.
    std::uint32_t next_capacity() const {
        if (capacity_ == 0) return 4 * kRest;
        return capacity_ >= kCapacityMax ? capacity_ : 2 * capacity_;
    }

    /// Moves to bigger memory of `capacity` entries and returns the old, to be freed. Anything not bigger is returned itself.
    HandleEntry* extend(HandleEntry* entries, std::uint32_t capacity) {
        if (capacity <= capacity_) return entries;
        for (std::uint32_t slot = 0; slot < capacity_; ++slot) entries[slot] = entries_[slot];
        for (std::uint32_t slot = capacity_; slot < capacity; ++slot) entries[slot] = HandleEntry{};
        HandleEntry* old = entries_;
        const std::uint32_t first = capacity_ ? capacity_ : 1;
        entries_ = entries;
        capacity_ = capacity;
        for (std::uint32_t slot = first; slot < capacity; ++slot) append_free(slot);
        return old;
    }

    /// A slot for an object; 0 when none is free.
    std::uint32_t allocate(void* object, std::uint32_t access, std::uint32_t attributes) {
        const std::uint32_t slot = first_free_;
        if (slot == 0) return 0;
        first_free_ = entries_[slot].next_free;
        if (first_free_ == 0) last_free_ = 0;
        --free_;
        ++used_;
        entries_[slot] = {object, access, attributes, 0};
        return slot;
    }

    /// The open handle in a slot; null when there is none.
    HandleEntry* find(std::uint64_t slot) {
        if (slot == 0 || slot >= capacity_ || entries_[slot].object == nullptr) return nullptr;
        return &entries_[slot];
    }

    /// Frees a slot that find() knows.
    void release(std::uint32_t slot) {
        entries_[slot] = HandleEntry{};
        --used_;
        append_free(slot);
    }

  private:
    void append_free(std::uint32_t slot) {
        if (last_free_)
            entries_[last_free_].next_free = slot;
        else
            first_free_ = slot;
        last_free_ = slot;
        ++free_;
    }

    HandleEntry* entries_ = nullptr;
    std::uint32_t capacity_ = 0, used_ = 0, free_ = 0, first_free_ = 0, last_free_ = 0;
};

}  // namespace ob
