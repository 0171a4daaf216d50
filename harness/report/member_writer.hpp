// SPDX-License-Identifier: MIT
// report/member_writer.hpp
//
// Structures as JSON objects, by the list of members that also reads them back: a type that has one
// offers members(visitor, value) beside it, which calls visitor(name, member) for each.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rundown::report {

/// Boost's string view is its own.
inline boost::json::string_view json_view(std::string_view text) {
    return boost::json::string_view(text.data(), text.size());
}

/// `EnumeratorText`: a function object from any enumerator among the members to its name.
template <class EnumeratorText>
class MemberWriter {
  public:
    template <class T>
    void operator()(std::string_view name, T& value) {
        object_[json_view(name)] = written(value);
    }

    /// The members in the order in which they came.
    boost::json::object take() && { return std::move(object_); }

    /// A whole document: the schema first, then the members of `value`, which is only looked at.
    template <class T>
    static boost::json::object document(std::string_view schema, const T& value) {
        MemberWriter writer;
        members(writer, const_cast<T&>(value));
        boost::json::object object;
        object["schema"] = json_view(schema);
        for (auto& member : std::move(writer).take()) {
            object[member.key()] = std::move(member.value());
        }
        return object;
    }

  private:
    template <class T>
    static boost::json::value written(T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
            return boost::json::value(value);
        } else if constexpr (std::is_enum_v<T>) {
            return boost::json::value(json_view(EnumeratorText()(value)));
        } else {
            MemberWriter inner;
            members(inner, value);
            return std::move(inner).take();
        }
    }
    template <class T>
    static boost::json::value written(std::optional<T>& value) {
        return value ? written(*value) : boost::json::value(nullptr);
    }
    template <class T>
    static boost::json::value written(std::vector<T>& list) {
        boost::json::array array;
        for (T& element : list) {
            array.push_back(written(element));
        }
        return array;
    }

    boost::json::object object_;
};

}  // namespace rundown::report
