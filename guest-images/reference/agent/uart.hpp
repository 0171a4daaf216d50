// SPDX-License-Identifier: MIT
// agent/uart.hpp
//
// COM1: a 16550 with its interrupt. Bytes that come are kept in a ring until they are read; bytes that go are written by the
// caller. It is a doorbell too: a byte that comes wakes the reader, whatever it is. https://www.ti.com/lit/ds/symlink/pc16550d.pdf
#pragma once
#include "doorbell.hpp"

namespace agent {

class Uart final : public Doorbell {
  public:
    /// Connects the interrupt and switches the UART on. PASSIVE_LEVEL.
    NTSTATUS start();

    /// Takes up to `room` bytes that have come. `more_expected`: a frame is incomplete, so its rest is looked for during
    /// kPatienceMicroseconds. PASSIVE_LEVEL, one thread.
    ULONG take(UCHAR* bytes, ULONG room, bool more_expected);

    /// Single bytes will come that must not wait for more (an interrupt at every byte), or many at once (at every 14). The
    /// reading thread.
    void expect_bells(bool bells);

    void ring_host() override;
    bool wait(ULONG milliseconds) override;
    bool is_alone() const override { return false; }

    /// Writes all of them; sleeps while the host does not read. PASSIVE_LEVEL, one caller at a time.
    void write(const UCHAR* bytes, size_t count);

    /// Waits until the last byte has left. PASSIVE_LEVEL.
    void drain();

  private:
    static constexpr ULONG kRingBytes = 64 << 10;
    // The UART tells the last bytes of a burst (fewer than its trigger level) only after a pause of four characters, 350 us at
    // 115200 baud: longer than the rest of a small frame takes.
    static constexpr ULONG64 kPatienceMicroseconds = 200;
    static BOOLEAN NTAPI interrupt(PKINTERRUPT, PVOID context);
    static BOOLEAN NTAPI collect(PVOID context);
    void look_for_more();
    static VOID NTAPI arrived(PKDPC, PVOID context, PVOID, PVOID);
    bool wait_for(UCHAR line_status);

    PKINTERRUPT interrupt_ = nullptr;
    bool bells_ = false;
    KDPC dpc_ = {};
    KEVENT ready_ = {};
    volatile ULONG head_ = 0, tail_ = 0;  // The interrupt's and the reader's, modulo the ring.
    volatile ULONG lost_ = 0;             // Bytes the ring had no room for: the frame's checksum tells.
    UCHAR ring_[kRingBytes] = {};
};

}  // namespace agent
