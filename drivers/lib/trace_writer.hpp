// SPDX-License-Identifier: MIT
// lib/trace_writer.hpp
//
// A driver's end of the trace (rundown/trace_abi.h). The ring lies in the window whose physical
// address the service's parameters give, shared with the guest's kernel and read by the host, or
// else in non-paged memory of the driver, to be drained through its control device.
#pragma once
#include <rundown/protocol5_ioctl.h>
#include <rundown/trace_abi.h>

#include "lib/kernel.hpp"

namespace rundown
{

/// What a record says beyond who, when and where.
struct TraceRecord {
    rd_trace_kind Kind;
    rd_trace_event Event;
    USHORT Binding = 0;
    ULONG Status = 0;
    ULONG64 Object = 0;
    ULONG64 Arguments[3] = {};
};

/// Pointers and handles as the trace has them: zero-extended on i386.
inline ULONG64
TraceValue(const volatile void *pointer)
{
    return reinterpret_cast<ULONG_PTR>(pointer);
}

class TraceWriter
{
  public:
    /// Maps the window, or makes a ring. Without memory for one the writer stays silent.
    /// PASSIVE_LEVEL.
    void Attach(ULONG64 windowBase, ULONG windowBytes);

    /// Nothing may be written afterwards. PASSIVE_LEVEL.
    void Detach();

    /// Any IRQL, any processor; never waits. Time, thread, processor and IRQL are filled in here.
    void Write(const TraceRecord &what);

    /// A number for a new binding that no binding before it had, in this boot where the window
    /// outlives the driver. Never 0. Any IRQL.
    USHORT DrawBindingNumber();

    /// Copies the oldest records nobody has drained yet: a rd_p5_trace_chunk and what fits after
    /// it. Returns bytes written, 0 when `bytes` is too small or the ring is the host's own window.
    /// One caller at a time.
    ULONG Drain(void *buffer, ULONG bytes);

  private:
    void InitializeRing(ULONG64 bytes);

    rd_trace_header *Ring_;
    SIZE_T MappedBytes_; // Of the window; 0 when the ring is ours.
    ULONG64 Drained_;    // Next sequence to drain.
    ULONG64 Lost_;       // Overwritten before they were drained.
};

} // namespace rundown
