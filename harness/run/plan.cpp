// SPDX-License-Identifier: MIT
#include "run/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <set>
#include <string_view>

namespace rundown::run {
namespace {

constexpr std::array<std::string_view, 2> kNicModels = {"e1000", "virtio-net"};
constexpr std::size_t kNicCountMax = 8;

std::vector<std::string> split(const std::string& text, const char* separator) {
    std::vector<std::string> parts;
    boost::algorithm::split(parts, text, boost::algorithm::is_any_of(separator));
    return parts;
}

result<std::vector<std::vector<std::string>>> parse_nic_sets(const std::string& text) {
    std::vector<std::vector<std::string>> sets;
    for (const auto& set_text : split(text, ",")) {
        std::vector<std::string> set = split(set_text, "+");
        for (const auto& model : set) {
            if (std::find(kNicModels.begin(), kNicModels.end(), model) == kNicModels.end()) {
                return fail(
                    ErrorKind::usage,
                    fmt::format(
                        "--nic: unknown NIC model '{}'; choose from {} (',' between runs, '+' "
                        "within one guest)",
                        model,
                        fmt::join(kNicModels, ", ")
                    )
                );
            }
        }
        if (set.size() > kNicCountMax) {
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "--nic: '{}' has {} NICs; a guest takes at most {}",
                    set_text,
                    set.size(),
                    kNicCountMax
                )
            );
        }
        sets.push_back(std::move(set));
    }
    return sets;
}

/// The models of a guest for a scenario that needs `count` NICs: the set, repeated until there are
/// enough.
std::vector<std::string> nics_for(const std::vector<std::string>& set, std::size_t count) {
    if (count == 0) {
        return {};
    }
    std::vector<std::string> nics = set;
    for (std::size_t i = 0; nics.size() < count; ++i) {
        nics.push_back(set[i % set.size()]);
    }
    return nics;
}

result<scenario::Load> load_for(const Request& request, const scenario::Scenario& scenario) {
    if (!request.load) {
        return scenario.load;
    }
    const auto load = scenario::load_from(*request.load);
    if (load == scenario::Load::invalid) {
        return fail(
            ErrorKind::usage,
            fmt::format("--load: unknown load '{}'; choose from idle, light, heavy", *request.load)
        );
    }
    if (std::find(scenario.loads.begin(), scenario.loads.end(), load) != scenario.loads.end()) {
        return load;
    }
    if (request.all || request.scenarios.size() > 1) {
        return scenario.load;  // Asked of many: those that cannot, run as they are made.
    }
    std::vector<std::string_view> choices;
    for (const auto choice : scenario.loads) {
        choices.push_back(to_string(choice));
    }
    return fail(
        ErrorKind::usage,
        fmt::format(
            "--load: scenario '{}' does not run with load '{}'; it runs with {}",
            scenario.name,
            *request.load,
            fmt::join(choices, ", ")
        )
    );
}

result<std::vector<scenario::Scenario>> chosen(
    const Request& request, const std::vector<scenario::Scenario>& catalogue
) {
    if (request.all) {
        if (!request.scenarios.empty()) {
            return fail(
                ErrorKind::usage,
                "--all runs every scenario: leave out the names, or leave out --all"
            );
        }
        return catalogue;
    }
    if (request.scenarios.empty()) {
        return fail(
            ErrorKind::usage, "name at least one scenario, or say --all; `rundown list` shows them"
        );
    }
    std::vector<scenario::Scenario> scenarios;
    for (const auto& name : request.scenarios) {
        auto scenario = scenario::find(catalogue, name);
        if (!scenario) {
            return scenario.error();
        }
        scenarios.push_back(std::move(*scenario));
    }
    return scenarios;
}

result<void> check_fixed_choices(const Request& request) {
    if (request.guest != "reference") {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--guest: unknown guest '{}'; this version has only 'reference'", request.guest
            )
        );
    }
    if (request.ndis != "5.1") {
        return fail(
            ErrorKind::usage,
            fmt::format("--ndis: unknown version '{}'; this version has only '5.1'", request.ndis)
        );
    }
    if (request.repeat < 1 || request.repeat > 100000) {
        return fail(ErrorKind::usage, "--repeat: must be from 1 to 100000");
    }
    return {};
}

std::string id_of(const RunSpec& spec, std::uint32_t repeat) {
    std::string id = spec.scenario.name;
    if (!spec.nics.empty()) {
        id += fmt::format(".{}", fmt::join(spec.nics, "+"));
    }
    id += fmt::format(".{}", to_string(spec.load));
    if (repeat > 1) {
        id += fmt::format(".{:04}", spec.repetition + 1);
    }
    return id;
}

}  // namespace

result<std::vector<RunSpec>> plan(
    const Request& request, const std::vector<scenario::Scenario>& catalogue
) {
    RUNDOWN_TRY(check_fixed_choices(request));
    const auto scenarios = chosen(request, catalogue);
    if (!scenarios) {
        return scenarios.error();
    }
    const auto sets = parse_nic_sets(request.nic_sets);
    if (!sets) {
        return sets.error();
    }
    std::vector<RunSpec> specs;
    std::set<std::string> taken;
    for (const auto& scenario : *scenarios) {
        const auto load = load_for(request, scenario);
        if (!load) {
            return load.error();
        }
        for (const auto& set : *sets) {
            for (std::uint32_t i = 0; i < request.repeat; ++i) {
                RunSpec spec{
                    scenario,
                    request.guest,
                    nics_for(set, scenario.nic_count),
                    request.ndis,
                    *load,
                    request.seed + i,
                    i,
                    {}};
                spec.id = id_of(spec, request.repeat);
                if (taken.insert(spec.id).second) {
                    specs.push_back(std::move(spec));
                }
            }
        }
    }
    return specs;
}

}  // namespace rundown::run
