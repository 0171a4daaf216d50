// SPDX-License-Identifier: MIT
// agent/win32/uart_port.hpp
//
// The 16550 of a PC's COM port without the system's driver, for ReactOS on i386. Its serial.sys
// leaves the line's data to a DPC after an interrupt is over; where sending ends as data comes, the
// interrupt request stays up, and being edge-triggered it comes never again: the port is deaf from
// then on, usually within seconds of an RPC. A service may be allowed to use I/O ports there
// (ProcessUserModeIOPL, which needs SeTcbPrivilege).
#pragma once
#include "agent/win32/port.hpp"

namespace rundown::win32
{

class UartPort final : public Port
{
  public:
    /// Can this process use I/O ports, and is there a UART where that COM port's is?
    static bool is_usable(const std::string &name);

    DWORD open(const std::string &name) override;
    bool is_open() const override
    {
        return base_ != 0;
    }
    void close() override;
    int read(uint8_t *bytes) override;
    bool write(const uint8_t *bytes, size_t count, DWORD patience_ms) override;

  private:
    DWORD take(uint8_t *bytes) const;
    void rest();

    uint16_t volatile base_ = 0;
    volatile LONG rounds_ = 0; // Looks in vain since the last byte of either direction.
};

} // namespace rundown::win32
