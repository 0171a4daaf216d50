// SPDX-License-Identifier: MIT
// support/trace_case.cpp
#include "support/trace_case.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <sstream>

#include "support/trace_case_names.hpp"
#include "trace/names.hpp"
#include "trace/text.hpp"

namespace rundown::test {
namespace {

using oracle::Census;
using oracle::CensusPoint;
using oracle::GuestEnd;
using oracle::RunRecord;
using oracle::Step;
using Words = std::vector<std::string>;
using Members = std::map<std::string, std::string>;

/// What is wrong with a line; parse_case() adds which.
struct BadLine {
    std::string what;
};

Words words_of(const std::string& line) {
    std::istringstream stream(line);
    Words words;
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

std::uint64_t number(const std::string& text) {
    const auto status = trace::status_from(text);
    if (status) {
        return *status;
    }
    if (text == "yes" || text == "no") {
        return text == "yes" ? 1 : 0;
    }
    const bool hexadecimal = text.starts_with("0x");
    const char* begin = text.data() + (hexadecimal ? 2 : 0);
    const char* end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto [at, error] = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
    if (at != end || error != std::errc{}) {
        throw BadLine{"'" + text + "' is no number"};
    }
    return value;
}

/// "key=value" words from the `first` on. '_' in texts stands for a space.
Members members_of(const Words& words, std::size_t first) {
    Members members;
    for (std::size_t i = first; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        if (equals == std::string::npos) {
            throw BadLine{"'" + words[i] + "' is not key=value"};
        }
        members[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    }
    return members;
}

/// Takes members one by one; what nobody took in the end is an error.
class Taker {
  public:
    explicit Taker(Members members) : members_(std::move(members)) {}

    template <class T>
    void operator()(const char* key, T& value) {
        if (const auto text = take(key)) {
            value = static_cast<T>(number(*text));
        }
    }
    void operator()(const char* key, std::string& value) {
        if (auto text = take(key)) {
            value = *text;
            for (char& letter : value) {
                letter = letter == '_' ? ' ' : letter;
            }
        }
    }
    std::optional<std::string> take(const std::string& key) {
        const auto at = members_.find(key);
        if (at == members_.end()) {
            return std::nullopt;
        }
        std::string text = at->second;
        members_.erase(at);
        return text;
    }
    void done() const {
        if (!members_.empty()) {
            throw BadLine{"nothing is called '" + members_.begin()->first + "' here"};
        }
    }

  private:
    Members members_;
};

std::vector<std::string> list_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> list;
    for (std::string element; std::getline(stream, element, ',');) {
        list.push_back(element);
    }
    return list;
}

template <class E>
E named(const std::vector<std::pair<std::string, E>>& names, const std::string& name) {
    for (const auto& [known, value] : names) {
        if (known == name) {
            return value;
        }
    }
    throw BadLine{"'" + name + "' is unknown"};
}

CensusPoint point_from(const std::string& name) {
    return named<CensusPoint>(kPoints, name);
}

Step step_from(const std::string& name) {
    return named<Step>(kSteps, name);
}

GuestEnd end_from(const std::string& name) {
    return named<GuestEnd>(kEnds, name);
}

std::uint32_t tag_from(const std::string& text) {
    std::uint32_t tag = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto letter =
            static_cast<unsigned char>(i < text.size() && text[i] != '_' ? text[i] : ' ');
        tag |= std::uint32_t{letter} << (8 * i);
    }
    return tag;
}

/// "Rdp5:512/2": bytes and blocks.
oracle::PoolTag pool_from(const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::size_t slash = text.find('/');
    if (colon == std::string::npos || slash == std::string::npos || slash < colon) {
        throw BadLine{"'" + text + "' is not TAG:bytes/blocks"};
    }
    oracle::PoolTag tag;
    tag.tag = tag_from(text.substr(0, colon));
    tag.bytes = number(text.substr(colon + 1, slash - colon - 1));
    tag.blocks = static_cast<std::uint32_t>(number(text.substr(slash + 1)));
    return tag;
}

/// The counts of a census by their names in a case.
const std::map<std::string, Census::Count Census::*>& census_counts() {
    static const std::map<std::string, Census::Count Census::*> counts = {
        {"protocols", &Census::protocols},
        {"opens", &Census::opens},
        {"filters", &Census::filters},
        {"packet_pools", &Census::packet_pools},
        {"packets_out", &Census::packets_out},
        {"buffer_pools", &Census::buffer_pools},
        {"buffers_out", &Census::buffers_out},
        {"requests_pending", &Census::requests_pending},
        {"sends_pending", &Census::sends_pending},
        {"receives_out", &Census::receives_out},
        {"threads", &Census::threads},
        {"timers", &Census::timers},
        {"handles", &Census::handles},
        {"devices", &Census::devices},
        {"work_items", &Census::work_items},
    };
    return counts;
}

Census census_from(Taker& take) {
    Census census;
    for (const auto& [name, member] : census_counts()) {
        std::uint32_t count = 0;
        take(name.c_str(), count);
        census.*member = count;
    }
    for (const auto& name : list_of(take.take("unknown").value_or(""))) {
        const auto count = census_counts().find(name);
        if (count == census_counts().end()) {
            throw BadLine{"a census has no '" + name + "'"};
        }
        census.*count->second = std::nullopt;
    }
    for (const auto& tag : list_of(take.take("pool").value_or(""))) {
        census.pool.push_back(pool_from(tag));
    }
    for (const auto& name : list_of(take.take("modules").value_or(""))) {
        census.modules.push_back({name, 0x1000, 0x1000});
    }
    return census;
}

oracle::DriverQuery query_from(Taker& take) {
    oracle::DriverQuery query;
    query.installed = true;
    take("image_loaded", query.image_loaded);
    take("base", query.base);
    take("bytes", query.bytes);
    take("state", query.state);
    return query;
}

/// "1:200/57": stream, frames, last sequence number.
oracle::WireStream stream_from(const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::size_t slash = text.find('/');
    if (colon == std::string::npos || slash == std::string::npos || slash < colon) {
        throw BadLine{"'" + text + "' is not STREAM:frames/last"};
    }
    oracle::WireStream stream;
    stream.stream = static_cast<std::uint32_t>(number(text.substr(0, colon)));
    stream.frames = number(text.substr(colon + 1, slash - colon - 1));
    stream.last_sequence = static_cast<std::uint32_t>(number(text.substr(slash + 1)));
    return stream;
}

oracle::NicWitness nic_from(Taker& take) {
    oracle::NicWitness nic;
    take("model", nic.model);
    take("frames_from_guest", nic.frames_from_guest);
    take("frames_bad", nic.frames_bad);
    take("sequence_gaps", nic.sequence_gaps);
    take("sequence_repeats", nic.sequence_repeats);
    take("frames_after_teardown", nic.frames_after_teardown);
    take("frames_to_guest", nic.frames_to_guest);
    for (const auto& text : list_of(take.take("streams").value_or(""))) {
        nic.streams.push_back(stream_from(text));
    }
    if (const auto promiscuous = take.take("promiscuous")) {
        nic.filter_after_teardown.emplace();
        nic.filter_after_teardown->promiscuous = number(*promiscuous) != 0;
        nic.filter_after_teardown->multicast = take.take("multicast").value_or("normal");
        nic.filter_after_teardown->multicast_table =
            list_of(take.take("multicast_table").value_or(""));
    }
    return nic;
}

class Parser {
  public:
    void line(const std::string& text) {
        const Words words = words_of(text);
        if (words.empty() || words[0].starts_with('#')) {
            return;
        }
        if (trace::source_from(words[0])) {
            record(text);
        } else if (words[0] == "expect") {
            expect(words);
        } else if (words[0] == "also") {
            case_.also.insert(case_.also.end(), words.begin() + 1, words.end());
        } else {
            directive(words);
        }
    }

