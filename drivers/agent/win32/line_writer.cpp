// SPDX-License-Identifier: MIT
#include "agent/win32/line_writer.hpp"

#include "agent/win32/log.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

LineWriter::LineWriter(Port &port)
    : port_(port), wake_(CreateEventW(nullptr, FALSE, FALSE, nullptr))
{
}

bool
LineWriter::start()
{
    HANDLE thread = CreateThread(nullptr, 0, run, this, 0, nullptr);
    if (!thread)
        return false;
    SetThreadPriority(thread, THREAD_PRIORITY_HIGHEST);
    CloseHandle(thread);
    return true;
}

void
LineWriter::push(const uint8_t *bytes, size_t count)
{
    bool is_news = false;
    {
        const Guard guard(lock_);
        const bool fits = queued_bytes_ + count <= kQueueBytesMax;
        is_news = !fits && !is_dropping_;
        is_dropping_ = !fits;
        if (fits) {
            queue_.emplace_back(reinterpret_cast<const char *>(bytes), count);
            queued_bytes_ += count;
        }
    }
    if (is_news)
        log_line("the host does not read: frames are dropped");
    SetEvent(wake_);
}

bool
LineWriter::take(std::string *frame)
{
    const Guard guard(lock_);
    is_writing_ = !queue_.empty();
    if (!is_writing_)
        return false;
    *frame = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= frame->size();
    return true;
}

/// What waits was said to somebody who did not listen.
void
LineWriter::give_up()
{
    const Guard guard(lock_);
    queue_.clear();
    queued_bytes_ = 0;
}

DWORD WINAPI
LineWriter::run(void *self)
{
    auto &writer = *static_cast<LineWriter *>(self);
    for (;;) {
        std::string frame;
        while (writer.take(&frame)) {
            const auto *bytes = reinterpret_cast<const uint8_t *>(frame.data());
            if (writer.port_.write(bytes, frame.size(), kPatienceMs))
                continue;
            log_line("a frame could not be written and was dropped, with those behind it");
            writer.give_up();
        }
        WaitForSingleObject(writer.wake_, INFINITE);
    }
}

void
LineWriter::drain(DWORD patience_ms)
{
    const DWORD begin = GetTickCount();
    while (GetTickCount() - begin < patience_ms) {
        {
            const Guard guard(lock_);
            if (queue_.empty() && !is_writing_)
                return;
        }
        Sleep(2);
    }
}

} // namespace rundown::win32
