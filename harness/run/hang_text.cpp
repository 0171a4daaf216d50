// SPDX-License-Identifier: MIT
#include "run/hang_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <vector>

namespace rundown::run {
namespace {

/// Of the clock in the reference guest, as on x64 Windows: what spins at it or above is not
/// preempted.
constexpr unsigned kClockLevel = 13;
constexpr std::uint64_t kInterruptFlag = 1u << 9;
constexpr std::size_t kPlaceMax = 100;  // Of a line that a guest printed.

/// The number behind `name` in `text`, in that base.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view name, int base) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const char* begin = text.data() + at + name.size();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number, base);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// The guest's dump: from its first "processor 0:" behind everything else it printed.
std::string_view dump_in(std::string_view debug_log) {
    const std::size_t at = debug_log.rfind("processor 0: ");
    return at == std::string_view::npos ? std::string_view() : debug_log.substr(at);
}

/// "  module fffff80008096201  hangs-the-guest.sys+0x7201": where the processor was.
std::string place_in(std::string_view dump) {
    constexpr std::string_view kModule = "\n  module ";
    const std::size_t at = dump.find(kModule);
    if (at == std::string_view::npos) {
        return {};
    }
    std::string_view line = dump.substr(at + kModule.size());
    line = line.substr(0, line.find('\n'));
    const std::size_t space = line.rfind(' ');
    return std::string(space == std::string_view::npos ? line : line.substr(space + 1, kPlaceMax));
}

/// "thread 148 in never-returns.sys+0x7227": each thread with the driver on its stack, by the frame
/// nearest to where it waits.
std::string threads_in(std::string_view dump, std::string_view driver) {
    constexpr std::string_view kThread = "  thread ";
    constexpr std::size_t kThreadsMax = 8;
    std::string words;
    std::string thread;
    std::size_t told = 0;
    for (const std::string_view line : lines_of(dump)) {
        if (line.starts_with("***")) {
            break;
        }
        if (line.starts_with(kThread)) {
            const std::string_view number = line.substr(kThread.size());
            thread = number.substr(0, number.find(' '));
        } else if (!thread.empty() && told < kThreadsMax && !driver.empty() &&
                   line.starts_with("    ") && line.substr(4).starts_with(driver)) {
            words += fmt::format(
                "{}thread {} in {}", words.empty() ? "" : ", ", thread, line.substr(4, kPlaceMax)
            );
            thread.clear();
            ++told;
        }
    }
    return words;
}

/// The line of the processor that had the vCPU, or of the first that was not idle.
std::optional<unsigned> irql_in(std::string_view dump) {
    for (const std::string_view line : lines_of(dump)) {
        if (line.starts_with("processor ") && line.find("has the vCPU") != std::string_view::npos) {
            const auto irql = number_behind(line, "IRQL ", 10);
            return irql ? std::optional(static_cast<unsigned>(*irql)) : std::nullopt;
        }
    }
    return std::nullopt;
}

Hang kind_of(std::string_view registers, std::optional<unsigned> irql) {
    auto flags = number_behind(registers, "RFL=", 16);
    if (!flags) {
        flags = number_behind(registers, "EFL=", 16);  // A processor in 32-bit mode.
    }
    if (!number_behind(registers, "HLT=", 10) || !flags) {
        return Hang::unknown;
    }
    if (is_halted(registers)) {
        return Hang::idle;
    }
    const bool masked = (*flags & kInterruptFlag) == 0 || irql.value_or(0) >= kClockLevel;
    return masked ? Hang::spinning : Hang::busy;
}

}  // namespace

bool is_halted(std::string_view registers) {
    return number_behind(registers, "HLT=", 10) == 1;
}

HangSeen hang_in(std::string_view registers, std::string_view debug_log, std::string_view driver) {
    const std::string_view dump = dump_in(debug_log);
    const auto irql = irql_in(dump);
    const std::string place = place_in(dump);
    const std::string at = fmt::format(
        "{}{}", place.empty() ? "" : " at " + place, irql ? fmt::format(", IRQL {}", *irql) : ""
    );
    HangSeen seen{kind_of(registers, irql), {}};
    switch (seen.kind) {
        case Hang::idle: {
            const std::string threads = threads_in(dump, driver);
            seen.sentence =
                "The guest is idle: every thread waits for something that does not come";
            seen.sentence += threads.empty() ? "." : ": " + threads + ".";
            break;
        }
        case Hang::spinning:
            seen.sentence = fmt::format("The guest spins with interrupts off{}.", at);
            break;
        case Hang::busy:
            seen.sentence = fmt::format("The guest is running and takes interrupts{}.", at);
            break;
        case Hang::unknown:
            seen.sentence = "QEMU did not say what the guest's processor is doing.";
            break;
    }
    if (dump.empty()) {
        seen.sentence += " At an NMI it printed nothing.";
    }
    return seen;
}

}  // namespace rundown::run
