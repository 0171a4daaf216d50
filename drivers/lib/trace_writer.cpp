// SPDX-License-Identifier: MIT
// lib/trace_writer.cpp
#include "lib/trace_writer.hpp"

#include "lib/pool.hpp"
#include "lib/window_search.hpp"

namespace rundown
{
namespace
{

constexpr ULONG TraceTag = PoolTag("RdTr");
constexpr SIZE_T OwnRingBytes = RD_TRACE_HEADER_BYTES + 16384 * RD_TRACE_RECORD_BYTES;
constexpr ULONG FoundWindowBytes = 1024 * 1024; // Of a window we find, unless we are told.
constexpr WCHAR KeptRingNote[] = L"TraceRing";  // Virtual address of a ring that was kept.

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
TraceWriter::Attach(const DriverParameters &parameters)
{
    const ULONG64 base = parameters.Quad(RD_P5_PARAM_TRACE_BASE, 0);
    const bool keep = parameters.Number(RD_P5_PARAM_KEEP_RING, 0) != 0;

    *this = TraceWriter{};
    if (base != 0 && MapWindow(base, parameters.Number(RD_P5_PARAM_TRACE_BYTES, 0))) {
        Kind_ = RD_P5_TRACE_GIVEN;
    } else if (base == 0 && parameters.Number(RD_P5_PARAM_FIND_WINDOW, 0) != 0) {
        SearchWindow(parameters.Number(RD_P5_PARAM_TRACE_BYTES, FoundWindowBytes));
    }
    if (Ring_ == nullptr && !(keep && AdoptKeptRing(parameters))) {
        MakeRing();
    }
    if (Ring_ == nullptr) {
        return;
    }
    if (Ring_->magic != RD_TRACE_MAGIC) {
        InitializeRing(Bytes_);
    }
    // A ring nobody could find again would be a leak.
    Kept_ = keep && Kind_ == RD_P5_TRACE_OWN &&
            parameters.NoteForThisBoot(KeptRingNote, TraceValue(Ring_));
}

void
TraceWriter::Detach()
{
    rd_trace_header *ring = Ring_;

    Ring_ = nullptr;
    if (ring == nullptr) {
        return;
    }
    if (Kind_ != RD_P5_TRACE_OWN) {
        MmUnmapIoSpace(ring, Bytes_);
        return;
    }
    if (Kept_) {
        return;
    }
    // In a dump taken later this memory must not look like a ring.
    __atomic_store_n(&ring->magic, 0, __ATOMIC_RELEASE);
    if (Physical_ != 0) {
        MmFreeContiguousMemory(ring);
    } else {
        FreePool(ring, TraceTag);
    }
}

rd_p5_trace_place
TraceWriter::Place() const
{
    return {
        static_cast<ULONG>(Kind_),
        static_cast<ULONG>(Search_),
        Physical_,
        Bytes_,
        Ring_ != nullptr ? Ring_->frequency_hz : 0};
}

/// Maps what may be the window. On failure nothing is mapped, and Search_ says why.
bool
TraceWriter::MapWindow(ULONG64 base, ULONG bytes)
{
    PHYSICAL_ADDRESS address;

    if (rd_trace_capacity(bytes) == 0) {
        return false;
    }
    // The window is the host's memory, not registers: cached, where the system allows that.
    address.QuadPart = static_cast<LONGLONG>(base);
    Ring_ = static_cast<rd_trace_header *>(MmMapIoSpace(address, bytes, MmCached));
    if (Ring_ == nullptr) {
        Ring_ = static_cast<rd_trace_header *>(MmMapIoSpace(address, bytes, MmNonCached));
    }
    if (Ring_ == nullptr) {
        Search_ = RD_P5_WINDOW_NOT_MAPPED;
        return false;
    }
    if (!IsUsable(Ring_, bytes)) {
        MmUnmapIoSpace(Ring_, bytes);
        Ring_ = nullptr;
        Search_ = RD_P5_WINDOW_FOREIGN;
        return false;
    }
    Bytes_ = bytes;
    Physical_ = base;
    return true;
}

void
TraceWriter::SearchWindow(ULONG bytes)
{
    const WindowPlace place = FindWindow(bytes);

    Search_ = place.Verdict;
    if (place.Verdict == RD_P5_WINDOW_FOUND && MapWindow(place.Base, bytes)) {
        Kind_ = RD_P5_TRACE_FOUND;
    }
}

/// The ring that an earlier life of the driver left behind, in this boot.
bool
TraceWriter::AdoptKeptRing(const DriverParameters &parameters)
{
    const ULONG64 address = parameters.NotedThisBoot(KeptRingNote);
    auto *ring = reinterpret_cast<rd_trace_header *>(static_cast<ULONG_PTR>(address));

    // The note is volatile: the address is of this boot. That the memory is still a ring of this
    // version is checked all the same.
    if (address == 0 || !MmIsAddressValid(ring) || ring->magic != RD_TRACE_MAGIC ||
        !IsUsable(ring, OwnRingBytes)) {
        return false;
    }
    Ring_ = ring;
    Kind_ = RD_P5_TRACE_OWN;
    Bytes_ = OwnRingBytes;
    Physical_ = ring->physical;
    return true;
}

/// Pages in a row, so that the ring can be read out of a dump of physical memory; scattered ones
/// where there are none left.
void
TraceWriter::MakeRing()
{
    PHYSICAL_ADDRESS highest;

    highest.QuadPart = ~0ll;
    Ring_ = static_cast<rd_trace_header *>(MmAllocateContiguousMemory(OwnRingBytes, highest));
    if (Ring_ != nullptr) {
        RtlZeroMemory(Ring_, OwnRingBytes);
        Physical_ = static_cast<ULONG64>(MmGetPhysicalAddress(Ring_).QuadPart);
    } else {
        Ring_ = static_cast<rd_trace_header *>(AllocatePool(OwnRingBytes, TraceTag));
        Physical_ = 0;
    }
    Kind_ = Ring_ != nullptr ? RD_P5_TRACE_OWN : RD_P5_TRACE_NONE;
    Bytes_ = Ring_ != nullptr ? OwnRingBytes : 0;
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
    Ring_->physical = Kind_ == RD_P5_TRACE_OWN ? Physical_ : 0;
    Ring_->bytes = Kind_ == RD_P5_TRACE_OWN ? bytes : 0;
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
    record->source = what.Source;
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
    if (Ring_ == nullptr || Kind_ != RD_P5_TRACE_OWN || bytes < sizeof(rd_p5_trace_chunk)) {
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
