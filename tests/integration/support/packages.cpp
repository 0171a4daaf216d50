// SPDX-License-Identifier: MIT
// integration/support/packages.cpp
#include "integration/support/packages.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "integration/support/shell.hpp"

namespace rundown::integration {
namespace fs = std::filesystem;
namespace {

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r");
    return first == std::string::npos
               ? std::string()
               : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// A semicolon outside of quotes begins a comment.
std::string without_comment(const std::string& line) {
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"')
            in_quotes = !in_quotes;
        if (line[i] == ';' && !in_quotes)
            return line.substr(0, i);
    }
    return line;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (at + i < bytes.size() ? bytes[at + i] : 0);
        for (int i = 0; i < 4; ++i)
            text += at + static_cast<std::size_t>(i) <= bytes.size()
                        ? digits[group >> (18 - 6 * i) & 63]
                        : '=';
        if (at % 48 == 45)
            text += '\n';
    }
    return text + '\n';
}

}  // namespace

fs::path build_folder() {
    const char* given = std::getenv("RUNDOWN_ASSETS");
    return given != nullptr && *given != '\0' ? fs::path(given)
                                              : fs::path(RUNDOWN_BINARY).parent_path();
}

std::vector<Package> packages() {
    std::vector<Package> all;
    for (const char* arch : {"x64", "i386"})
        for (const char* name : {"protocol5", "e1000", "virtionet"})
            all.push_back({arch, name, build_folder() / "packages" / arch / name});
    return all;
}

std::vector<std::uint8_t> read_bytes(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string trusted_certificate_pem() {
    return "-----BEGIN CERTIFICATE-----\n" +
           base64(read_bytes(build_folder() / "packages" / "rundown-test.cer")) +
           "-----END CERTIFICATE-----\n";
}

bool Inf::has(const std::string& section) const {
    return sections.contains(lower(section));
}

std::vector<std::vector<std::string>> Inf::directives(
    const std::string& section, const std::string& name
) const {
    std::vector<std::vector<std::string>> found;
    const auto lines = sections.find(lower(section));
    if (lines == sections.end())
        return found;
    for (const std::string& line : lines->second) {
        const auto equals = line.find('=');
        if (equals != std::string::npos && lower(trimmed(line.substr(0, equals))) == lower(name))
            found.push_back(fields(line.substr(equals + 1)));
    }
    return found;
}

Inf read_inf(const std::string& text) {
    Inf inf;
    std::string section, line;
    std::istringstream lines(text);
    while (std::getline(lines, line)) {
        line = trimmed(without_comment(line));
        if (line.empty())
            continue;
        if (line.front() == '[' && line.back() == ']') {
            section = lower(line.substr(1, line.size() - 2));
            inf.sections[section];
        } else {
            inf.sections[section].push_back(line);
        }
    }
    return inf;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

std::vector<std::string> fields(const std::string& line) {
    std::vector<std::string> all(1);
    bool in_quotes = false;
    for (const char c : line) {
        in_quotes ^= c == '"';
        if (c == ',' && !in_quotes)
            all.emplace_back();
        else
            all.back() += c;
    }
    for (std::string& field : all)
        field = trimmed(field);
    return all;
}

std::vector<std::pair<std::string, std::string>> imports(const fs::path& image) {
    std::vector<std::pair<std::string, std::string>> all;
    std::istringstream lines(shell("x86_64-w64-mingw32-objdump -p " + quoted(image.string())).text);
    std::string line, module;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string first, second, third, fourth;
        words >> first >> second >> third >> fourth;
        if (first == "DLL" && second == "Name:") {
            module = lower(third);
        } else if (line.starts_with('\t') && !module.empty() && fourth.empty() && !third.empty() && second.find_first_not_of("0123456789") == std::string::npos) {
            all.emplace_back(module, third);  // Address, hint, name.
        }
    }
    return all;
}

}  // namespace rundown::integration
