// SPDX-License-Identifier: MIT
#include "run/record_of_plan.hpp"

#include <filesystem>

namespace rundown::run {
namespace {

/// Where the oracle looks for the driver's image: the guest keeps the file's own name.
std::string image_name(const DriverFile& driver) {
    return std::filesystem::path(driver.path).filename().string();
}

std::string promised(scenario::Completion completion) {
    const bool is_promise = completion == scenario::Completion::pending ||
                            completion == scenario::Completion::synchronous;
    return is_promise ? std::string(to_string(completion)) : "";
}

oracle::Promised promises_of(const RunSpec& spec) {
    const auto& scenario = spec.scenario;
    const auto bindings = scenario.bindings_with(spec.nics.size());
    oracle::Promised promises;
    promises.opens = promised(scenario.ndis.open);
    promises.closes = promised(scenario.ndis.close);
    promises.receives_held = scenario.held.receives;
    promises.requests_held = scenario.held.requests;
    promises.handles_held = scenario.held.handles;
    promises.binds_refused = static_cast<std::uint32_t>(spec.nics.size()) - bindings;
    if (scenario.trigger == scenario::Trigger::link_flap) {
        promises.link_changes = 2 * scenario.cycles;
    }
    promises.filters_set = bindings != 0;
    const auto leaves = scenario.driver_parameters.find("LeaveFilters");
    promises.filters_left = leaves != scenario.driver_parameters.end() && leaves->second != 0;
    return promises;
}

}  // namespace

oracle::RunRecord record_of(const RunSpec& spec, const DriverFile& driver) {
    oracle::RunRecord record;
    if (!spec.guest.empty() && spec.guest != "reference") {
        record.guest = spec.guest;
    }
    record.scenario = spec.scenario.name;
    record.trigger = to_string(spec.scenario.trigger);
    record.cycles = spec.scenario.cycles;
    record.reload_wanted = spec.scenario.reload;
    record.nic_count = spec.scenario.bindings_with(spec.nics.size());
    record.promised = promises_of(spec);
    record.load = to_string(spec.load);
    record.ndis = spec.ndis;
    const auto style = spec.scenario.driver_parameters.find("ReceiveStyle");
    if (style != spec.scenario.driver_parameters.end()) {
        record.receive_style = style->second;
    }
    record.driver_module = image_name(driver);
    return record;
}

}  // namespace rundown::run
