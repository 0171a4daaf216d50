// SPDX-License-Identifier: MIT
// agent/win32/port.hpp
//
// The line to the host: a COM port of the system's (serial_port.hpp), or its UART itself
// (uart_port.hpp). One thread opens, reads and closes, another one writes.
#pragma once
#include <windows.h>

#include <stddef.h>
#include <stdint.h>
#include <string>

namespace rundown::win32
{

class Port
{
  public:
    static constexpr DWORD kSilenceMs = 250;
    static constexpr DWORD kReadBytes = 4096;

    Port() = default;
    Port(const Port &) = delete;
    Port &operator=(const Port &) = delete;

    /// 0, or a Win32 error; the port may come later.
    virtual DWORD open(const std::string &name) = 0;
    virtual bool is_open() const = 0;
    virtual void close() = 0;

    /// Bytes that have come, as soon as there is one. 0: silence, for kSilenceMs at least.
    /// Negative: the port is gone. `bytes` has room for kReadBytes.
    virtual int read(uint8_t *bytes) = 0;

    /// Writes all of it, or as much as the other end takes in that time. False: it did not take
    /// all. Never waits longer by more than a second.
    virtual bool write(const uint8_t *bytes, size_t count, DWORD patience_ms) = 0;

  protected:
    ~Port() = default; // They live as long as the process.
};

/// The port for this system, not open yet. Always the same.
Port &port_of_this_system(const std::string &name);

} // namespace rundown::win32
