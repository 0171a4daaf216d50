// SPDX-License-Identifier: MIT
// trace/reader.cpp
#include "trace/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace rundown::trace {
namespace {

/// Beyond this a head is nonsense: `commit` (sequence + 1) must not wrap round to "being written".
constexpr std::uint64_t kHeadMax = std::uint64_t{1} << 62;

enum class SlotState {
    present,      // Complete.
    overwritten,  // A later record stands in its slot.
    torn,         // Begun and not finished.
};

/// One read of a word that the guest may be writing.
std::uint64_t load_once(const std::byte* at) {
    std::uint64_t value;
    __atomic_load(reinterpret_cast<const std::uint64_t*>(at), &value, __ATOMIC_ACQUIRE);
    return value;
}

struct Header {
    std::uint64_t capacity = 0;
    std::uint64_t head = 0;
    std::uint64_t frequency_hz = 0;
    std::uint64_t boot_id = 0;

    std::uint64_t oldest() const { return head > capacity ? head - capacity : 0; }
};

/// Reads each field of the header once, into ours, and judges that copy.
result<Header> read_header(std::span<const std::byte> window) {
    if (window.size() < RD_TRACE_HEADER_BYTES) {
        return fail(
            ErrorKind::protocol,
            fmt::format("the trace window has {} bytes, less than its header", window.size())
        );
    }
    if (reinterpret_cast<std::uintptr_t>(window.data()) % alignof(std::uint64_t) != 0) {
        return fail(ErrorKind::internal, "the trace window is not aligned to 8 bytes");
    }
    rd_trace_header copy;
    std::memcpy(&copy, window.data(), sizeof(copy));
    if (copy.magic != RD_TRACE_MAGIC) {
        return fail(
            ErrorKind::protocol,
            copy.magic == 0 ? "the trace window was never initialised by the guest"
                            : "the trace window does not begin with the magic of a trace"
        );
    }
    if (copy.version != RD_TRACE_VERSION || copy.record_bytes != RD_TRACE_RECORD_BYTES) {
        return fail(
            ErrorKind::protocol,
            fmt::format(
                "the trace has version {} and records of {} bytes; this program reads version {} "
                "with {}",
                copy.version,
                copy.record_bytes,
                RD_TRACE_VERSION,
                RD_TRACE_RECORD_BYTES
            )
        );
    }
    const Header header{copy.capacity, copy.head, copy.frequency_hz, copy.boot_id};
    const std::uint64_t room = rd_trace_capacity(window.size());
    if (header.capacity == 0 || header.capacity > room) {
        return fail(
            ErrorKind::protocol,
            fmt::format(
                "the trace claims {} records; its window has room for {}", header.capacity, room
            )
        );
    }
    if (header.head > kHeadMax) {
        return fail(
            ErrorKind::protocol, fmt::format("the trace claims {} records written", header.head)
        );
    }
    return header;
}

const std::byte* slot_of(
    std::span<const std::byte> window, const Header& header, std::uint64_t sequence
) {
    return window.data() + RD_TRACE_HEADER_BYTES +
           (sequence % header.capacity) * RD_TRACE_RECORD_BYTES;
}

/// Copies the slot of `sequence` whole, between two looks at its commit word. What is in it may
/// make no sense.
SlotState read_slot(const std::byte* slot, std::uint64_t sequence, rd_trace_record& record) {
    const std::uint64_t before = load_once(slot);
    if (before != sequence + 1) {
        return before > sequence + 1 ? SlotState::overwritten : SlotState::torn;
    }
    std::memcpy(&record, slot, sizeof(record));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (load_once(slot) != before) {
        return SlotState::overwritten;
    }
    return SlotState::present;
}

rd_trace_record encoded(const Record& record) {
    rd_trace_record raw{};
    raw.commit = record.sequence + 1;
    raw.time = record.time;
    raw.thread = record.thread;
    raw.processor = record.processor;
    raw.irql = record.irql;
    raw.source = record.source;
    raw.kind = record.kind;
    raw.event = record.event;
    raw.binding = record.binding;
    raw.status = record.status;
    raw.object = record.object;
    std::copy(record.arg.begin(), record.arg.end(), std::begin(raw.arg));
    return raw;
}

void add_gap(std::vector<Gap>& gaps, std::uint64_t first, std::uint64_t end) {
    if (first == end) {
        return;
    }
    if (!gaps.empty() && gaps.back().end == first) {
        gaps.back().end = end;
    } else {
        gaps.push_back({first, end});
    }
}

/// The header page of a file with the records from `oldest` on.
std::string header_page(const Trace& trace, std::uint64_t oldest) {
    rd_trace_header raw{};
    raw.magic = RD_TRACE_MAGIC;
    raw.version = RD_TRACE_VERSION;
    raw.record_bytes = RD_TRACE_RECORD_BYTES;
    raw.capacity = std::max<std::uint64_t>(trace.head - oldest, 1);
    raw.frequency_hz = trace.frequency_hz;
    raw.boot_id = trace.boot_id;
    raw.head = trace.head;
    std::string bytes(RD_TRACE_HEADER_BYTES, '\0');
    std::memcpy(bytes.data(), &raw, sizeof(raw));
    return bytes;
}

/// Of what is missing from `oldest` on, what a later record has overwritten: the oldest of it.
std::vector<Gap> overwritten_after(const Trace& trace, std::uint64_t oldest) {
    std::vector<Gap> overwritten;
    std::uint64_t left = trace.lost > oldest ? trace.lost - oldest : 0;
    for (const Gap& gap : trace.gaps) {
        const std::uint64_t first = std::max(gap.first, oldest);
        if (left == 0 || gap.end <= first) {
            continue;
        }
        const std::uint64_t count = std::min(left, gap.end - first);
        overwritten.push_back({first, first + count});
        left -= count;
    }
    return overwritten;
}

/// The slots of the records first <= sequence < end, which lie one after the other.
class SlotWriter {
  public:
    SlotWriter(const Trace& trace, std::vector<Gap> overwritten, const Sink& sink)
        : trace_(trace), overwritten_(std::move(overwritten)), sink_(sink) {}

