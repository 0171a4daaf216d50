// SPDX-License-Identifier: MIT
// scenario/field_reader.hpp
//
// Fields of a TOML table, read one by one and checked for their kind; the first complaint is kept,
// with file, line and field. Internal to this folder.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::scenario {

/// The table in a file's text. Error: usage, with file and line.
inline result<toml::table> toml_in(std::string_view text, const std::string& file) {
    try {
        return toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "{}:{}: not valid TOML: {}", file, error.source().begin.line, error.description()
            )
        );
    }
}

/// Reads fields of one table and remembers the first complaint, so that the caller reads straight
/// on.
class FieldReader {
  public:
    /// `prefix`: "ndis." for the fields of a table within.
    FieldReader(const toml::table& table, std::string file, std::string prefix = {})
        : table_(table), file_(std::move(file)), prefix_(std::move(prefix)) {}

    std::string text(const char* field, bool required) {
        const toml::node* node = find(field, required);
        if (node == nullptr) {
            return {};
        }
        if (const auto* value = node->as_string(); value != nullptr && !value->get().empty()) {
            return value->get();
        }
        complain(node, field, "must be a text that is not empty");
        return {};
    }

    std::uint32_t number(
        const char* field, std::uint32_t fallback, std::uint32_t low, std::uint32_t high
    ) {
        const toml::node* node = find(field, false);
        if (node == nullptr) {
            return fallback;
        }
        const auto* value = node->as_integer();
        if (value == nullptr || value->get() < low || value->get() > high) {
            complain(node, field, fmt::format("must be a whole number from {} to {}", low, high));
            return fallback;
        }
        return static_cast<std::uint32_t>(value->get());
    }

    bool flag(const char* field, bool fallback) {
        const toml::node* node = find(field, false);
        if (node == nullptr) {
            return fallback;
        }
        const auto* value = node->as_boolean();
        if (value == nullptr) {
            complain(node, field, "must be true or false");
            return fallback;
        }
        return value->get();
    }

    std::vector<std::string> texts(const char* field) {
        std::vector<std::string> values;
        const toml::node* node = find(field, false);
        if (node == nullptr) {
            return values;
        }
        const auto* array = node->as_array();
        if (array == nullptr) {
            complain(node, field, "must be a list of texts");
            return values;
        }
        for (const auto& element : *array) {
            if (const auto* value = element.as_string()) {
                values.push_back(value->get());
            } else {
                complain(&element, field, "must be a list of texts");
            }
        }
        return values;
    }

    /// Sub-table of whole numbers, keys as they are.
    std::map<std::string, std::uint32_t> numbers(const char* field, std::uint32_t high) {
        std::map<std::string, std::uint32_t> values;
        const toml::node* node = find(field, false);
        if (node == nullptr) {
            return values;
        }
        const auto* table = node->as_table();
        if (table == nullptr) {
            complain(node, field, "must be a table");
            return values;
        }
        for (const auto& [key, element] : *table) {
            const auto* value = element.as_integer();
            if (value == nullptr || value->get() < 0 || value->get() > high) {
                complain(
                    &element,
                    fmt::format("{}.{}", field, key.str()).c_str(),
                    fmt::format("must be a whole number from 0 to {}", high)
                );
                continue;
            }
            values.emplace(std::string(key.str()), static_cast<std::uint32_t>(value->get()));
        }
        return values;
    }

    /// A table within, read by `read(FieldReader&)`; absent: not called.
    template <class Read>
    void table(const char* field, Read read) {
        const toml::node* node = find(field, false);
        if (node == nullptr) {
            return;
        }
        const auto* inner = node->as_table();
        if (inner == nullptr) {
            complain(node, field, "must be a table");
            return;
        }
        FieldReader fields(*inner, file_, fmt::format("{}{}.", prefix_, field));
        read(fields);
        fields.refuse_unknown_fields();
        if (complaint_.empty()) {
            complaint_ = fields.complaint();
        }
    }

    bool has(const char* field) const { return table_.contains(field); }

    void complain(const toml::node* node, const char* field, const std::string& what) {
        if (complaint_.empty()) {
            const auto line = node != nullptr ? node->source().begin.line : 1;
            complaint_ = fmt::format("{}:{}: field '{}{}' {}", file_, line, prefix_, field, what);
        }
    }

    void complain_about(const char* field, const std::string& what) {
        complain(table_.get(field), field, what);
    }

    /// A misspelt field would otherwise be a setting silently lost.
    void refuse_unknown_fields() {
        for (const auto& [key, node] : table_) {
            if (!known_.contains(std::string(key.str()))) {
                complain(&node, std::string(key.str()).c_str(), "is not a field of a scenario");
            }
        }
    }

    const std::string& complaint() const { return complaint_; }

  private:
    const toml::node* find(const char* field, bool required) {
        known_.insert(field);
        const toml::node* node = table_.get(field);
        if (node == nullptr && required) {
            complain(nullptr, field, "is missing");
        }
        return node;
    }

    const toml::table& table_;
    std::string file_;
    std::string prefix_;
    std::set<std::string> known_;
    std::string complaint_;
};

}  // namespace rundown::scenario
