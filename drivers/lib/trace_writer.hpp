// SPDX-License-Identifier: MIT
// lib/trace_writer.hpp
//
// A driver's end of the trace (rundown/trace_abi.h). The ring lies in the window that is shared
// with the host: where the service's parameters say, or where the driver finds it. Else it lies in
// non-paged memory of the driver, to be drained through its control device or found in a dump.
#pragma once
#include <rundown/protocol5_ioctl.h>
#include <rundown/trace_abi.h>

#include "lib/kernel.hpp"
#include "lib/registry.hpp"

namespace rundown
{

/// What a record says beyond who, when and where.
struct TraceRecord {
    rd_trace_kind Kind;
    rd_trace_event Event;
    rd_trace_source Source = RD_SOURCE_DRIVER;
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
    /// Maps the window that RD_P5_PARAM_TRACE_BASE names, or the one it finds when
    /// RD_P5_PARAM_FIND_WINDOW says so, or makes a ring. Without memory for one the writer stays
    /// silent. PASSIVE_LEVEL.
    void Attach(const DriverParameters &parameters);

    /// Nothing may be written afterwards. A ring of our own goes, but for RD_P5_PARAM_KEEP_RING.
    /// PASSIVE_LEVEL.
    void Detach();

    /// Where the trace is. Any IRQL.
    rd_p5_trace_place Place() const;

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
    bool MapWindow(ULONG64 base, ULONG bytes);
    void SearchWindow(ULONG bytes);
    bool AdoptKeptRing(const DriverParameters &parameters);
    void MakeRing();
    void InitializeRing(ULONG64 bytes);

    rd_trace_header *Ring_;
    rd_p5_trace_kind Kind_;
    rd_p5_window_search Search_;
    SIZE_T Bytes_;     // Of the ring.
    ULONG64 Physical_; // Of its first byte; 0: its pages are scattered.
    bool Kept_;        // Our own ring stays when we go.
    ULONG64 Drained_;  // Next sequence to drain.
    ULONG64 Lost_;     // Overwritten before they were drained.
};

} // namespace rundown
