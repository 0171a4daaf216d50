// SPDX-License-Identifier: MIT
// Scenario files: TOML in, checked Scenario out. Every complaint names file, line and field.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "scenario/field_reader.hpp"
#include "scenario/scenario.hpp"

namespace rundown::scenario {
namespace {

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

Completion read_completion(FieldReader& fields, const char* field, bool may_refuse) {
    const std::string text = fields.text(field, false);
    if (text.empty()) {
        return Completion::seeded;
    }
    const Completion completion = completion_from(text);
    const bool refuses =
        completion == Completion::refused || completion == Completion::refused_late;
    if (completion == Completion::invalid || (refuses && !may_refuse)) {
        fields.complain_about(
            field,
            fmt::format(
                "is '{}'; choose from seeded, pending, synchronous{}",
                text,
                may_refuse ? ", refused, refused-late" : ""
            )
        );
    }
    return completion;
}

void read_ndis(FieldReader& fields, NdisChoices& ndis) {
    ndis.open = read_completion(fields, "open", true);
    ndis.close = read_completion(fields, "close", false);
    ndis.request_ms = fields.number("request_ms", 0, 0, 1000);
    ndis.request_oid = fields.number("request_oid", 0, 0, UINT32_MAX);
    ndis.serialized_miniports = fields.flag("serialized_miniports", false);
}

void read_held(FieldReader& fields, Held& held) {
    held.receives = fields.number("receives", 0, 0, 64);
    held.requests = fields.number("requests", 0, 0, 1);
    held.handles = fields.number("handles", 0, 0, 16);
}

/// "hold": texts as --hold takes them.
void read_holds(FieldReader& fields, Scenario& scenario) {
    for (const auto& text : fields.texts("hold")) {
        const auto hold = hold_from(text);
        if (!hold) {
            fields.complain_about("hold", "cannot be taken: " + hold.error().sentence);
            continue;
        }
        const bool again =
            std::any_of(scenario.holds.begin(), scenario.holds.end(), [&](const Hold& other) {
                return other.point == hold->point;
            });
        if (again) {
            fields.complain_about(
                "hold", fmt::format("names {} twice", sync_point_name(hold->point))
            );
        }
        scenario.holds.push_back(*hold);
    }
}

void read_bindings(FieldReader& fields, Scenario& scenario) {
    if (fields.has("bindings")) {
        scenario.bindings = fields.number("bindings", 0, 0, 8);
        if (*scenario.bindings > scenario.nic_count) {
            fields.complain_about("bindings", "cannot be more than 'nics'");
        }
    }
}

void read_trigger(FieldReader& fields, Scenario& scenario) {
    const std::string trigger = fields.text("trigger", true);
    scenario.trigger = trigger_from(trigger);
    if (!trigger.empty() && scenario.trigger == Trigger::invalid) {
        fields.complain_about(
            "trigger", fmt::format("is '{}'; choose from {}", trigger, trigger_names())
        );
    }
}

/// What only makes sense with bindings, or with traffic.
void check_without_bindings(FieldReader& fields, const Scenario& scenario) {
    if (scenario.bindings_with(scenario.nic_count) != 0) {
        return;
    }
    const bool has_traffic = std::any_of(
        scenario.loads.begin(), scenario.loads.end(), [](Load load) { return load != Load::idle; }
    );
    if (has_traffic) {
        fields.complain_about("loads", "can only be [\"idle\"] without NICs or bindings");
    }
    if (scenario.held.receives != 0 || scenario.held.requests != 0) {
        fields.complain_about("held", "can only be of 'handles' without NICs or bindings");
    }
    if (repeats(scenario.trigger) || removes_devices(scenario.trigger)) {
        fields.complain_about(
            scenario.nic_count == 0 ? "nics" : "bindings",
            fmt::format("must be at least 1 for the trigger '{}'", to_string(scenario.trigger))
        );
    }
}

void check_together(FieldReader& fields, const Scenario& scenario) {
    if (!repeats(scenario.trigger) && scenario.cycles != 1) {
        fields.complain_about(
            "cycles", "only goes with the triggers rebind, adapter-disable and link-flap"
        );
    }
    if (ends_guest(scenario.trigger) && scenario.reload) {
        fields.complain_about(
            fields.has("reload") ? "reload" : "trigger",
            fmt::format(
                "needs reload = false: nothing can be loaded again after '{}'",
                to_string(scenario.trigger)
            )
        );
    }
    const bool idle =
        std::find(scenario.loads.begin(), scenario.loads.end(), Load::idle) != scenario.loads.end();
    if (scenario.held.receives != 0 && idle) {
        fields.complain_about("loads", "cannot have idle: there is nothing for 'held.receives'");
    }
    if (scenario.held.handles != 0 && scenario.trigger != Trigger::unload) {
        fields.complain_about("held", "has 'handles', which only go with the trigger 'unload'");
    }
    check_without_bindings(fields, scenario);
}

}  // namespace

result<Scenario> parse(std::string_view toml_text, const std::string& file) {
    const auto table = toml_in(toml_text, file);
    RUNDOWN_TRY(table);
    FieldReader fields(*table, file);
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
    read_bindings(fields, scenario);
    read_trigger(fields, scenario);
    scenario.cycles = fields.number("cycles", 1, 1, 100000);
    scenario.reload = fields.flag("reload", true);
    scenario.load_ms = fields.number("load_ms", 50, 0, 600000);
    scenario.driver_parameters = fields.numbers("driver_parameters", UINT32_MAX);
    fields.table("ndis", [&](FieldReader& inner) { read_ndis(inner, scenario.ndis); });
    fields.table("held", [&](FieldReader& inner) { read_held(inner, scenario.held); });
    read_holds(fields, scenario);
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
