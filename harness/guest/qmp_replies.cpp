// SPDX-License-Identifier: MIT
#include "guest/qmp_replies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <limits>

namespace rundown::guest {

namespace {

namespace json = boost::json;

Error unexpected(std::string_view what) {
    return fail(ErrorKind::hypervisor, fmt::format("QEMU's answer about {} makes no sense", what));
}

const json::value* member(const json::value& value, std::string_view name) {
    const json::object* object = value.if_object();
    return object ? object->if_contains(name) : nullptr;
}

std::string text_member(const json::value& value, std::string_view name) {
    const json::value* found = member(value, name);
    const json::string* text = found ? found->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

std::uint64_t number_member(const json::value& value, std::string_view name) {
    const json::value* found = member(value, name);
    if (found && found->is_uint64())
        return found->get_uint64();
    return found && found->is_int64() && found->get_int64() > 0
               ? static_cast<std::uint64_t>(found->get_int64())
               : 0;
}

/// The reply's "return" member; null when there is none.
json::value returned(std::string_view reply) {
    json::error_code malformed;
    const json::value value = json::parse(reply, malformed);
    const json::value* found = malformed ? nullptr : member(value, "return");
    return found ? *found : json::value();
}

BackgroundState background_state(const std::string& status) {
    if (status == "completed")
        return BackgroundState::completed;
    return status == "failed" || status == "cancelled" || status == "none"
               ? BackgroundState::failed
               : BackgroundState::running;
}

struct NamedKey {
    char c;
    const char* name;
    bool shift;
};

constexpr NamedKey kNamedKeys[] = {
    {' ', "spc", false},
    {'\n', "ret", false},
    {'\t', "tab", false},
    {'-', "minus", false},
    {'_', "minus", true},
    {'=', "equal", false},
    {'+', "equal", true},
    {'[', "bracket_left", false},
    {'{', "bracket_left", true},
    {']', "bracket_right", false},
    {'}', "bracket_right", true},
    {';', "semicolon", false},
    {':', "semicolon", true},
    {'\'', "apostrophe", false},
    {'"', "apostrophe", true},
    {'`', "grave_accent", false},
    {'~', "grave_accent", true},
    {'\\', "backslash", false},
    {'|', "backslash", true},
    {',', "comma", false},
    {'<', "comma", true},
    {'.', "dot", false},
    {'>', "dot", true},
    {'/', "slash", false},
    {'?', "slash", true},
    {'!', "1", true},
    {'@', "2", true},
    {'#', "3", true},
    {'$', "4", true},
    {'%', "5", true},
    {'^', "6", true},
    {'&', "7", true},
    {'*', "8", true},
    {'(', "9", true},
    {')', "0", true},
};

}  // namespace

result<std::vector<DriveStatistics>> parse_drive_statistics(std::string_view reply) {
    const json::value value = returned(reply);
    const json::array* drives = value.if_array();
    if (!drives)
        return unexpected("its drives");
    std::vector<DriveStatistics> all;
    for (const json::value& drive : *drives) {
        // "qdev" is the id itself, or a path in QEMU's tree of objects that ends with it or with a
        // part of the device.
        const std::string qdev = text_member(drive, "qdev");
        const auto ours = qdev.find("ua-");
        const json::value* stats = member(drive, "stats");
        if (ours == std::string::npos || !stats)
            continue;
        const std::string from = qdev.substr(ours);
        all.push_back(
            {from.substr(0, from.find('/')),
             number_member(*stats, "rd_bytes"),
             number_member(*stats, "wr_bytes"),
             number_member(*stats, "rd_operations"),
             number_member(*stats, "wr_operations")}
        );
    }
    return all;
}

result<std::vector<int>> parse_processor_threads(std::string_view reply) {
    const json::value value = returned(reply);
    const json::array* processors = value.if_array();
    if (!processors || processors->empty())
        return unexpected("its processors");
    std::vector<std::pair<std::uint64_t, int>> found;
    for (const json::value& processor : *processors) {
        const std::uint64_t thread = number_member(processor, "thread-id");
        if (thread == 0 || thread > std::numeric_limits<int>::max())
            return unexpected("its processors");
        found.emplace_back(number_member(processor, "cpu-index"), static_cast<int>(thread));
    }
    std::ranges::sort(found);
    std::vector<int> threads;
    for (const auto& [index, thread] : found)
        threads.push_back(thread);
    return threads;
}

result<BackgroundWork> parse_migration_progress(std::string_view reply) {
    const json::value value = returned(reply);
    if (!value.is_object())
        return unexpected("the machine's state");
    // Right after a migration was asked for, QEMU has no status of it yet.
    const std::string status = text_member(value, "status");
    return BackgroundWork{
        status.empty() ? BackgroundState::running : background_state(status),
        text_member(value, "error-desc")};
}

result<std::string> parse_run_state(std::string_view reply) {
    const std::string status = text_member(returned(reply), "status");
    if (status.empty())
        return unexpected("its run state");
    return status;
}

std::vector<std::string> keys_of(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isdigit(byte) || std::islower(byte))
        return {std::string(1, c)};
    if (std::isupper(byte))
        return {"shift", std::string(1, static_cast<char>(std::tolower(byte)))};
    for (const NamedKey& key : kNamedKeys)
        if (key.c == c)
            return key.shift ? std::vector<std::string>{"shift", key.name}
                             : std::vector<std::string>{key.name};
    return {};
}

std::string qmp_command(
    std::string_view name, std::initializer_list<std::pair<std::string_view, std::string>> arguments
) {
    std::string text = fmt::format("{{\"execute\":{}", json_text(name));
    std::string_view before = ",\"arguments\":{";
    for (const auto& [key, value] : arguments) {
        text += fmt::format("{}{}:{}", before, json_text(key), value);
        before = ",";
    }
    return text + (arguments.size() == 0 ? "}" : "}}");
}

std::string qmp_command(std::string_view name) {
    return qmp_command(name, {});
}

std::string json_text(std::string_view text) {
    return json::serialize(json::string(text));
}

}  // namespace rundown::guest
