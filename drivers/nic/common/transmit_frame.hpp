// SPDX-License-Identifier: MIT
// nic/common/transmit_frame.hpp
//
// What a ring is told of a frame to send: where its bytes lie in physical memory, and the owner's
// mark that comes back when the device has read them. No NDIS types.
#pragma once
#include <stdint.h>

namespace nic
{

/// One stretch of physically contiguous memory.
struct Fragment {
    uint64_t address;
    uint32_t length;
};

enum class PostResult {
    posted,  ///< The ring has it; the token comes back from reap() or take_back().
    full,    ///< No room now; there will be when something has been reaped.
    refused, ///< It can never fit: too many fragments, or one too long.
};

/// Index arithmetic of a ring whose size is a power of two.
class RingIndex
{
  public:
    constexpr explicit RingIndex(uint32_t count) : mask_(count - 1)
    {
    }
    constexpr uint32_t next(uint32_t index) const
    {
        return (index + 1) & mask_;
    }
    constexpr uint32_t count() const
    {
        return mask_ + 1;
    }
    /// Entries from `from` (inclusive) to `to` (exclusive).
    constexpr uint32_t distance(uint32_t from, uint32_t to) const
    {
        return (to - from) & mask_;
    }

  private:
    uint32_t mask_;
};

constexpr bool
is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/// Acquire/release access to memory a device also writes: on x86 the processor keeps the order, the
/// compiler must too.
template <typename T>
inline T
device_load(const T &field)
{
    T value = __atomic_load_n(&field, __ATOMIC_ACQUIRE);
    return value;
}

template <typename T>
inline void
device_store(T &field, T value)
{
    __atomic_store_n(&field, value, __ATOMIC_RELEASE);
}

} // namespace nic
