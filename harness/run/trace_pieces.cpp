// SPDX-License-Identifier: MIT
#include "run/trace_pieces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "trace/reader.hpp"

namespace rundown::run {
result<TracePiece> piece_of(
    std::string_view bytes, std::uint64_t first, std::uint64_t lost, std::uint64_t frequency_hz
) {
    if (bytes.size() % sizeof(rd_trace_record) != 0) {
        return fail(
            ErrorKind::protocol,
            fmt::format("the guest drained {} bytes of trace, no whole records", bytes.size())
        );
    }
    TracePiece piece{first, lost, frequency_hz, {}};
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(rd_trace_record)) {
        rd_trace_record raw;
        std::memcpy(&raw, bytes.data() + at, sizeof(raw));
        const std::uint64_t sequence = first + piece.records.size();
        const auto record = trace::record_in(raw, sequence);
        if (raw.commit != sequence + 1 || !record) {
            return fail(
                ErrorKind::protocol,
                fmt::format("the guest drained a record that is not number {}", sequence)
            );
        }
        piece.records.push_back(*record);
    }
    return piece;
}

result<void> DrainedTrace::add(const TracePiece& piece) {
    if (piece.frequency_hz != 0) {
        trace_.frequency_hz = piece.frequency_hz;
    }
    for (const trace::Record& record : piece.records) {
        if (record.sequence < trace_.head) {
            const trace::Record* before = trace_.find(record.sequence);
            if (before != nullptr && before->time != record.time) {
                return fail(
                    ErrorKind::protocol,
                    fmt::format("the guest drained another record {} than before", record.sequence)
                );
            }
            continue;
        }
        if (record.sequence > trace_.head) {
            trace_.gaps.push_back({trace_.head, record.sequence});
            trace_.lost += record.sequence - trace_.head;
        }
        trace_.records.push_back(record);
        trace_.head = record.sequence + 1;
    }
    return {};
}

trace::Trace with_marks(const trace::Trace& trace, std::vector<trace::Record> marks) {
    std::stable_sort(marks.begin(), marks.end(), [](const auto& left, const auto& right) {
        return left.time < right.time;
    });
    trace::Trace whole;
    whole.lost = trace.lost;
    whole.torn = trace.torn;
    whole.frequency_hz = trace.frequency_hz;
    whole.boot_id = trace.boot_id;
    whole.records.reserve(trace.records.size() + marks.size());
    auto mark = marks.begin();
    auto gap = trace.gaps.begin();
    std::uint64_t next = 0;
    const auto put = [&](trace::Record record) {
        record.sequence = next++;
        whole.records.push_back(record);
    };
    const auto put_gap = [&] {
        const std::uint64_t width = gap->end - gap->first;
        whole.gaps.push_back({next, next + width});
        next += width;
        ++gap;
    };
    for (const trace::Record& record : trace.records) {
        while (gap != trace.gaps.end() && gap->first < record.sequence) {
            put_gap();
        }
        while (mark != marks.end() && mark->time < record.time) {
            put(*mark++);
        }
        put(record);
    }
    while (gap != trace.gaps.end()) {
        put_gap();
    }
    while (mark != marks.end()) {
        put(*mark++);
    }
    whole.head = next;
    return whole;
}

}  // namespace rundown::run