    TraceCase finish() {
        for (const auto& [label, words] : expected_) {
            Expectation expectation;
            expectation.words = words;
            if (label != "@none") {
                const auto at = labels_.find(label);
                if (at == labels_.end()) {
                    throw BadLine{"no record is labelled " + label};
                }
                expectation.event = at->second;
            }
            case_.expectations.push_back(expectation);
        }
        return std::move(case_);
    }

  private:
    void record(const std::string& text) {
        std::string line = text;
        trace::Trace& trace = case_.record.trace;
        if (const std::size_t at = line.find(" @"); at != std::string::npos) {
            labels_[words_of(line.substr(at))[0]] = trace.head;
            line.resize(at);
        }
        auto record = trace::parse_record(line);
        if (!record) {
            throw BadLine{record.error().sentence};
        }
        record->sequence = trace.head++;
        trace.records.push_back(*record);
    }

    void gap(std::uint64_t count) {
        trace::Trace& trace = case_.record.trace;
        if (count == 0 || count > 1'000'000) {
            throw BadLine{"a gap has from 1 to 1000000 records"};
        }
        if (!trace.gaps.empty() && trace.gaps.back().end == trace.head) {
            trace.gaps.back().end += count;
        } else {
            trace.gaps.push_back({trace.head, trace.head + count});
        }
        trace.head += count;
    }

