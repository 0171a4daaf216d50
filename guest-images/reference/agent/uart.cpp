// SPDX-License-Identifier: MIT
#include "uart.hpp"

#include <rundown/line_abi.h>

namespace agent {

namespace {

constexpr USHORT kPort = 0x3F8;
constexpr ULONG kLine = 4;  // ISA interrupt of COM1

constexpr USHORT kData = 0, kInterruptEnable = 1, kFifoControl = 2, kLineControl = 3, kModemControl = 4, kLineStatus = 5;
constexpr UCHAR kDataReady = 0x01, kHoldingEmpty = 0x20, kTransmitterEmpty = 0x40;
constexpr UCHAR kFifosOn = 0x01, kFifosEmpty = 0x06, kAtFourteen = 0xC0;
constexpr ULONG kFifoBytes = 16;

PUCHAR port(USHORT index) { return reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(kPort + index)); }
UCHAR in(USHORT index) { return READ_PORT_UCHAR(port(index)); }
void out(USHORT index, UCHAR value) { WRITE_PORT_UCHAR(port(index), value); }

}  // namespace

NTSTATUS Uart::start() {
    KeInitializeDpc(&dpc_, arrived, this);
    KeInitializeEvent(&ready_, SynchronizationEvent, FALSE);
    ULONG vector;
    KIRQL irql;
    NTSTATUS status = RdTranslateInterrupt(kLine, &vector, &irql);
    if (!NT_SUCCESS(status)) return status;
    out(kInterruptEnable, 0);
    out(kLineControl, 0x83);  // 8 data bits, no parity; divisor latch
    out(kData, 1);            // 115200
    out(kInterruptEnable, 0);
    out(kLineControl, 0x03);
    out(kFifoControl, kFifosOn | kFifosEmpty | kAtFourteen);  // interrupt at 14 bytes or a pause
    status = IoConnectInterrupt(&interrupt_, interrupt, this, nullptr, vector, irql, irql, Latched, FALSE, KeQueryActiveProcessors(), FALSE);
    if (!NT_SUCCESS(status)) return status;
    out(kModemControl, 0x0B);  // DTR, RTS, OUT2: the interrupt's gate
    out(kInterruptEnable, 0x01);
    // The line is edge triggered: what came before the interrupt could get through holds it up, and no edge follows. The host
    // talks first.
    if (KeSynchronizeExecution(interrupt_, collect, this)) KeSetEvent(&ready_, IO_SERIAL_INCREMENT, FALSE);
    return STATUS_SUCCESS;
}

/// Moves what has arrived into the ring; true when there was something. At the interrupt's IRQL, under its lock.
BOOLEAN NTAPI Uart::collect(PVOID context) {
    auto* uart = static_cast<Uart*>(context);
    bool any = false;
    while (in(kLineStatus) & kDataReady) {
        const UCHAR byte = in(kData);
        const ULONG next = (uart->head_ + 1) % kRingBytes;
        any = true;
        if (next == uart->tail_) {
            uart->lost_ = uart->lost_ + 1;
            continue;
        }
        uart->ring_[uart->head_] = byte;
        uart->head_ = next;
    }
    return any;
}

BOOLEAN NTAPI Uart::interrupt(PKINTERRUPT, PVOID context) {
    const BOOLEAN any = collect(context);
    if (any) KeInsertQueueDpc(&static_cast<Uart*>(context)->dpc_, nullptr, nullptr);
    return any;
}

VOID NTAPI Uart::arrived(PKDPC, PVOID context, PVOID, PVOID) { KeSetEvent(&static_cast<Uart*>(context)->ready_, IO_SERIAL_INCREMENT, FALSE); }

void Uart::look_for_more() {
    ULONG64 frequency;
    const ULONG64 begin = RdQueryCounter(&frequency);
    const ULONG64 patience = frequency * kPatienceMicroseconds / 1000000;
    while (tail_ == head_ && RdQueryCounter(nullptr) - begin < patience)
        if (in(kLineStatus) & kDataReady) KeSynchronizeExecution(interrupt_, collect, this);
}

void Uart::expect_bells(bool bells) {
    if (bells == bells_) return;
    bells_ = bells;
    out(kFifoControl, bells ? kFifosOn : kFifosOn | kAtFourteen);
}

/// Without a look whether there is room: where the host reads nothing it does not hear bells either.
void Uart::ring_host() { out(kData, RD_LINE_BELL); }

bool Uart::wait(ULONG milliseconds) {
    LARGE_INTEGER time = {.QuadPart = -10000ll * milliseconds};
    return KeWaitForSingleObject(&ready_, Executive, KernelMode, FALSE, &time) == STATUS_SUCCESS;
}

ULONG Uart::take(UCHAR* bytes, ULONG room, bool more_expected) {
    if (more_expected && !bells_) look_for_more();
    ULONG count = 0;
    for (; count < room && tail_ != head_; ++count) {
        bytes[count] = ring_[tail_];
        tail_ = (tail_ + 1) % kRingBytes;
    }
    return count;
}

/// Polls for a moment, since an emulated UART is ready at once; then sleeps: the host's end is full.
bool Uart::wait_for(UCHAR line_status) {
    for (int i = 0; i < 64; ++i)
        if (in(kLineStatus) & line_status) return true;
    LARGE_INTEGER pause = {.QuadPart = -10000};
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    return (in(kLineStatus) & line_status) != 0;
}

void Uart::write(const UCHAR* bytes, size_t count) {
    while (count) {
        if (!wait_for(kHoldingEmpty)) continue;
        const size_t burst = count < kFifoBytes ? count : kFifoBytes;
        for (size_t i = 0; i < burst; ++i) out(kData, bytes[i]);
        bytes += burst;
        count -= burst;
    }
}

void Uart::drain() {
    while (!wait_for(kTransmitterEmpty)) {
    }
}

}  // namespace agent
