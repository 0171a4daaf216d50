// SPDX-License-Identifier: MIT
#include "run/kernel_words.hpp"

#include <fmt/format.h>

namespace rundown::run {
namespace {

using scenario::Completion;

/// The emulated NICs answer every request at once, so none would be in flight when the trigger
/// comes. The one that the driver keeps asking takes as long as it does on a card that has to look.
constexpr std::uint32_t kHeavyRequestMs = 4;
constexpr std::uint32_t kLinkSpeed = 0x00010107;  // OID_GEN_LINK_SPEED.

std::string_view word_for(Completion completion) {
    switch (completion) {
        case Completion::pending:
            return "pend";
        case Completion::synchronous:
            return "sync";
        case Completion::refused:
            return "refuse";
        case Completion::refused_late:
            return "refuse-late";
        case Completion::seeded:
        case Completion::invalid:
            break;
    }
    return {};
}

std::string completion_word(const char* name, Completion completion) {
    const auto word = word_for(completion);
    return word.empty() ? std::string() : fmt::format(" {}={}", name, word);
}

}  // namespace

std::string kernel_words(const scenario::Scenario& scenario, scenario::Load load) {
    scenario::NdisChoices ndis = scenario.ndis;
    if (load == scenario::Load::heavy && ndis.request_ms == 0) {
        ndis.request_ms = kHeavyRequestMs;
        ndis.request_oid = kLinkSpeed;
    }
    std::string words =
        completion_word("ndis_open", ndis.open) + completion_word("ndis_close", ndis.close);
    if (ndis.request_ms != 0) {
        words += fmt::format(
            " ndis_request_ms={} ndis_request_oid={:#x}", ndis.request_ms, ndis.request_oid
        );
    }
    if (ndis.serialized_miniports) {
        words += " nic_serialized=1";
    }
    if (scenario.trigger == scenario::Trigger::surprise_removal) {
        words += " pnp_removal=surprise";
    }
    return words;
}

}  // namespace rundown::run
