// SPDX-License-Identifier: MIT
#include "image/reactos/registry_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rundown::image::reactos {

namespace {

constexpr std::string_view kHeading = "Windows Registry Editor Version 5.00";

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace

std::string as_reged_takes_it(std::string_view text) {
    std::string whole = std::string(kHeading) + "\r\n";
    for (const auto line : lines_of(text)) {
        if (line.empty() || line.starts_with(';') || line == kHeading) {
            continue;
        }
        whole += fmt::format("{}{}\r\n", line.starts_with('[') ? "\r\n" : "", line);
    }
    return whole + "\r\n";
}

result<std::vector<RegistrySection>> registry_sections(
    std::string_view text, std::string_view prefix
) {
    std::vector<RegistrySection> sections;
    const std::string opening = fmt::format("[{}\\", prefix);
    for (const auto line : lines_of(text)) {
        if (line.empty() || line.starts_with(';') || line == kHeading) {
            continue;
        }
        if (line.starts_with(opening) && line.ends_with(']')) {
            const auto key = line.substr(opening.size(), line.size() - opening.size() - 1);
            sections.push_back({std::string(key), {}});
        } else if (line.starts_with('"') && !sections.empty()) {
            sections.back().values.emplace_back(line);
        } else {
            return fail(
                ErrorKind::internal, fmt::format("a registry file of the recipe has: {}", line)
            );
        }
    }
    return sections;
}

bool has_all_values(std::string_view exported, const RegistrySection& section) {
    const auto lines = lines_of(exported);
    return std::all_of(section.values.begin(), section.values.end(), [&lines](const auto& value) {
        return std::find(lines.begin(), lines.end(), std::string_view(value)) != lines.end();
    });
}

}  // namespace rundown::image::reactos
