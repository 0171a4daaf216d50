// SPDX-License-Identifier: MIT
#include "run/guest_kind.hpp"

#include <fmt/format.h>

#include "base/nearest.hpp"

namespace rundown::run {

std::string_view to_string(GuestFamily family) {
    switch (family) {
        case GuestFamily::reference:
            return "reference";
        case GuestFamily::reactos:
            return "reactos";
        case GuestFamily::windows:
            return "windows";
        case GuestFamily::invalid:
            break;
    }
    return "invalid";
}

GuestFamily guest_family_from(std::string_view text) {
    for (const auto family : {GuestFamily::reference, GuestFamily::reactos, GuestFamily::windows}) {
        if (text == to_string(family)) {
            return family;
        }
    }
    return GuestFamily::invalid;
}

result<GuestChoice> guest_choice_from(const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string family = text.substr(0, colon);
    GuestChoice choice;
    choice.family = guest_family_from(family);
    if (choice.family == GuestFamily::invalid) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--guest: unknown guest '{}'{}; choose from reference, reactos, windows, or "
                "KIND:NAME for an image of `rundown image list`",
                text,
                did_you_mean(family, {"reference", "reactos", "windows"})
            )
        );
    }
    if (colon != std::string::npos) {
        choice.image = text.substr(colon + 1);
        if (choice.image.empty()) {
            return fail(
                ErrorKind::usage,
                fmt::format("--guest: '{}' names no image; `rundown image list` shows them", text)
            );
        }
    }
    choice.from_store = choice.family != GuestFamily::reference || !choice.image.empty();
    return choice;
}

std::string to_string(const GuestChoice& choice) {
    std::string text(to_string(choice.family));
    return choice.image.empty() ? text : text + ":" + choice.image;
}

int patience_with(GuestFamily family) {
    return family == GuestFamily::reference ? 1 : 8;
}

Milliseconds boot_time_max(const GuestChoice& choice) {
    switch (choice.family) {
        case GuestFamily::reactos:
            return Milliseconds(300000);  // 22 to 27 s on an idle machine under TCG.
        case GuestFamily::windows:
            return Milliseconds(1200000);
        case GuestFamily::reference:
        case GuestFamily::invalid:
            break;
    }
    return Milliseconds(choice.from_store ? 60000 : 0);  // As it was built: the scenario says.
}

}  // namespace rundown::run
