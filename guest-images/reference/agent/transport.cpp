// SPDX-License-Identifier: MIT
#include "transport.hpp"

namespace agent {

namespace {

void sleep_ms(ULONG milliseconds) {
    LARGE_INTEGER pause = {.QuadPart = -10000ll * milliseconds};
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
}

/// Another one at each call, and the same ones again in a run that is repeated exactly.
ULONG draw_epoch(ULONG last) {
    const ULONG drawn = static_cast<ULONG>(RdRandom(RD_RANDOM_AGENT) ^ RdQueryCounter(nullptr));
    return drawn && drawn != last ? drawn : last + 1 ? last + 1 : 1;
}

}  // namespace

Transport::Transport(Uart& uart, Doorbell& doorbell, PVOID area) : uart_(uart), doorbell_(doorbell), area_(static_cast<rd_line*>(area)) {
    if (area_) line_.offer(area_, draw_epoch(0));
}

void Transport::restart() {
    if (!area_) return;
    line_.offer(area_, draw_epoch(line_.epoch()));
    uart_.expect_bells(false);
}

/// False: the frame has to go over COM1.
bool Transport::write_to_ring(const UCHAR* bytes, size_t count) {
    for (ULONG waited = 0; doorbell_.is_alone() || line_.met(); ++waited) {
        const bool written = line_.write(bytes, count);
        if (line_.other_waits()) doorbell_.ring_host();
        if (written) return true;
        if (line_.fault() != rundown::agent::LineFault::none || waited >= kFullPatienceMs) break;
        sleep_ms(1);
    }
    // A host that reads nothing, or counters that were written over: the frame may be lost, as on any line.
    if (line_.epoch() && line_.met()) line_.close();
    return doorbell_.is_alone();
}

void Transport::write(const UCHAR* bytes, size_t count) {
    if (!write_to_ring(bytes, count)) uart_.write(bytes, count);
}

/// False: nothing has come for a while.
bool Transport::look_for_more() {
    if (!is_alert_ || !line_.met() || doorbell_.is_alone()) return false;
    is_alert_ = false;
    line_.set_waiting(false);
    ULONG64 frequency;
    const ULONG64 begin = RdQueryCounter(&frequency);
    const ULONG64 patience = frequency * kAlertMicroseconds / 1000000;
    while (RdQueryCounter(nullptr) - begin < patience) {
        if (line_.has_input()) return true;
        RdStall(5);
    }
    return false;
}

Portion Transport::read(UCHAR* bytes, ULONG room, bool more_expected) {
    for (;;) {
        if (const size_t count = line_.read(bytes, room)) {
            is_alert_ = true;
            return {Port::memory, static_cast<ULONG>(count)};
        }
        if (const ULONG count = uart_.take(bytes, room, more_expected)) return {Port::serial, count};
        if (look_for_more()) continue;
        line_.set_waiting(true);
        if (!line_.has_input()) {
            const bool rang = doorbell_.wait(kSilenceMs);
            uart_.expect_bells(line_.met());
            if (!rang && !line_.has_input()) return {Port::serial, 0};
        }
        line_.set_waiting(false);
    }
}

void Transport::drain() {
    for (ULONG waited = 0; !line_.drained() && waited < 1000; ++waited) sleep_ms(1);
    uart_.drain();
}

}  // namespace agent
