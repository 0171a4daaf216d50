// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "base/nearest.hpp"
#include "run/divergence_file.hpp"
#include "run/evidence.hpp"
#include "scenario/field_reader.hpp"

namespace rundown::run {
namespace {

using oracle::Divergence;
using scenario::FieldReader;

std::vector<std::string> rule_names() {
    std::vector<std::string> names;
    for (const auto& rule : oracle::rules()) {
        names.emplace_back(rule.name);
    }
    return names;
}

Divergence read_one(FieldReader& fields) {
    Divergence divergence;
    divergence.rule = fields.text("rule", true);
    const auto names = rule_names();
    if (std::find(names.begin(), names.end(), divergence.rule) == names.end()) {
        fields.complain_about(
            "rule",
            fmt::format(
                "is '{}', which is no rule{}; `rundown list --rules` shows them",
                divergence.rule,
                did_you_mean(divergence.rule, names)
            )
        );
    }
    divergence.guest = fields.text("guest", true);
    divergence.scenarios = fields.texts("scenarios");
    const std::string against = fields.text("against", false);
    divergence.against_system = against == "system";
    if (!against.empty() && against != "system") {
        fields.complain_about("against", "can only be \"system\"");
    }
    divergence.reason = fields.text("reason", true);
    divergence.since = fields.text("since", true);
    return divergence;
}

}  // namespace

result<std::vector<Divergence>> divergences_in(std::string_view text, const std::string& file) {
    const auto table = scenario::toml_in(text, file);
    RUNDOWN_TRY(table);
    std::vector<Divergence> divergences;
    for (const auto& [key, node] : *table) {
        const auto* list = node.as_array();
        if (key.str() != "divergence" || list == nullptr) {
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "{}:{}: '{}' is not a [[divergence]]", file, node.source().begin.line, key.str()
                )
            );
        }
        for (const auto& element : *list) {
            const auto* one = element.as_table();
            if (one == nullptr) {
                return fail(ErrorKind::usage, file + ": 'divergence' must be a list of tables");
            }
            FieldReader fields(*one, file, "divergence.");
            divergences.push_back(read_one(fields));
            fields.refuse_unknown_fields();
            if (!fields.complaint().empty()) {
                return fail(ErrorKind::usage, fields.complaint());
            }
        }
    }
    return divergences;
}

result<std::vector<Divergence>> read_divergences(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "{}: what guests are declared to do wrong; `make build`", text.error().sentence
            )
        );
    }
    return divergences_in(*text, path);
}

}  // namespace rundown::run
