// SPDX-License-Identifier: MIT
// image/manifest_json.cpp
//
// Writes and reads the members of manifest_members.hpp.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <concepts>

#include "base/nearest.hpp"
#include "image/manifest_members.hpp"
#include "report/json_text.hpp"
#include "report/member_writer.hpp"

namespace rundown::image {
namespace {

namespace json = boost::json;
using report::json_view;

constexpr std::size_t kListMax = 1000;
constexpr std::size_t kTextMax = 4096;

/// The first thing that makes no sense, as the end of a sentence.
struct BadMember {
    std::string sentence;
};

struct EnumeratorText {
    template <class E>
    std::string_view operator()(E value) const {
        return to_string(value);
    }
};

/// Reads the members of one object, and remembers their names, to find those it does not know.
class Reader {
  public:
    Reader(const json::value& value, std::string path) : path_(std::move(path)) {
        object_ = value.if_object();
        if (object_ == nullptr) {
            throw BadMember{
                path_.empty() ? std::string("the document is not an object")
                              : fmt::format("{} is not an object", path_)};
        }
    }

    template <class T>
    void operator()(std::string_view name, T& value) {
        known_.emplace_back(name);
        const std::string path = inside(name);
        const auto* member = object_->if_contains(json_view(name));
        if (member == nullptr) {
            throw BadMember{fmt::format("{} is missing", path)};
        }
        read(*member, value, path);
    }

    void refuse_unknown(std::string_view also_known = {}) const {
        for (const auto& member : *object_) {
            const std::string name(member.key());
            if (name != also_known &&
                std::find(known_.begin(), known_.end(), name) == known_.end()) {
                throw BadMember{
                    fmt::format("{} is unknown{}", inside(name), did_you_mean(name, known_))};
            }
        }
    }

  private:
    std::string inside(std::string_view name) const {
        return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
    }

    static void read(const json::value& from, std::string& value, const std::string& path) {
        if (!from.is_string()) {
            throw BadMember{fmt::format("{} is not a text", path)};
        }
        if (from.get_string().size() > kTextMax) {
            throw BadMember{fmt::format("{} is longer than {} bytes", path, kTextMax)};
        }
        value = std::string(from.get_string());
    }
    static void read(const json::value& from, bool& value, const std::string& path) {
        if (!from.is_bool()) {
            throw BadMember{fmt::format("{} is neither true nor false", path)};
        }
        value = from.get_bool();
    }
    template <std::unsigned_integral T>
    static void read(const json::value& from, T& value, const std::string& path) {
        boost::system::error_code error;
        if (from.is_number()) {
            value = from.to_number<T>(error);
        }
        if (!from.is_number() || error) {
            throw BadMember{fmt::format("{} is not a whole number from 0 up", path)};
        }
    }
    template <class T>
    static void read(const json::value& from, T& value, const std::string& path) {
        if constexpr (std::is_enum_v<T>) {
            value = enumerator<T>(from, path);
        } else {
            Reader inner(from, path);
            members(inner, value);
            inner.refuse_unknown();
        }
    }
    template <class T>
    static void read(const json::value& from, std::optional<T>& value, const std::string& path) {
        value.reset();
        if (!from.is_null()) {
            read(from, value.emplace(), path);
        }
    }
    template <class T>
    static void read(const json::value& from, std::vector<T>& list, const std::string& path) {
        const auto* array = from.if_array();
        if (array == nullptr) {
            throw BadMember{fmt::format("{} is not a list", path)};
        }
        if (array->size() > kListMax) {
            throw BadMember{fmt::format("{} has more than {} elements", path, kListMax)};
        }
        list.clear();
        for (const auto& element : *array) {
            const std::string at = fmt::format("{}[{}]", path, list.size());
            read(element, list.emplace_back(), at);
        }
    }
    template <class E>
    static E enumerator(const json::value& from, const std::string& path) {
        std::string word;
        read(from, word, path);
        std::string choices;
        for (const E value : values_of(E{})) {
            if (to_string(value) == word) {
                return value;
            }
            choices += fmt::format("{}{}", choices.empty() ? "" : ", ", to_string(value));
        }
        throw BadMember{fmt::format("{} is '{}', which is none of {}", path, word, choices)};
    }

    const json::object* object_ = nullptr;
    std::string path_;
    std::vector<std::string> known_;
};

Manifest read_manifest(const json::value& document) {
    const auto* object = document.if_object();
    const auto* schema = object != nullptr ? object->if_contains("schema") : nullptr;
    if (object != nullptr && schema == nullptr) {
        throw BadMember{"schema is missing"};
    }
    if (schema != nullptr &&
        (!schema->is_string() || schema->get_string() != json_view(kManifestSchema))) {
        throw BadMember{fmt::format(
            "schema is {}, and this program reads {} only",
            json::serialize(*schema).substr(0, kTextMax),
            kManifestSchema
        )};
    }
    Manifest manifest;
    Reader reader(document, "");
    members(reader, manifest);
    reader.refuse_unknown("schema");
    return manifest;
}

}  // namespace

std::string to_json(const Manifest& manifest) {
    return report::indented(
        report::MemberWriter<EnumeratorText>::document(kManifestSchema, manifest)
    );
}

result<Manifest> manifest_from_json(std::string_view text, const std::string& file) {
    boost::system::error_code error;
    const auto document = json::parse(json_view(text), error);
    if (error) {
        return fail(
            ErrorKind::environment, fmt::format("{} is not JSON: {}", file, error.message())
        );
    }
    try {
        Manifest manifest = read_manifest(document);
        RUNDOWN_TRY(check(manifest, file));
        return manifest;
    } catch (const BadMember& bad) {
        return fail(ErrorKind::environment, fmt::format("{}: {}", file, bad.sentence));
    }
}

}  // namespace rundown::image
