// SPDX-License-Identifier: MIT
#include "image/reactos/freeldr_ini.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace rundown::image::reactos {

namespace {

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&lower](char x, char y) {
        return lower(x) == lower(y);
    });
}

std::string_view trim(std::string_view text) {
    const auto from = text.find_first_not_of(" \t\r");
    const auto to = text.find_last_not_of(" \t\r");
    return from == std::string_view::npos ? std::string_view() : text.substr(from, to - from + 1);
}

/// The file as lines; sections found by name.
class Ini {
  public:
    explicit Ini(std::string_view text) {
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            lines_.emplace_back(trim(text.substr(0, end)));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    /// Line behind the section's heading; nothing when there is none.
    std::optional<std::size_t> section(std::string_view name) const {
        for (std::size_t at = 0; at < lines_.size(); ++at) {
            const std::string_view line = lines_[at];
            if (line.starts_with('[') && line.ends_with(']') &&
                same(line.substr(1, line.size() - 2), name)) {
                return at + 1;
            }
        }
        return std::nullopt;
    }

    std::optional<std::string> value(std::size_t section, std::string_view key) const {
        const auto at = find(section, key);
        if (!at) {
            return std::nullopt;
        }
        const std::string_view line = lines_[*at];
        std::string_view value = trim(line.substr(line.find('=') + 1));
        if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
            value = value.substr(1, value.size() - 2);
        }
        return std::string(value);
    }

    void set(std::size_t section, std::string_view key, std::string_view value) {
        const std::string line = fmt::format("{}={}", key, value);
        if (const auto at = find(section, key)) {
            lines_[*at] = line;
        } else {
            lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(section), line);
        }
    }

    std::string text() const {
        std::string all;
        for (const auto& line : lines_) {
            all += line + "\r\n";
        }
        return all;
    }

  private:
    std::optional<std::size_t> find(std::size_t section, std::string_view key) const {
        for (std::size_t at = section; at < lines_.size() && !lines_[at].starts_with('['); ++at) {
            const auto equals = lines_[at].find('=');
            if (equals != std::string::npos &&
                same(trim(std::string_view(lines_[at]).substr(0, equals)), key)) {
                return at;
            }
        }
        return std::nullopt;
    }

    std::vector<std::string> lines_;
};

Error no_menu(const std::string& name, const std::string& what) {
    return fail(
        ErrorKind::environment, fmt::format("{} is no boot menu of FreeLdr: {}", name, what)
    );
}

/// The section of the default entry.
result<std::size_t> default_entry(const Ini& ini, const std::string& name) {
    const auto loader = ini.section("FREELOADER");
    if (!loader) {
        return no_menu(name, "it has no section [FREELOADER]");
    }
    const auto entry = ini.value(*loader, "DefaultOS");
    if (!entry) {
        return no_menu(name, "[FREELOADER] names no DefaultOS");
    }
    const auto section = ini.section(*entry);
    if (!section) {
        return no_menu(name, fmt::format("its default entry [{}] is not there", *entry));
    }
    return *section;
}

}  // namespace

result<std::string> with_boot_options(
    std::string_view text, std::string_view options, const std::string& name
) {
    Ini ini(text);
    const auto entry = default_entry(ini, name);
    if (!entry) {
        return entry.error();
    }
    ini.set(*entry, "Options", options);
    ini.set(*ini.section("FREELOADER"), "TimeOut", "0");
    return ini.text();
}

result<std::string> system_directory(std::string_view text, const std::string& name) {
    const Ini ini(text);
    const auto entry = default_entry(ini, name);
    if (!entry) {
        return entry.error();
    }
    const auto path = ini.value(*entry, "SystemPath");
    const auto backslash = path ? path->find('\\') : std::string::npos;
    if (backslash == std::string::npos || backslash + 1 == path->size()) {
        return no_menu(name, "its default entry names no SystemPath");
    }
    std::string directory = path->substr(backslash + 1);
    std::replace(directory.begin(), directory.end(), '\\', '/');
    // It becomes part of paths given to mtools.
    if (directory.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/"
        ) != std::string::npos) {
        return no_menu(name, "the SystemPath of its default entry is a strange one");
    }
    return directory;
}

}  // namespace rundown::image::reactos