    result<void> write(std::uint64_t first, std::uint64_t end) {
        auto record = std::lower_bound(
            trace_.records.begin(),
            trace_.records.end(),
            first,
            [](const Record& candidate, std::uint64_t wanted) {
                return candidate.sequence < wanted;
            }
        );
        auto lost = overwritten_.begin();
        for (std::uint64_t sequence = first; sequence < end; ++sequence) {
            rd_trace_record raw{};
            while (lost != overwritten_.end() && lost->end <= sequence) {
                ++lost;
            }
            if (record != trace_.records.end() && record->sequence == sequence) {
                raw = encoded(*record++);
            } else if (lost != overwritten_.end() && lost->first <= sequence) {
                raw.commit = kHeadMax;  // Any commit of a later record says so.
            }
            part_.append(reinterpret_cast<const char*>(&raw), sizeof(raw));
            if (part_.size() >= kPartBytes) {
                RUNDOWN_TRY(flush());
            }
        }
        return flush();
    }

  private:
    static constexpr std::size_t kPartBytes = 1 << 16;

    result<void> flush() {
        const auto taken = sink_(part_);
        part_.clear();
        return taken;
    }

    const Trace& trace_;
    const std::vector<Gap> overwritten_;
    const Sink& sink_;
    std::string part_;
};

/// Tells a reader's caller which part of the window is done with, some MiB at a time.
class Progress {
  public:
    Progress(std::span<const std::byte> window, const DoneWith& done)
        : window_(window), done_(done) {}

    void at(const std::byte* slot) {
        const auto offset = static_cast<std::size_t>(slot - window_.data());
        if (done_ && (offset < begin_ || offset - begin_ >= kStride)) {
            tell();
            begin_ = offset;
        }
        end_ = offset + RD_TRACE_RECORD_BYTES;
    }
    void tell() {
        if (done_ && end_ > begin_) {
            done_(window_.subspan(begin_, end_ - begin_));
        }
    }

  private:
    static constexpr std::size_t kStride = 4 << 20;

    std::span<const std::byte> window_;
    const DoneWith& done_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace

std::optional<Record> record_in(const rd_trace_record& raw, std::uint64_t sequence) {
    if (raw.source < RD_SOURCE_DRIVER || raw.source > RD_SOURCE_AGENT || raw.kind < RD_KIND_CALL ||
        raw.kind > RD_KIND_NOTE) {
        return std::nullopt;
    }
    Record record;
    record.sequence = sequence;
    record.time = raw.time;
    record.thread = raw.thread;
    record.processor = raw.processor;
    record.irql = raw.irql;
    record.source = raw.source;
    record.kind = raw.kind;
    record.event = raw.event;
    record.binding = raw.binding;
    record.status = raw.status;
    record.object = raw.object;
    std::copy(std::begin(raw.arg), std::end(raw.arg), record.arg.begin());
    return record;
}

result<Trace> read(std::span<const std::byte> window, const DoneWith& done) {
    const auto header = read_header(window);
    if (!header) {
        return header.error();
    }
    Trace trace;
    trace.head = header->head;
    trace.frequency_hz = header->frequency_hz;
    trace.boot_id = header->boot_id;
    trace.lost = header->oldest();
    add_gap(trace.gaps, 0, header->oldest());
    trace.records.reserve(header->head - header->oldest());
    Progress progress(window, done);
    for (std::uint64_t sequence = header->oldest(); sequence < header->head; ++sequence) {
        const std::byte* slot = slot_of(window, *header, sequence);
        progress.at(slot);
        rd_trace_record raw;
        switch (read_slot(slot, sequence, raw)) {
            case SlotState::present:
                if (const auto record = record_in(raw, sequence)) {
                    trace.records.push_back(*record);
                    continue;
                }
                ++trace.torn;
                break;
            case SlotState::overwritten:
                ++trace.lost;
                break;
            case SlotState::torn:
                ++trace.torn;
                break;
        }
        add_gap(trace.gaps, sequence, sequence + 1);
    }
    progress.tell();
    return trace;
}

result<void> write(const Trace& trace, const Sink& sink) {
    // Only a gap that begins with the first record can be what a full ring has overwritten.
    const std::uint64_t oldest = trace.gaps.empty() || trace.gaps.front().first != 0
                                     ? 0
                                     : std::min(trace.gaps.front().end, trace.lost);
    const std::uint64_t count = trace.head - oldest;
    RUNDOWN_TRY(sink(header_page(trace, oldest)));
    if (count == 0) {
        return sink(std::string(RD_TRACE_RECORD_BYTES, '\0'));  // A ring has a slot.
    }
    SlotWriter slots(trace, overwritten_after(trace, oldest), sink);
    // A record's slot is its number modulo the number of slots: the file begins somewhere within.
    const std::uint64_t turn = (trace.head - 1) / count * count;
    RUNDOWN_TRY(slots.write(turn, trace.head));
    return slots.write(oldest, turn);
}

std::string write(const Trace& trace) {
    std::string bytes;
    static_cast<void>(write(trace, [&bytes](std::string_view part) -> result<void> {
        bytes += part;
        return {};
    }));
    return bytes;
}

}  // namespace rundown::trace
