// SPDX-License-Identifier: MIT
// ke/trace.cpp
//
// The ivshmem window (PCI 1af4:1110, BAR 2): found by a scan of bus 0, mapped write-back. The trace ring is in it, initialised
// with the magic stored last; the last 256 KiB are the agent's line to the host (rundown/line_abi.h). QEMU's docs/specs/ivshmem-spec.txt; rundown/trace_abi.h.
#include <rundown/line_abi.h>

#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

rd_trace_header* ring;
SIZE_T trace_bytes;
rd_line* line;

ULONG read_pci(ULONG device, ULONG offset) {
    cpu::out32(0xCF8, 0x80000000 | device << 11 | offset);
    return cpu::in32(0xCFC);
}
void write_pci(ULONG device, ULONG offset, ULONG value) {
    cpu::out32(0xCF8, 0x80000000 | device << 11 | offset);
    cpu::out32(0xCFC, value);
}

constexpr ULONG kIvshmem = 0x11101AF4;
constexpr ULONG kBar2 = 0x18, kBar3 = 0x1C, kCommand = 4, kMemoryEnable = 2;

void open_window(ULONG device) {
    const ULONG low = read_pci(device, kBar2), high = read_pci(device, kBar3);
    const bool wide = (low >> 1 & 3) == 2;
    write_pci(device, kBar2, ~0u);
    const ULONG64 mask = read_pci(device, kBar2) & ~0xFu;
    write_pci(device, kBar2, low);
    const ULONG64 bytes = static_cast<ULONG>(~mask + 1);
    PHYSICAL_ADDRESS at;
    at.QuadPart = static_cast<LONGLONG>((low & ~0xFu) | (wide ? ULONG64{high} << 32 : 0));
    if (!at.QuadPart || !bytes || !rd_trace_capacity(bytes)) return;
    write_pci(device, kCommand, read_pci(device, kCommand) | kMemoryEnable);
    void* mapped = MmMapIoSpace(at, bytes, MmCached);
    if (!mapped) return;
    if (const ULONG64 offset = rd_line_offset(bytes)) line = reinterpret_cast<rd_line*>(static_cast<UCHAR*>(mapped) + offset);
    trace_bytes = line ? bytes - RD_LINE_AREA_BYTES : bytes;
    auto* header = static_cast<rd_trace_header*>(mapped);
    header->magic = 0;
    header->version = RD_TRACE_VERSION;
    header->record_bytes = RD_TRACE_RECORD_BYTES;
    header->capacity = rd_trace_capacity(trace_bytes);
    header->frequency_hz = KiCounterFrequency();
    header->boot_id = KiCounter() ^ RdCommandLineNumber("seed", 0) << 32;
    header->head = 0;
    __atomic_store_n(&header->magic, RD_TRACE_MAGIC, __ATOMIC_RELEASE);
    ring = header;
}

}  // namespace

extern "C" VOID KiInitializeTrace() {
    for (ULONG device = 0; device < 32 && !ring; ++device)
        if (read_pci(device, 0) == kIvshmem) open_window(device);
}

extern "C" rd_trace_header* NTAPI RdTraceRing() { return ring; }

extern "C" PVOID NTAPI RdTraceWindow(SIZE_T* bytes) {
    *bytes = trace_bytes;
    return ring;
}

extern "C" PVOID NTAPI RdLineArea() { return line; }

extern "C" VOID NTAPI RdTraceWrite(
    UCHAR source, UCHAR kind, USHORT event, USHORT binding, ULONG status, ULONG64 object, ULONG64 arg0, ULONG64 arg1,
    ULONG64 arg2) {
    if (!ring) return;
    ULONG64 sequence;
    rd_trace_record* record = rd_trace_reserve(ring, &sequence);
    const KI_PCR* pcr = KiCurrentPcr();
    record->time = KiCounter();
    record->thread = pcr->CurrentThread ? static_cast<ULONG>(pcr->CurrentThread->Id) : 0;
    record->processor = pcr->Number;
    record->irql = static_cast<UCHAR>(cpu::irql());
    record->source = source;
    record->kind = kind;
    record->event = event;
    record->binding = binding;
    record->status = status;
    record->object = object;
    record->arg[0] = arg0;
    record->arg[1] = arg1;
    record->arg[2] = arg2;
    rd_trace_publish(record, sequence);
}
