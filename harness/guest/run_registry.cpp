// SPDX-License-Identifier: MIT
#include "guest/run_registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rundown::guest {

namespace {

constexpr std::string_view kOpening = "rundown-registry\t1";
constexpr std::string_view kThrowAwayPrefix = "rundown-tmp-";

std::string_view kind_name(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::invalid:
            break;
        case ResourceKind::domain:
            return "domain";
        case ResourceKind::window:
            return "window";
        case ResourceKind::socket:
            return "socket";
        case ResourceKind::file:
            return "file";
    }
    return "invalid";
}

ResourceKind kind_from(std::string_view name) {
    for (ResourceKind kind :
         {ResourceKind::domain, ResourceKind::window, ResourceKind::socket, ResourceKind::file}) {
        if (name == kind_name(kind))
            return kind;
    }
    return ResourceKind::invalid;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.front() != '.' &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
           ) == std::string_view::npos;
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

void apply(RegistryContents& contents, std::string_view line) {
    const auto fields = split(line, '\t');
    if (fields.size() < 3 || fields[0].size() != 1)
        return;
    Resource resource{
        kind_from(fields[1]),
        std::string(fields[2]),
        fields.size() > 3 ? std::string(fields[3]) : ""};
    if (!is_well_formed(resource))
        return;
    if (fields[0] == "+")
        contents.held.push_back(std::move(resource));
    else if (fields[0] == "-")
        std::erase(contents.held, resource);
}

}  // namespace

std::string throw_away_path(std::string_view directory, std::string_view name) {
    return fmt::format("{}/{}{}", directory, kThrowAwayPrefix, name);
}

bool is_throw_away_path(std::string_view path) {
    const auto last = path.rfind('/');
    if (path.empty() || path.front() != '/' || has_control_characters(path))
        return false;
    for (const std::string_view part : split(path, '/'))
        if (part == "..")
            return false;
    const std::string_view name = path.substr(last + 1);
    return (name.starts_with(kThrowAwayPrefix) && is_plain_name(name)) || name == "overlay.qcow2" ||
           name == "vars.fd";
}

bool is_well_formed(const Resource& resource) {
    if (resource.kind == ResourceKind::file)
        return is_throw_away_path(resource.name) && resource.uuid.empty();
    if (!is_plain_name(resource.name))
        return false;
    switch (resource.kind) {
        case ResourceKind::invalid:
            return false;
        case ResourceKind::domain:
            return resource.name.starts_with("rd-") && is_plain_name(resource.uuid);
        case ResourceKind::window:
            return resource.name.starts_with(kWindowPrefix) && resource.uuid.empty();
        case ResourceKind::socket:
            return resource.uuid.empty();
        case ResourceKind::file:
            break;  // Seen above.
    }
    return false;
}

std::string registry_opening(const ProcessIdentity& process, std::string_view boot_id) {
    return fmt::format(
        "{}\nprocess\t{}\t{}\t{}\n", kOpening, process.pid, process.start_ticks, boot_id
    );
}

std::string registry_line(char sign, const Resource& resource) {
    std::string line = fmt::format("{}\t{}\t{}", sign, kind_name(resource.kind), resource.name);
    if (!resource.uuid.empty())
        line += "\t" + resource.uuid;
    return line + "\n";
}

std::optional<RegistryContents> parse_registry(std::string_view text) {
    const auto whole = text.rfind('\n');
    if (whole == std::string_view::npos)
        return std::nullopt;
    const auto lines = split(text.substr(0, whole), '\n');
    if (lines.size() < 2 || lines[0] != kOpening)
        return std::nullopt;
    const auto owner = split(lines[1], '\t');
    RegistryContents contents;
    if (owner.size() != 4 || owner[0] != "process" ||
        !parse_number(owner[1], contents.process.pid) ||
        !parse_number(owner[2], contents.process.start_ticks))
        return std::nullopt;
    contents.boot_id = owner[3];
    for (std::size_t index = 2; index < lines.size(); ++index)
        apply(contents, lines[index]);
    return contents;
}

std::string process_directory_name(const ProcessIdentity& process) {
    return fmt::format("{}-{}", process.pid, process.start_ticks);
}

std::optional<ProcessIdentity> parse_process_directory_name(std::string_view name) {
    const auto parts = split(name, '-');
    ProcessIdentity process;
    if (parts.size() != 2 || !parse_number(parts[0], process.pid) ||
        !parse_number(parts[1], process.start_ticks))
        return std::nullopt;
    return process;
}

}  // namespace rundown::guest
