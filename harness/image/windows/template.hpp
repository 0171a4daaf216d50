// SPDX-License-Identifier: MIT
// image/windows/template.hpp
//
// Fills the templates of guest-images/windows. In a template
//
//     {{name}}                    a text, escaped for where it stands
//     {{#name}} ... {{/name}}     kept when the flag is set; repeated for each item of a list
//     {{^name}} ... {{/name}}     kept when the flag is not set, or the list is empty
//
// A section's marks that stand alone on a line take the line with them. Inside a list's section an
// item's own texts hide those outside. A name without a value, a mark that is not closed and a
// value with a NUL are errors: an answer file with a hole in it would stop an installation after an
// hour. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::image::windows {

using TemplateTexts = std::map<std::string, std::string, std::less<>>;

struct TemplateValues {
    TemplateTexts texts;
    std::map<std::string, bool, std::less<>> flags;
    std::map<std::string, std::vector<TemplateTexts>, std::less<>> lists;
};

/// How a value is written where a template names it.
using TemplateEscape = std::function<result<std::string>(std::string_view)>;

/// The filled template. `name` is what errors call it. Errors: internal (the template or the values
/// are ours), or whatever `escape` says of a value.
result<std::string> fill_template(
    std::string_view text,
    const TemplateValues& values,
    const TemplateEscape& escape,
    std::string_view name
);

}  // namespace rundown::image::windows
