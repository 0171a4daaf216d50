// SPDX-License-Identifier: MIT
// agent/win32/line_writer.hpp
//
// Frames on their way to the port, written by a thread of its own: whoever has something to say
// never waits for a host that does not listen. What it does not take in time is dropped, as on any
// line; the host asks again.
#pragma once
#include <windows.h>

#include <deque>
#include <string>

#include "agent/win32/lock.hpp"
#include "agent/win32/port.hpp"

namespace rundown::win32
{

class LineWriter
{
  public:
    explicit LineWriter(Port &port);
    /// False: no thread could be made.
    bool start();

    /// Takes a frame, or drops it where kQueueBytesMax wait already.
    void push(const uint8_t *bytes, size_t count);

    /// Waits until everything has been written, or that time has passed.
    void drain(DWORD patience_ms);

  private:
    static constexpr size_t kQueueBytesMax = 256 << 10;
    static constexpr DWORD kPatienceMs = 5000; // Of a frame, with a host that reads nothing.
    static DWORD WINAPI run(void *self);
    bool take(std::string *frame);
    void give_up();

    Port &port_;
    Lock lock_; // The next four.
    std::deque<std::string> queue_;
    size_t queued_bytes_ = 0;
    bool is_writing_ = false;
    bool is_dropping_ = false; // Said so in the log already.
    HANDLE wake_;
};

} // namespace rundown::win32
