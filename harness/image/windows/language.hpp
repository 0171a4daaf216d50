// SPDX-License-Identifier: MIT
// image/windows/language.hpp
//
// Languages as people and answer files name them ("de-DE"), and as winnt.sif does (a locale
// identifier and the group of fonts and code pages it belongs to; [MS-LCID]). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image::windows {

/// True for "xx-YY", "xxx-YY" and the like with a script between ("sr-Latn-RS").
bool is_language_tag(std::string_view tag);

struct SifLanguage {
    std::string id;     // "00000407"
    std::string group;  // "1"
};

/// The language in winnt.sif's terms. Error (usage): not in our table; the sentence lists it.
result<SifLanguage> sif_language(const std::string& tag);

}  // namespace rundown::image::windows
