// SPDX-License-Identifier: MIT
// support/trace_case_text.cpp
//
// Writes a run as the text of a case: what trace_case.cpp reads.
#include <fmt/format.h>

#include <algorithm>

#include "support/trace_case.hpp"
#include "support/trace_case_names.hpp"
#include "trace/names.hpp"
#include "trace/text.hpp"

namespace rundown::test {

using oracle::Census;
using oracle::RunRecord;

namespace {

using Count = std::optional<std::uint64_t>;

/// "key=1 other=2" of those that are not 0, and "unknown=..." of those that are absent.
std::string counts_of(std::initializer_list<std::pair<const char*, Count>> counts) {
    std::string text;
    std::string unknown;
    for (const auto& [name, value] : counts) {
        text += value.value_or(0) != 0 ? fmt::format(" {}={}", name, *value) : "";
        unknown += value ? "" : (unknown.empty() ? " unknown=" : ",") + std::string(name);
    }
    return text + unknown;
}

template <class List, class Word>
std::string listed(const char* name, const List& list, Word word) {
    std::string text;
    for (const auto& element : list) {
        text += (text.empty() ? fmt::format(" {}=", name) : ",") + word(element);
    }
    return text;
}

/// Spaces as the reader wants them.
std::string one_word(std::string text) {
    std::replace(text.begin(), text.end(), ' ', '_');
    return text;
}

std::string census_text(const oracle::LabelledCensus& labelled) {
    const Census& c = labelled.census;
    std::string point;
    for (const auto& [name, value] : kPoints) {
        point = value == labelled.point ? name : point;
    }
    return fmt::format("census {}", point) +
           counts_of(
               {{"cycle", labelled.cycle},
                {"protocols", c.protocols},
                {"opens", c.opens},
                {"filters", c.filters},
                {"packet_pools", c.packet_pools},
                {"packets_out", c.packets_out},
                {"buffer_pools", c.buffer_pools},
                {"buffers_out", c.buffers_out},
                {"requests_pending", c.requests_pending},
                {"sends_pending", c.sends_pending},
                {"receives_out", c.receives_out},
                {"threads", c.threads},
                {"timers", c.timers},
                {"handles", c.handles},
                {"devices", c.devices},
                {"work_items", c.work_items}}
           ) +
           listed(
               "pool",
               c.pool,
               [](const oracle::PoolTag& tag) {
                   return fmt::format(
                       "{}:{}/{}", one_word(trace::tag_name(tag.tag)), tag.bytes, tag.blocks
                   );
               }
           ) +
           listed("modules", c.modules, [](const oracle::Module& module) { return module.name; }) +
           "\n";
}

std::string answer_text(const oracle::StepAnswer& answer) {
    std::string step;
    for (const auto& [name, value] : kSteps) {
        step = value == answer.step ? name : step;
    }
    return fmt::format("answer {}", step) +
           counts_of({{"cycle", answer.cycle}, {"status", answer.status}}) +
           (answer.message.empty() ? "" : " message=" + one_word(answer.message)) + "\n";
}

std::string query_text(const char* when, const std::optional<oracle::DriverQuery>& query) {
    return query ? fmt::format(
                       "query {} image_loaded={} base={:#x} bytes={} state={}\n",
                       when,
                       query->image_loaded ? "yes" : "no",
                       query->base,
                       query->bytes,
                       query->state
                   )
                 : "";
}

std::string nic_text(const oracle::NicWitness& nic) {
    std::string text =
        fmt::format("nic model={}", nic.model) +
        counts_of(
            {{"frames_from_guest", nic.frames_from_guest},
             {"frames_bad", nic.frames_bad},
             {"sequence_gaps", nic.sequence_gaps},
             {"sequence_repeats", nic.sequence_repeats},
             {"frames_after_teardown", nic.frames_after_teardown},
             {"frames_to_guest", nic.frames_to_guest}}
        ) +
        listed("streams", nic.streams, [](const oracle::WireStream& stream) {
            return fmt::format("{}:{}/{}", stream.stream, stream.frames, stream.last_sequence);
        });
    if (const auto& filter = nic.filter_after_teardown) {
        text += fmt::format(
            " promiscuous={} multicast={}", filter->promiscuous ? "yes" : "no", filter->multicast
        );
        text += listed("multicast_table", filter->multicast_table, [](const std::string& address) {
            return address;
        });
    }
    return text + "\n";
}

std::string end_text(const RunRecord& record) {
    std::string text;
    for (const auto& [name, value] : kEnds) {
        text += value == record.guest_end ? fmt::format("end {}\n", name) : "";
    }
    if (const auto& deadline = record.deadline) {
        text += fmt::format(
            "deadline phase={} waiting_for={} after_ms={}\n",
            deadline->phase,
            one_word(deadline->waiting_for),
            deadline->after_ms
        );
    }
    if (const auto& crash = record.bug_check) {
        text += fmt::format(
            "bugcheck code={:#x} parameter1={:#x} module={} offset={:#x}\n",
            crash->code,
            crash->parameter[0],
            one_word(crash->module),
            crash->offset
        );
    }
    return text;
}

}  // namespace

std::string to_text(const RunRecord& record) {
    std::string text = fmt::format(
        "run scenario={} trigger={} cycles={} reload={} nics={} load={} driver={} "
        "filters_left={}\n",
        record.scenario,
        record.trigger,
        record.cycles,
        record.reload_wanted ? "yes" : "no",
        record.nic_count,
        record.load,
        record.driver_module,
        record.promised.filters_left ? "yes" : "no"
    );
    text += end_text(record);
    for (const auto& labelled : record.censuses) {
        text += census_text(labelled);
    }
    for (const auto& answer : record.answers) {
        text += answer_text(answer);
    }
    text += query_text("teardown", record.query_after_teardown);
    text += query_text("reload", record.query_after_reload);
    for (const auto& nic : record.nics) {
        text += nic_text(nic);
    }
    std::size_t next_gap = 0;
    const auto gaps_before = [&](std::uint64_t sequence) {
        for (; next_gap < record.trace.gaps.size() && record.trace.gaps[next_gap].first < sequence;
             ++next_gap) {
            const auto& gap = record.trace.gaps[next_gap];
            const char* what = gap.first == 0 && record.trace.lost != 0 ? "lost" : "torn";
            text += fmt::format("{} {}\n", what, gap.end - gap.first);
        }
    };
    for (const auto& entry : record.trace.records) {
        gaps_before(entry.sequence);
        text += trace::to_text(entry) + "\n";
    }
    gaps_before(record.trace.head);
    return text;
}

}  // namespace rundown::test
