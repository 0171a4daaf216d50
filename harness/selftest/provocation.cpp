// SPDX-License-Identifier: MIT
#include "selftest/provocation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "selftest/line.hpp"

namespace rundown::selftest {
namespace {

constexpr Provocation kProvocations[] = {
// The tail is module, options and what; the table abbreviates the first two.
#define RD_PROVOCATION(family, name, code, p1, p2, p3, p4, ...) \
    {#family, #name, code, {p1, p2, p3, p4}, __VA_ARGS__},
#include "ndis/selftest/provocations.def"
#include "selftest/provocations.def"
#undef RD_PROVOCATION
};

constexpr std::string_view kKernel = "ntoskrnl.exe", kNdisDriver = "ndistest.sys";

/// Whose crime it is.
std::string_view driver_of(const Provocation& provocation) {
    return provocation.family == "ndis" ? kNdisDriver : "selftest.sys";
}

std::optional<std::uint64_t> number_in(std::string_view pattern) {
    Line line(pattern);
    std::uint64_t number = 0;
    const bool good = line.literal("0x") ? line.hexadecimal(number) : line.decimal(number);
    return good && line.empty() ? std::optional(number) : std::nullopt;
}

bool points_into(const std::optional<Place>& place, std::uint64_t value, std::string_view module) {
    return place && place->address == value && place->module == module;
}

/// Whether parameter `index` is as its pattern wants it.
bool parameter_fits(
    const Provocation& wanted, const StopText& stop, std::size_t index, const Announcement& said
) {
    const std::string_view pattern = wanted.parameter[index];
    const std::uint64_t value = stop.parameter[index];
    if (pattern == "*") {
        return true;
    }
    if (pattern == "!0") {
        return value != 0;
    }
    if (pattern == "driver" || pattern == "kernel") {
        return points_into(
            stop.into[index], value, pattern == "driver" ? driver_of(wanted) : kKernel
        );
    }
    if (pattern.size() == 2 && pattern[0] == '$' && pattern[1] >= '1' && pattern[1] <= '4') {
        const auto& announced = said.value[static_cast<std::size_t>(pattern[1] - '1')];
        return announced && *announced == value;
    }
    const auto number = number_in(pattern);
    return number && *number == value;
}

std::string describe(const std::optional<Place>& place) {
    if (!place || place->module.empty()) {
        return "";
    }
    return place->module + (place->unloaded ? " (unloaded)" : "");
}

bool on_stack(const StopText& stop, const std::array<std::uint64_t, 2>& function) {
    return std::any_of(stop.stack.begin(), stop.stack.end(), [&function](const Place& frame) {
        return frame.address >= function[0] && frame.address <= function[1];
    });
}

std::string expected_value(const Provocation& wanted, std::size_t index, const Announcement& said) {
    const std::string_view pattern = wanted.parameter[index];
    if (pattern.size() == 2 && pattern[0] == '$') {
        const auto& announced = said.value[static_cast<std::size_t>(pattern[1] - '1') & 3];
        return announced ? fmt::format("0x{:x}, which it announced", *announced)
                         : "a value it never announced";
    }
    if (pattern == "driver" || pattern == "kernel") {
        return fmt::format("an address in {}", pattern == "driver" ? driver_of(wanted) : kKernel);
    }
    return pattern == "!0" ? "anything but 0" : std::string(pattern);
}

std::optional<std::string> judge_stop(
    const Provocation& wanted, const StopText& stop, const Announcement& said
) {
    if (stop.code != wanted.code) {
        return fmt::format(
            "stopped with 0x{:x} {} in place of 0x{:x}", stop.code, stop.name, wanted.code
        );
    }
    for (std::size_t i = 0; i < wanted.parameter.size(); ++i) {
        if (!parameter_fits(wanted, stop, i, said)) {
            return fmt::format(
                "stopped with 0x{:x}, but parameter {} is 0x{:x}{} and should be {}",
                stop.code,
                i + 1,
                stop.parameter[i],
                stop.into[i] ? " (" + describe(stop.into[i]) + ")" : "",
                expected_value(wanted, i, said)
            );
        }
    }
    if (describe(stop.blamed) != wanted.module) {
        return fmt::format(
            "stopped with 0x{:x}, but blames '{}' in place of '{}'",
            stop.code,
            describe(stop.blamed),
            wanted.module
        );
    }
    if (stop.name.empty() || stop.name == "UNKNOWN_BUG_CHECK") {
        return fmt::format("stopped with 0x{:x}, which the guest has no name for", stop.code);
    }
    if (stop.stack.empty() || !stop.whole) {
        return fmt::format("stopped with 0x{:x}, but its text has no end or no stack", stop.code);
    }
    if (wanted.module == driver_of(wanted) && (!said.guilty || !on_stack(stop, *said.guilty))) {
        return fmt::format(
            "stopped with 0x{:x}, but the guilty function is not on the stack", stop.code
        );
    }
    return std::nullopt;
}

}  // namespace

std::string Provocation::full_name() const {
    return fmt::format("provoke.{}.{}", family, name);
}

std::span<const Provocation> provocations() {
    return kProvocations;
}

std::optional<std::string> judge(const Provocation& provocation, std::string_view debug_log) {
    const auto said = read_announcement(debug_log, provocation.name);
    if (!said.malformed.empty()) {
        return "printed a line that is none of a provocation's: " + said.malformed.front();
    }
    const auto stop = read_stop_text(debug_log);
    if (!stop) {
        return said.survived              ? std::string("went unnoticed: the guest survived it")
               : said.guilty              ? "was begun, but the guest neither stopped nor survived"
               : said.not_started.empty() ? "was never begun"
                                          : "was never begun: " + said.not_started;
    }
    return judge_stop(provocation, *stop, said);
}

std::optional<std::string> judge_trace(const StopText& stop, const trace::Trace& trace) {
    const auto find = [&trace](int event) {
        return std::find_if(
            trace.records.begin(),
            trace.records.end(),
            [event](const auto& record) { return record.is(RD_SOURCE_KERNEL, RD_KIND_NOTE, event); }
        );
    };
    const auto first = find(RD_EV_BUG_CHECK), more = find(RD_EV_BUG_CHECK_MORE);
    if (first == trace.records.end() || more == trace.records.end()) {
        return "is not in the trace";
    }
    const std::array<std::uint64_t, 4> parameter = {
        first->arg[0], first->arg[1], more->arg[0], more->arg[1]};
    if (first->object != stop.code || parameter != stop.parameter) {
        return "is told differently by the trace and by the text";
    }
    std::vector<std::uint64_t> frames;
    for (const auto& record : trace.records) {
        if (record.is(RD_SOURCE_KERNEL, RD_KIND_NOTE, RD_EV_BUG_CHECK_STACK)) {
            frames.push_back(record.object);
        }
    }
    const bool same = frames.size() == stop.stack.size() &&
                      std::equal(
                          frames.begin(),
                          frames.end(),
                          stop.stack.begin(),
                          [](auto frame, const Place& place) { return frame == place.address; }
                      );
    return same ? std::nullopt
                : std::optional<std::string>("has another stack in the trace than in the text");
}

}  // namespace rundown::selftest
