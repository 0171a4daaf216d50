// SPDX-License-Identifier: MIT
// oracle/divergence.hpp
//
// What a guest is declared to do wrong (guest-images/divergences.toml). A finding that was declared
// is "known" and fails nothing; one that was promised and does not come is an unexpected pass, and
// fails: the guest has changed, and the file has to. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/oracle.hpp"

namespace rundown::oracle {

struct Divergence {
    std::string rule;                    // Name of the rule that finds it.
    std::string guest;                   // As --guest has it, with '*' and '?'; a kind alone stands
                                         // for all its images.
    std::vector<std::string> scenarios;  // Names with '*' and '?'; empty: wherever it shows.
    bool against_system = false;         // Only findings against the system.
    std::string reason;                  // One sentence.
    std::string since;                   // Version or date from which it has been seen.
};

/// Name of the rule that finds unexpected passes.
inline constexpr std::string_view kUnexpectedPass = "unexpected-pass";

/// '*' stands for any letters, '?' for one.
bool matches(std::string_view pattern, std::string_view text);

/// Does it apply to this guest, as --guest has it?
bool is_of_guest(const Divergence& divergence, std::string_view guest);

/// Turns declared findings into known ones, adds unexpected passes where the rule was judged and
/// the run came to a verdict, and the verdict follows.
void apply(
    std::span<const Divergence> divergences,
    std::string_view guest,
    std::string_view scenario,
    Judgement& judgement
);

}  // namespace rundown::oracle
