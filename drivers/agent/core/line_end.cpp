// SPDX-License-Identifier: MIT
#include "line_end.hpp"

#include <string.h>

namespace rundown::agent
{

namespace
{

constexpr uint32_t kMask = RD_LINE_RING_BYTES - 1;
static_assert((RD_LINE_RING_BYTES & kMask) == 0, "counters run on modulo 2^32");

uint32_t
load(const volatile uint32_t &from)
{
    return __atomic_load_n(&from, __ATOMIC_ACQUIRE);
}
void
store(volatile uint32_t &to, uint32_t value)
{
    __atomic_store_n(&to, value, __ATOMIC_RELEASE);
}

} // namespace

void
LineEnd::begin(rd_line *line, uint32_t epoch, bool is_host)
{
    line_ = line;
    own_ = is_host ? &line->host : &line->guest;
    other_ = is_host ? &line->guest : &line->host;
    out_ = is_host ? line->to_guest : line->to_host;
    in_ = is_host ? line->to_host : line->to_guest;
    head_ = tail_ = 0;
    epoch_ = epoch;
    fault_ = LineFault::none;
    store(own_->head, 0);
    store(own_->tail, 0);
    store(own_->waits, 1);
    store(own_->epoch, epoch);
}

void
LineEnd::offer(rd_line *line, uint32_t epoch)
{
    __atomic_store_n(&line->offered.magic, 0, __ATOMIC_RELEASE);
    store(line->host.epoch, 0);
    store(line->host.head, 0);
    store(line->host.tail, 0);
    store(line->host.waits, 0);
    begin(line, epoch, false);
    line->offered.version = RD_LINE_VERSION;
    line->offered.ring_bytes = RD_LINE_RING_BYTES;
    line->offered.epoch = epoch;
    __atomic_store_n(&line->offered.magic, RD_LINE_MAGIC, __ATOMIC_RELEASE);
}

bool
LineEnd::attach(rd_line *line, uint32_t epoch)
{
    close();
    if (__atomic_load_n(&line->offered.magic, __ATOMIC_ACQUIRE) != RD_LINE_MAGIC ||
        line->offered.version != RD_LINE_VERSION ||
        line->offered.ring_bytes != RD_LINE_RING_BYTES || line->offered.epoch != epoch ||
        load(line->guest.epoch) != epoch || !epoch)
        return false;
    begin(line, epoch, true);
    return true;
}

void
LineEnd::close()
{
    if (line_ && epoch_ == load(own_->epoch))
        store(own_->epoch, 0);
    line_ = nullptr;
}

/// Leaves the epoch, so that the other side does not wait for answers here.
void
LineEnd::fail(LineFault fault)
{
    fault_ = fault;
    store(own_->epoch, 0);
}

bool
LineEnd::met() const
{
    return line_ && fault_ == LineFault::none && load(other_->epoch) == epoch_;
}

/// Bytes that wait to be read.
uint32_t
LineEnd::input()
{
    if (!met())
        return 0;
    const uint32_t count = load(other_->head) - tail_;
    if (count <= RD_LINE_RING_BYTES)
        return count;
    fail(LineFault::bad_head);
    return 0;
}

/// Bytes written that the other side has not taken; RD_LINE_RING_BYTES where that makes no sense.
uint32_t
LineEnd::unread()
{
    const uint32_t count = head_ - load(other_->tail);
    if (count <= RD_LINE_RING_BYTES)
        return count;
    fail(LineFault::bad_tail);
    return RD_LINE_RING_BYTES;
}

bool
LineEnd::write(const uint8_t *bytes, size_t count)
{
    // The guest may write before the host has attached: the host reads from the beginning.
    if (!line_ || fault_ != LineFault::none || count > RD_LINE_RING_BYTES - unread())
        return false;
    const uint32_t at = head_ & kMask;
    const size_t first = count < RD_LINE_RING_BYTES - at ? count : RD_LINE_RING_BYTES - at;
    memcpy(out_ + at, bytes, first);
    memcpy(out_, bytes + first, count - first);
    head_ += static_cast<uint32_t>(count);
    store(own_->head, head_);
    return true;
}

bool
LineEnd::other_waits() const
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return line_ && load(other_->waits) != 0;
}

size_t
LineEnd::read(uint8_t *bytes, size_t room)
{
    size_t count = input();
    if (count > room)
        count = room;
    if (!count)
        return 0;
    const uint32_t at = tail_ & kMask;
    const size_t first = count < RD_LINE_RING_BYTES - at ? count : RD_LINE_RING_BYTES - at;
    memcpy(bytes, in_ + at, first);
    memcpy(bytes + first, in_, count - first);
    tail_ += static_cast<uint32_t>(count);
    store(own_->tail, tail_);
    return count;
}

void
LineEnd::set_waiting(bool waits)
{
    if (!line_)
        return;
    store(own_->waits, waits);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool
LineEnd::drained()
{
    return !met() || unread() == 0 || fault_ != LineFault::none;
}

} // namespace rundown::agent
