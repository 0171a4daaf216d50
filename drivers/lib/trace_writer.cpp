// SPDX-License-Identifier: MIT
// lib/trace_writer.cpp
#include "lib/trace_writer.hpp"

#include "lib/pool.hpp"

namespace rundown
{
namespace
{

constexpr ULONG TraceTag = PoolTag("RdTr");
constexpr SIZE_T OwnRingBytes = RD_TRACE_HEADER_BYTES + 16384 * RD_TRACE_RECORD_BYTES;

/// A ring somebody else made in the window must be of our format and lie within what we mapped.
bool
IsUsable(const rd_trace_header *ring, ULONG64 bytes)
{
    return ring->magic != RD_TRACE_MAGIC ||
           (ring->version == RD_TRACE_VERSION && ring->record_bytes == RD_TRACE_RECORD_BYTES &&
            ring->capacity != 0 && ring->capacity <= rd_trace_capacity(bytes));
}

/// The record of `sequence`, copied whole: false while its producer has not finished it.
bool
CopyRecord(rd_trace_header *ring, ULONG64 sequence, rd_trace_record *copy)
{
    rd_trace_record *slot = rd_trace_slot(ring, sequence);

    if (__atomic_load_n(&slot->commit, __ATOMIC_ACQUIRE) != sequence + 1) {
        return false;
    }
    RtlCopyMemory(copy, const_cast<const rd_trace_record *>(slot), sizeof(*copy));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&slot->commit, __ATOMIC_RELAXED) == sequence + 1;
}

} // namespace

void
TraceWriter::Attach(ULONG64 windowBase, ULONG windowBytes)
{
    PHYSICAL_ADDRESS base;

    Ring_ = nullptr;
    MappedBytes_ = 0;
    Drained_ = 0;
    Lost_ = 0;
    base.QuadPart = static_cast<LONGLONG>(windowBase);
    if (windowBase != 0 && rd_trace_capacity(windowBytes) != 0) {
        // The window is the host's memory, not registers: cached, as the kernel maps it.
        Ring_ = static_cast<rd_trace_header *>(MmMapIoSpace(base, windowBytes, MmCached));
        MappedBytes_ = Ring_ != nullptr ? windowBytes : 0;
    }
    if (MappedBytes_ != 0 && !IsUsable(Ring_, windowBytes)) {
        MmUnmapIoSpace(Ring_, MappedBytes_);
        Ring_ = nullptr;
        MappedBytes_ = 0;
    }
    if (Ring_ == nullptr) {
        Ring_ = static_cast<rd_trace_header *>(AllocatePool(OwnRingBytes, TraceTag));
    }
    if (Ring_ != nullptr && Ring_->magic != RD_TRACE_MAGIC) {
        InitializeRing(MappedBytes_ != 0 ? MappedBytes_ : OwnRingBytes);
    }
}

void
TraceWriter::Detach()
{
    rd_trace_header *ring = Ring_;

    Ring_ = nullptr;
    if (ring == nullptr) {
        return;
    }
    if (MappedBytes_ != 0) {
        MmUnmapIoSpace(ring, MappedBytes_);
    } else {
        FreePool(ring, TraceTag);
    }
}

/// In the reference guest the kernel has done this long ago; elsewhere whoever maps the window
/// first does.
void
TraceWriter::InitializeRing(ULONG64 bytes)
{
    LARGE_INTEGER frequency;
    const LARGE_INTEGER now = KeQueryPerformanceCounter(&frequency);

    Ring_->version = RD_TRACE_VERSION;
    Ring_->record_bytes = RD_TRACE_RECORD_BYTES;
    Ring_->capacity = rd_trace_capacity(bytes);
    Ring_->frequency_hz = static_cast<ULONG64>(frequency.QuadPart);
    Ring_->boot_id = static_cast<ULONG64>(now.QuadPart) ^ TraceValue(Ring_);
    Ring_->head = 0;
    __atomic_store_n(&Ring_->magic, RD_TRACE_MAGIC, __ATOMIC_RELEASE);
}

void
TraceWriter::Write(const TraceRecord &what)
{
    ULONG64 sequence;

    if (Ring_ == nullptr) {
        return;
    }

    rd_trace_record *record = rd_trace_reserve(Ring_, &sequence);

    record->time = static_cast<ULONG64>(KeQueryPerformanceCounter(nullptr).QuadPart);
    record->thread = static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(PsGetCurrentThreadId()));
    record->processor = static_cast<UCHAR>(KeGetCurrentProcessorNumber());
    record->irql = KeGetCurrentIrql();
    record->source = RD_SOURCE_DRIVER;
    record->kind = what.Kind;
    record->event = what.Event;
    record->binding = what.Binding;
    record->status = what.Status;
    record->object = what.Object;
    record->arg[0] = what.Arguments[0];
    record->arg[1] = what.Arguments[1];
    record->arg[2] = what.Arguments[2];
    rd_trace_publish(record, sequence);
}

USHORT
TraceWriter::DrawBindingNumber()
{
    static ULONG64 withoutRing;
    volatile ULONG64 *last = Ring_ != nullptr ? &Ring_->driver_bindings : &withoutRing;
    USHORT number;

    do {
        number = static_cast<USHORT>(__atomic_add_fetch(last, 1, __ATOMIC_RELAXED));
    } while (number == 0);
    return number;
}

ULONG
TraceWriter::Drain(void *buffer, ULONG bytes)
{
    if (Ring_ == nullptr || MappedBytes_ != 0 || bytes < sizeof(rd_p5_trace_chunk)) {
        return 0;
    }

    const ULONG64 head = __atomic_load_n(&Ring_->head, __ATOMIC_ACQUIRE);
    const ULONG64 oldest = head > Ring_->capacity ? head - Ring_->capacity : 0;

    if (Drained_ < oldest) {
        Lost_ += oldest - Drained_;
        Drained_ = oldest;
    }

    auto *chunk = static_cast<rd_p5_trace_chunk *>(buffer);
    auto *records = reinterpret_cast<rd_trace_record *>(chunk + 1);
    const ULONG room = (bytes - sizeof(*chunk)) / sizeof(rd_trace_record);
    ULONG count = 0;

    while (count < room && Drained_ + count < head &&
           CopyRecord(Ring_, Drained_ + count, &records[count])) {
        ++count;
    }
    chunk->first_sequence = Drained_;
    chunk->lost = Lost_;
    chunk->frequency_hz = Ring_->frequency_hz;
    chunk->count = count;
    chunk->reserved = 0;
    Drained_ += count;
    return sizeof(*chunk) + count * sizeof(rd_trace_record);
}

} // namespace rundown
