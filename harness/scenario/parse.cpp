// SPDX-License-Identifier: MIT
// Scenario files: TOML in, checked Scenario out. Every complaint names file, line and field.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <sstream>

#include "scenario/scenario.hpp"

namespace rundown::scenario {
namespace {

/// Reads fields of one table and remembers the first complaint, so that the caller reads straight
/// on.
class FieldReader {
  public:
    FieldReader(const toml::table& table, std::string file)
        : table_(table), file_(std::move(file)) {}

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

    void complain(const toml::node* node, const char* field, const std::string& what) {
        if (complaint_.empty()) {
            const auto line = node != nullptr ? node->source().begin.line : 1;
            complaint_ = fmt::format("{}:{}: field '{}' {}", file_, line, field, what);
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
    std::set<std::string> known_;
    std::string complaint_;
};

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= 48 &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

void read_loads(FieldReader& fields, Scenario& scenario) {
    for (const auto& text : fields.texts("loads")) {
        const Load load = load_from(text);
        if (load == Load::invalid) {
            fields.complain_about(
                "loads", fmt::format("has '{}'; choose from idle, light, heavy", text)
            );
        }
        scenario.loads.push_back(load);
    }
    if (scenario.loads.empty()) {
        fields.complain_about(
            "loads", "must name at least one of idle, light, heavy (the first is the default)"
        );
        return;
    }
    scenario.load = scenario.loads.front();
}

void read_deadlines(FieldReader& fields, Scenario& scenario) {
    for (const auto& [text, milliseconds] : fields.numbers("deadlines_ms", 3600000)) {
        const Phase phase = phase_from(text);
        if (phase == Phase::invalid) {
            fields.complain_about(
                "deadlines_ms",
                fmt::format(
                    "names the phase '{}'; choose from boot, deploy, bind, load, trigger, settle, "
                    "reload, end",
                    text
                )
            );
            continue;
        }
        scenario.deadlines[phase] = Milliseconds(milliseconds);
    }
}

void check_together(FieldReader& fields, const Scenario& scenario) {
    if (scenario.trigger == Trigger::rebind && scenario.nic_count == 0) {
        fields.complain_about("nics", "must be at least 1 for the trigger 'rebind'");
    }
    if (scenario.trigger != Trigger::rebind && scenario.cycles != 1) {
        fields.complain_about("cycles", "only goes with the trigger 'rebind'");
    }
    const bool has_traffic = std::any_of(
        scenario.loads.begin(), scenario.loads.end(), [](Load load) { return load != Load::idle; }
    );
    if (scenario.nic_count == 0 && has_traffic) {
        fields.complain_about("loads", "can only be [\"idle\"] without NICs");
    }
}

}  // namespace

result<Scenario> parse(std::string_view toml_text, const std::string& file) {
    toml::table table;
    try {
        table = toml::parse(toml_text, file);
    } catch (const toml::parse_error& error) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "{}:{}: not valid TOML: {}", file, error.source().begin.line, error.description()
            )
        );
    }
    FieldReader fields(table, file);
    Scenario scenario;
    scenario.file = file;
    scenario.name = fields.text("name", true);
    if (!scenario.name.empty() && !is_name(scenario.name)) {
        fields.complain_about("name", "may hold only a-z, 0-9 and '-', at most 48 of them");
    }
    scenario.summary = fields.text("summary", true);
    scenario.contract = fields.texts("contract");
    if (scenario.contract.empty()) {
        fields.complain_about(
            "contract", "must name at least one line of the contract, such as \"S4\""
        );
    }
    scenario.nic_count = fields.number("nics", 1, 0, 8);
    const std::string trigger = fields.text("trigger", true);
    scenario.trigger = trigger_from(trigger);
    if (!trigger.empty() && scenario.trigger == Trigger::invalid) {
        fields.complain_about(
            "trigger",
            fmt::format(
                "is '{}'; choose from unload, unbind-all, deregister, power-off, rebind", trigger
            )
        );
    }
    scenario.cycles = fields.number("cycles", 1, 1, 100000);
    scenario.reload = fields.flag("reload", true);
    scenario.load_ms = fields.number("load_ms", 300, 0, 600000);
    scenario.driver_parameters = fields.numbers("driver_parameters", UINT32_MAX);
    read_loads(fields, scenario);
    read_deadlines(fields, scenario);
    check_together(fields, scenario);
    fields.refuse_unknown_fields();
    if (!fields.complaint().empty()) {
        return fail(ErrorKind::usage, fields.complaint());
    }
    return scenario;
}

}  // namespace rundown::scenario
