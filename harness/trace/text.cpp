// SPDX-License-Identifier: MIT
// trace/text.cpp
#include "trace/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <vector>

#include "trace/names.hpp"

namespace rundown::trace {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
        const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
        words.push_back(line.substr(at, end - at));
        at = end;
    }
    return words;
}

std::optional<std::uint64_t> number_from(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x");
    text.remove_prefix(hexadecimal ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// A number, or a word that stands for an address.
std::uint64_t value_from(std::string_view text) {
    const auto number = number_from(text);
    return number ? *number : address_of(text);
}

template <class T>
bool put(T& field, std::string_view text) {
    const auto number = number_from(text);
    if (!number || *number > std::numeric_limits<T>::max()) {
        return false;
    }
    field = static_cast<T>(*number);
    return true;
}

bool put_status(Record& record, std::string_view text) {
    const auto named = status_from(text);
    if (named) {
        record.status = *named;
        return true;
    }
    return put(record.status, text);
}

/// arg0 of marks and violations may be a name.
std::uint64_t argument_from(const Record& record, std::size_t index, std::string_view text) {
    if (index == 0 && record.event == RD_EV_MARK) {
        return mark_from(text).value_or(value_from(text));
    }
    if (index == 0 && record.event == RD_EV_VIOLATION) {
        return violation_from(text).value_or(value_from(text));
    }
    return value_from(text);
}

bool put_member(Record& record, std::string_view key, std::string_view value) {
    if (key == "b") {
        return put(record.binding, value);
    }
    if (key == "status") {
        return put_status(record, value);
    }
    if (key == "irql") {
        return put(record.irql, value);
    }
    if (key == "processor") {
        return put(record.processor, value);
    }
    if (key == "thread") {
        return put(record.thread, value);
    }
    if (key == "time") {
        return put(record.time, value);
    }
    if (key == "object") {
        record.object = value_from(value);
        return true;
    }
    if (key.size() == 4 && key.starts_with("arg") && key[3] >= '0' && key[3] <= '2') {
        const auto index = static_cast<std::size_t>(key[3] - '0');
        record.arg[index] = argument_from(record, index, value);
        return true;
    }
    return false;
}

Error nonsense(std::string_view word) {
    return fail(ErrorKind::usage, fmt::format("'{}' makes no sense in a trace record", word));
}

std::string argument_text(const Record& record, std::size_t index) {
    const std::uint64_t value = record.arg[index];
    if (index == 0 && record.event == RD_EV_MARK && mark_name(value) != "?") {
        return std::string(mark_name(value));
    }
    if (index == 0 && record.event == RD_EV_VIOLATION && violation_name(value) != "?") {
        return std::string(violation_name(value));
    }
    return fmt::format("{:#x}", value);
}

std::string status_text(const Record& record) {
    for (const auto name : {"success", "pending", "failure", "closing", "resources"}) {
        if (status_from(name) == record.status) {
            return name;
        }
    }
    return fmt::format("0x{:08x}", record.status);
}

template <class Name>
std::string name_or_number(Name name, unsigned number) {
    return name == "?" ? std::to_string(number) : std::string(name);
}

}  // namespace

std::uint64_t address_of(std::string_view word) {
    std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a: stable over builds and machines.
    for (const char letter : word) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
    }
    return 0xFFFFA00000000000 | (hash & 0x0FFFFFFFFFF0);
}

std::string to_text(const Record& record) {
    std::string text = fmt::format(
        "{} {} {}",
        name_or_number(source_name(record.source), record.source),
        name_or_number(kind_name(record.kind), record.kind),
        name_or_number(event_name(record.event), record.event)
    );
    const auto member = [&text](std::string_view key, const std::string& value) {
        text += fmt::format(" {}={}", key, value);
    };
    if (record.binding != 0) {
        member("b", std::to_string(record.binding));
    }
    if (record.object != 0) {
        member("object", fmt::format("{:#x}", record.object));
    }
    if (record.status != 0) {
        member("status", status_text(record));
    }
    for (std::size_t i = 0; i < record.arg.size(); ++i) {
        if (record.arg[i] != 0) {
            member(fmt::format("arg{}", i), argument_text(record, i));
        }
    }
    if (record.irql != 0) {
        member("irql", std::to_string(record.irql));
    }
    if (record.processor != 0) {
        member("processor", std::to_string(record.processor));
    }
    if (record.thread != 0) {
        member("thread", fmt::format("{:#x}", record.thread));
    }
    return text;
}

std::string to_text(const Record& record, const Trace& trace) {
    const double seconds = trace.frequency_hz != 0 ? static_cast<double>(record.time) /
                                                         static_cast<double>(trace.frequency_hz)
                                                   : 0;
    return fmt::format("#{} {:.6f} {}", record.sequence, seconds, to_text(record));
}

result<Record> parse_record(std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 3) {
        return fail(ErrorKind::usage, "a trace record begins with source, kind and event");
    }
    Record record;
    const auto source = source_from(words[0]);
    const auto kind = kind_from(words[1]);
    const auto event = event_from(words[2]);
    if (!source || !kind) {
        return nonsense(source ? words[1] : words[0]);
    }
    record.source = *source;
    record.kind = *kind;
    if (event) {
        record.event = *event;
    } else if (!put(record.event, words[2])) {
        return nonsense(words[2]);
    }
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        if (equals == std::string_view::npos ||
            !put_member(record, words[i].substr(0, equals), words[i].substr(equals + 1))) {
            return nonsense(words[i]);
        }
    }
    return record;
}

}  // namespace rundown::trace
