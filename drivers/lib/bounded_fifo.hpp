// SPDX-License-Identifier: MIT
// lib/bounded_fifo.hpp
//
// A first-in first-out queue of at most `Capacity` plain values, in place. Pure; the owner's lock
// protects it.
#pragma once
#include <stdint.h>

namespace rundown
{

template <typename Value, uint32_t Capacity> class BoundedFifo
{
  public:
    /// False, and nothing stored, when full.
    bool Push(Value value)
    {
        if (Count_ == Capacity) {
            return false;
        }
        Values_[(First_ + Count_) % Capacity] = value;
        ++Count_;
        return true;
    }

    /// Takes out the oldest. False when empty.
    bool Pop(Value *value)
    {
        if (Count_ == 0) {
            return false;
        }
        *value = Values_[First_];
        First_ = (First_ + 1) % Capacity;
        --Count_;
        return true;
    }

    uint32_t Count() const
    {
        return Count_;
    }

  private:
    Value Values_[Capacity] = {};
    uint32_t First_ = 0;
    uint32_t Count_ = 0;
};

} // namespace rundown
