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
#include "agent/win32/port.hpp"

namespace rundown::win32
{

class SerialPort final : public Port
{
  public:
    SerialPort();

    DWORD open(const std::string &name) override;
    bool is_open() const override
    {
        return handle_ != INVALID_HANDLE_VALUE;
    }
    void close() override;
    int read(uint8_t *bytes) override;
    /// What is not taken in time is taken back from the driver's queue.
    bool write(const uint8_t *bytes, size_t count, DWORD patience_ms) override;

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