    void expect(const Words& words) {
        if (words.size() < 2 || !words[1].starts_with('@')) {
            throw BadLine{"expect wants @label, or @none for a finding without an event"};
        }
        std::string rest;
        for (std::size_t i = 2; i < words.size(); ++i) {
            rest += (rest.empty() ? "" : " ") + words[i];
        }
        expected_.emplace_back(words[1], rest);
    }

    void directive(const Words& words) {
        RunRecord& run = case_.record;
        const std::string& what = words[0];
        const bool has_name = what == "census" || what == "answer" || what == "query" ||
                              what == "end" || what == "lost" || what == "torn";
        if (has_name && words.size() < 2) {
            throw BadLine{what + " wants a word after it"};
        }
        Taker take(members_of(words, has_name ? 2 : 1));
        if (what == "run") {
            take("scenario", run.scenario);
            if (auto trigger = take.take("trigger")) {
                run.trigger = *trigger;
            }
            take("cycles", run.cycles);
            take("reload", run.reload_wanted);
            take("nics", run.nic_count);
            take("load", run.load);
            take("driver", run.driver_module);
            take("filters_left", run.promised.filters_left);
        } else if (what == "census") {
            oracle::LabelledCensus labelled;
            labelled.point = point_from(words[1]);
            take("cycle", labelled.cycle);
            labelled.census = census_from(take);
            run.censuses.push_back(std::move(labelled));
        } else if (what == "answer") {
            oracle::StepAnswer answer;
            answer.step = step_from(words[1]);
            take("cycle", answer.cycle);
            take("status", answer.status);
            take("message", answer.message);
            run.answers.push_back(std::move(answer));
        } else if (what == "query") {
            (words[1] == "reload" ? run.query_after_reload : run.query_after_teardown) =
                query_from(take);
        } else if (what == "nic") {
            run.nics.push_back(nic_from(take));
        } else if (what == "counters") {
            auto& counters = run.counters.emplace();
            take("sent", counters.sent);
            take("send_failures", counters.send_failures);
            take("received", counters.received);
            take("receive_bad", counters.receive_bad);
        } else if (what == "end") {
            run.guest_end = end_from(words[1]);
        } else if (what == "bugcheck") {
            auto& bug_check = run.bug_check.emplace();
            take("code", bug_check.code);
            take("parameter1", bug_check.parameter[0]);
            take("module", bug_check.module);
            take("offset", bug_check.offset);
        } else if (what == "deadline") {
            auto& deadline = run.deadline.emplace();
            take("phase", deadline.phase);
            take("waiting_for", deadline.waiting_for);
            take("after_ms", deadline.after_ms);
        } else if (what == "lost" || what == "torn") {
            const std::uint64_t count = number(words[1]);
            gap(count);
            (what == "lost" ? run.trace.lost : run.trace.torn) += count;
        } else {
            throw BadLine{"'" + what + "' is neither a directive nor a source"};
        }
        take.done();
    }

    TraceCase case_;
    std::map<std::string, std::uint64_t> labels_;
    std::vector<std::pair<std::string, std::string>> expected_;
};

}  // namespace

result<TraceCase> parse_case(std::string_view text) {
    std::istringstream stream{std::string(text)};
    Parser parser;
    std::size_t number = 0;
    try {
        for (std::string line; std::getline(stream, line);) {
            ++number;
            parser.line(line);
        }
        return parser.finish();
    } catch (const BadLine& bad) {
        return fail(ErrorKind::usage, fmt::format("line {}: {}", number, bad.what));
    }
}

}  // namespace rundown::test
