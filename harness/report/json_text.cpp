// SPDX-License-Identifier: MIT
#include "report/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace rundown::report {
namespace {

namespace json = boost::json;

void write(std::string& out, const json::value& value, std::size_t level);

void new_line(std::string& out, std::size_t level) {
    out += '\n';
    out.append(2 * level, ' ');
}

void write_object(std::string& out, const json::object& object, std::size_t level) {
    bool first = true;
    out += '{';
    for (const auto& member : object) {
        out += first ? "" : ",";
        first = false;
        new_line(out, level + 1);
        out += json::serialize(json::string_view(member.key()));
        out += ": ";
        write(out, member.value(), level + 1);
    }
    if (!first) {
        new_line(out, level);
    }
    out += '}';
}

void write_array(std::string& out, const json::array& array, std::size_t level) {
    bool first = true;
    out += '[';
    for (const auto& element : array) {
        out += first ? "" : ",";
        first = false;
        new_line(out, level + 1);
        write(out, element, level + 1);
    }
    if (!first) {
        new_line(out, level);
    }
    out += ']';
}

void write(std::string& out, const json::value& value, std::size_t level) {
    if (const auto* object = value.if_object()) {
        write_object(out, *object, level);
    } else if (const auto* array = value.if_array()) {
        write_array(out, *array, level);
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string indented(const json::value& value) {
    std::string out;
    write(out, value, 0);
    out += '\n';
    return out;
}

}  // namespace rundown::report
