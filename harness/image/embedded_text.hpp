// SPDX-License-Identifier: MIT
// image/embedded_text.hpp
//
// The texts of guest-images/reactos, as they were when the program was
// built: they are part of it, so that a recipe and its version cannot disagree. The table is
// generated (harness/cmake/embed_texts.cmake).
#pragma once

#include <optional>
#include <string_view>

namespace rundown::image {

struct EmbeddedText {
    std::string_view name;  // Path below guest-images: "reactos/unattend.inf".
    std::string_view text;
};

/// Ends with an empty name.
extern const EmbeddedText kEmbeddedTexts[];

inline std::optional<std::string_view> embedded_text(std::string_view name) {
    for (const auto* text = kEmbeddedTexts; !text->name.empty(); ++text) {
        if (text->name == name) {
            return text->text;
        }
    }
    return std::nullopt;
}

}  // namespace rundown::image
