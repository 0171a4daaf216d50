// SPDX-License-Identifier: MIT
// agent/win32/serial_port.hpp
//
// A COM port, overlapped: 115200 8N1, no flow control, the driver's queues large. One thread reads
// and opens and closes, another one writes.
#pragma once
#include <windows.h>

#include <stddef.h>
#include <stdint.h>
#include <string>

#include "agent/win32/lock.hpp"

namespace rundown::win32
{

class SerialPort
{
  public:
    static constexpr DWORD kSilenceMs = 250;

    SerialPort();
    SerialPort(const SerialPort &) = delete;
    SerialPort &operator=(const SerialPort &) = delete;

    /// 0, or a Win32 error; the port may come later.
    DWORD open(const std::string &name);
    bool is_open() const
    {
        return handle_ != INVALID_HANDLE_VALUE;
    }
    void close();

    /// Bytes that have come, as soon as there is one. 0: silence for kSilenceMs. Negative: the port
    /// is gone. `bytes` has room for kReadBytes.
    int read(uint8_t *bytes);
    static constexpr DWORD kReadBytes = 4096;

    /// Writes all of it, or as much as the other end takes in that time. False: it did not take
    /// all; the driver's queue is emptied then. Never waits longer by more than a second.
    bool write(const uint8_t *bytes, size_t count, DWORD patience_ms);

  private:
    enum class WriteEnd {
        taken,  // Written.
        failed, // The port is gone, or nobody took it in time.
        stuck,  // Nobody took it, and it cannot be cancelled.
    };
    bool configure();
    bool begin_read();
    WriteEnd finish_write(OVERLAPPED *io, DWORD patience_ms, DWORD *written);

    HANDLE handle_ = INVALID_HANDLE_VALUE;
    Lock writing_; // Held while a write is on its way: the handle stays.
    HANDLE read_event_;
    OVERLAPPED reading_ = {};
    uint8_t input_[kReadBytes];
    bool is_reading_ = false;
};

} // namespace rundown::win32
