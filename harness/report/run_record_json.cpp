// SPDX-License-Identifier: MIT
// report/run_record_json.cpp
//
// Writes and reads the members of run_record_members.hpp.
#include "report/run_record_json.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>
#include <type_traits>

#include "report/json_text.hpp"
#include "report/member_writer.hpp"
#include "report/run_record_members.hpp"

namespace rundown::report {
namespace {

namespace json = boost::json;
using namespace oracle;

constexpr std::size_t kListMax = 100000;  // Elements of one list in a record of ours: far fewer.

/// Where reading stopped making sense.
struct BadMember {
    std::string path;
};

/// "invalid" for enumerators without a name.
struct EnumeratorText {
    template <class E>
    std::string_view operator()(E value) const {
        for (const auto& name : names_of(value)) {
            if (name.value == value) {
                return name.name;
            }
        }
        return "invalid";
    }
};

class Reader {
  public:
    Reader(const json::value& value, std::string path) : path_(std::move(path)) {
        object_ = value.if_object();
        if (object_ == nullptr) {
            throw BadMember{path_};
        }
    }

    template <class T>
    void operator()(std::string_view name, T& value) {
        const std::string path =
            path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
        const auto* member = object_->if_contains(json_view(name));
        if (member == nullptr) {
            throw BadMember{path};
        }
        read(*member, value, path);
    }
    /// Records of before a member was thought of do not have it.
    template <class T>
    void operator()(std::string_view name, std::optional<T>& value) {
        const std::string path =
            path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
        const auto* member = object_->if_contains(json_view(name));
        value.reset();
        if (member != nullptr) {
            read(*member, value, path);
        }
    }

  private:
    template <class T>
    static void read(const json::value& from, T& value, const std::string& path) {
        if constexpr (std::is_same_v<T, bool>) {
            if (!from.is_bool()) {
                throw BadMember{path};
            }
            value = from.get_bool();
        } else if constexpr (std::is_arithmetic_v<T>) {
            boost::system::error_code error;
            value = from.to_number<T>(error);
            if (error) {
                throw BadMember{path};
            }
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (!from.is_string()) {
                throw BadMember{path};
            }
            value = std::string(from.get_string());
        } else if constexpr (std::is_enum_v<T>) {
            value = enumerator<T>(from, path);
        } else {
            Reader inner(from, path);
            members(inner, value);
        }
    }
    template <class T>
    static void read(const json::value& from, std::optional<T>& value, const std::string& path) {
        if (from.is_null()) {
            value.reset();
        } else {
            read(from, value.emplace(), path);
        }
    }
    template <class T>
    static void read(const json::value& from, std::vector<T>& list, const std::string& path) {
        const auto* array = from.if_array();
        if (array == nullptr || array->size() > kListMax) {
            throw BadMember{path};
        }
        list.clear();
        for (const auto& element : *array) {
            const std::string at = fmt::format("{}[{}]", path, list.size());
            read(element, list.emplace_back(), at);
        }
    }
    template <class E>
    static E enumerator(const json::value& from, const std::string& path) {
        if (from.is_string()) {
            for (const auto& name : names_of(E{})) {
                if (from.get_string() == json_view(name.name)) {
                    return name.value;
                }
            }
        }
        throw BadMember{path};
    }

    const json::object* object_ = nullptr;
    std::string path_;
};

}  // namespace

std::string to_json(const RunRecord& record) {
    return indented(MemberWriter<EnumeratorText>::document(kRecordSchema, record));
}

result<RunRecord> run_record_from_json(std::string_view text) {
    boost::system::error_code error;
    const auto document = json::parse(json_view(text), error);
    if (error) {
        return fail(ErrorKind::usage, "the record of the run is not JSON: " + error.message());
    }
    const auto* object = document.if_object();
    const auto* schema = object != nullptr ? object->if_contains("schema") : nullptr;
    if (schema == nullptr || !schema->is_string() || schema->get_string() != kRecordSchema) {
        return fail(
            ErrorKind::usage,
            fmt::format("the record of the run is not of schema {}", kRecordSchema)
        );
    }
    try {
        RunRecord record;
        Reader reader(document, "");
        members(reader, record);
        return record;
    } catch (const BadMember& bad) {
        return fail(
            ErrorKind::usage,
            fmt::format("the record of the run has no sensible member '{}'", bad.path)
        );
    }
}

}  // namespace rundown::report
