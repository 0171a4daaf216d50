// SPDX-License-Identifier: MIT
// agent/win32/com_pointer.hpp
//
// A COM interface, released with its scope.
#pragma once

namespace rundown::win32
{

template <class T> class ComPointer
{
  public:
    ComPointer() = default;
    ~ComPointer()
    {
        reset();
    }
    ComPointer(const ComPointer &) = delete;
    ComPointer &operator=(const ComPointer &) = delete;
    explicit operator bool() const
    {
        return pointer_ != nullptr;
    }
    T *operator->() const
    {
        return pointer_;
    }
    T *get() const
    {
        return pointer_;
    }
    /// Where a function puts the interface; the last one is released.
    T **receive()
    {
        reset();
        return &pointer_;
    }
    void **receive_void()
    {
        return reinterpret_cast<void **>(receive());
    }
    void reset()
    {
        if (pointer_)
            pointer_->Release();
        pointer_ = nullptr;
    }

  private:
    T *pointer_ = nullptr;
};

} // namespace rundown::win32
