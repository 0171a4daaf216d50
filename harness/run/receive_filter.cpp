// SPDX-License-Identifier: MIT
#include "run/receive_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cctype>

namespace rundown::run {
namespace {

namespace json = boost::json;

/// The one member of "return", an array of filters.
const json::object* filter_of(const json::value& reply) {
    const auto* document = reply.if_object();
    const auto* answer = document != nullptr ? document->if_contains("return") : nullptr;
    const auto* filters = answer != nullptr ? answer->if_array() : nullptr;
    return filters != nullptr && filters->size() == 1 ? filters->front().if_object() : nullptr;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return result;
}

}  // namespace

std::string receive_filter_command(std::size_t index) {
    return fmt::format(R"({{"execute":"query-rx-filter","arguments":{{"name":"net{}"}}}})", index);
}

std::optional<oracle::ReceiveFilter> receive_filter_in(std::string_view reply) {
    boost::system::error_code malformed;
    const json::value value = json::parse(json::string_view(reply.data(), reply.size()), malformed);
    const json::object* object = malformed ? nullptr : filter_of(value);
    if (object == nullptr) {
        return std::nullopt;
    }
    const auto* promiscuous = object->if_contains("promiscuous");
    const auto* multicast = object->if_contains("multicast");
    const auto* table = object->if_contains("multicast-table");
    if (promiscuous == nullptr || !promiscuous->is_bool() || multicast == nullptr ||
        !multicast->is_string() || table == nullptr || !table->is_array()) {
        return std::nullopt;
    }
    oracle::ReceiveFilter filter;
    filter.promiscuous = promiscuous->get_bool();
    filter.multicast = std::string(multicast->get_string());
    for (const auto& address : table->get_array()) {
        if (address.is_string()) {
            filter.multicast_table.push_back(lower(address.get_string()));
        }
    }
    return filter;
}

}  // namespace rundown::run
