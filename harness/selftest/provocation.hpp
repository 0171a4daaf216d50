// SPDX-License-Identifier: MIT
// selftest/provocation.hpp
//
// The crimes that the reference guest can be told to commit, and whether it stopped as documented.
// The table is the guest's own file, guest-images/reference/selftest/provocations.def. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "selftest/stop_text.hpp"
#include "trace/trace.hpp"

namespace rundown::selftest {

struct Provocation {
    std::string_view family;
    std::string_view name;
    std::uint32_t code;
    std::array<std::string_view, 4> parameter;  // Patterns; see the table.
    std::string_view module;
    std::string_view options;  // For the kernel's command line; "nmi" is for the host.
    std::string_view what;     // The crime, as a sentence without its full stop.

    std::string full_name() const;  // "provoke.<family>.<name>"
    bool wants_nmi() const { return options == "nmi"; }
};

/// All of them, in the table's order.
std::span<const Provocation> provocations();

/// What is wrong with how the guest took it, in one sentence; nothing: it stopped exactly as
/// documented, told the host so, and its stack leads to the guilty function.
std::optional<std::string> judge(const Provocation& provocation, std::string_view debug_log);

/// The same through the trace, whose records must tell the code, parameters and stack of the text.
std::optional<std::string> judge_trace(const StopText& stop, const trace::Trace& trace);

}  // namespace rundown::selftest
