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

#include "base/nearest.hpp"
#include "report/run_report.hpp"
#include "run/deterministic_guest.hpp"

namespace rundown::run {
namespace {

/// The first two are the models, and what "mixed" takes by turns; the others are variants of one.
constexpr std::array<std::string_view, 5> kNicModels = {
    "e1000", "virtio-net", "virtio-net-modern", "virtio-net-transitional", "virtio-net-legacy"};
constexpr std::size_t kNicCountMax = 8;

std::vector<std::string> split(const std::string& text, const char* separator) {
    std::vector<std::string> parts;
    boost::algorithm::split(parts, text, boost::algorithm::is_any_of(separator));
    return parts;
}

/// One word of --nic.
struct NicSet {
    std::vector<std::string> models;
    bool mixed = false;  // "mixed": models by turns, for scenarios with two NICs or more.
};

result<NicSet> parse_nic_set(const std::string& text) {
    if (text == "mixed") {
        return NicSet{{kNicModels.begin(), kNicModels.begin() + 2}, true};
    }
    NicSet set{split(text, "+")};
    for (const auto& model : set.models) {
        if (std::find(kNicModels.begin(), kNicModels.end(), model) == kNicModels.end()) {
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "--nic: unknown NIC model '{}'{}; choose from {} (',' between runs, '+' within "
                    "one guest), or mixed",
                    model,
                    did_you_mean(model, {"e1000", "virtio-net", "mixed"}),
                    fmt::join(kNicModels, ", ")
                )
            );
        }
    }
    if (set.models.size() > kNicCountMax) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--nic: '{}' has {} NICs; a guest takes at most {}",
                text,
                set.models.size(),
                kNicCountMax
            )
        );
    }
    return set;
}

result<std::vector<NicSet>> parse_nic_sets(const std::string& text) {
    std::vector<NicSet> sets;
    for (const auto& word : split(text, ",")) {
        auto set = parse_nic_set(word);
        RUNDOWN_TRY(set);
        sets.push_back(std::move(*set));
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

/// The sets a scenario runs with. One that cannot be mixed runs on the others.
result<std::vector<std::vector<std::string>>> nics_of(
    const std::vector<NicSet>& sets, const scenario::Scenario& scenario
) {
    std::vector<std::vector<std::string>> lists;
    for (const auto& set : sets) {
        if (!set.mixed || scenario.nic_count >= 2) {
            lists.push_back(nics_for(set.models, scenario.nic_count));
        }
    }
    if (lists.empty()) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--nic: scenario '{}' needs {} NIC{}, so there is nothing to be mixed",
                scenario.name,
                scenario.nic_count,
                scenario.nic_count == 1 ? "" : "s"
            )
        );
    }
    return lists;
}

/// The loads of --load, or nothing for "all".
result<std::vector<scenario::Load>> parse_loads(const std::string& text) {
    std::vector<scenario::Load> loads;
    if (text == "all") {
        return loads;
    }
    for (const auto& word : split(text, ",")) {
        const auto load = scenario::load_from(word);
        if (load == scenario::Load::invalid) {
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "--load: unknown load '{}'{}; choose from idle, light, heavy, all",
                    word,
                    did_you_mean(word, {"idle", "light", "heavy", "all"})
                )
            );
        }
        loads.push_back(load);
    }
    return loads;
}

result<std::vector<scenario::Load>> loads_for(
    const Request& request, const scenario::Scenario& scenario
) {
    if (!request.load) {
        return std::vector{scenario.load};
    }
    const auto wanted = parse_loads(*request.load);
    RUNDOWN_TRY(wanted);
    if (wanted->empty()) {
        return scenario.loads;
    }
    std::vector<scenario::Load> loads;
    for (const auto load : *wanted) {
        if (std::find(scenario.loads.begin(), scenario.loads.end(), load) != scenario.loads.end()) {
            loads.push_back(load);
        }
    }
    if (request.all || request.scenarios.size() > 1) {
        // Asked of many: those that cannot, run as they are made.
        return loads.empty() ? std::vector{scenario.load} : loads;
    }
    if (loads.size() == wanted->size()) {
        return loads;
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
                "--guest: unknown guest '{}'{}; this version has only 'reference'",
                request.guest,
                did_you_mean(request.guest, {"reference"})
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
        id += "." + report::nics_text(spec.nics);
    }
    id += fmt::format(".{}", to_string(spec.load));
    if (repeat > 1) {
        id += fmt::format(".{:04}", spec.repetition + 1);
    }
    return id;
}

/// The runs being planned; one that comes out the same as an earlier one is not made again.
class Plan {
  public:
    explicit Plan(const Request& request) : request_(request) {}

    void add(
        const scenario::Scenario& scenario,
        const std::vector<std::string>& nics,
        scenario::Load load
    ) {
        for (std::uint32_t i = 0; i < request_.repeat; ++i) {
            RunSpec spec{
                scenario, request_.guest, nics, request_.ndis, load, request_.seed + i, i, {}};
            spec.deterministic = request_.deterministic;
            spec.serial_only = request_.serial_only;
            spec.id = id_of(spec, request_.repeat);
            if (taken_.insert(spec.id).second) {
                specs_.push_back(std::move(spec));
            }
        }
    }

    std::vector<RunSpec> take() && { return std::move(specs_); }

  private:
    const Request& request_;
    std::vector<RunSpec> specs_;
    std::set<std::string> taken_;
};

}  // namespace

result<std::vector<RunSpec>> plan(
    const Request& request, const std::vector<scenario::Scenario>& catalogue
) {
    RUNDOWN_TRY(check_fixed_choices(request));
    const auto scenarios = chosen(request, catalogue);
    RUNDOWN_TRY(scenarios);
    const auto sets = parse_nic_sets(request.nic_sets);
    RUNDOWN_TRY(sets);
    if (request.deterministic && request.serial_only) {
        return fail(
            ErrorKind::usage,
            "--deterministic and --serial-only: bytes on the serial line come when they come; "
            "leave "
            "one of the two out"
        );
    }
    const bool of_many = request.all || request.scenarios.size() > 1;
    Plan plan(request);
    for (const auto& scenario : *scenarios) {
        if (request.deterministic && !can_be_deterministic(scenario)) {
            if (of_many) {
                continue;
            }
            return fail(
                ErrorKind::usage,
                "--deterministic: scenario '" + scenario.name +
                    "' changes the machine's devices, which is not the same each time"
            );
        }
        const auto loads = loads_for(request, scenario);
        RUNDOWN_TRY(loads);
        const auto lists = nics_of(*sets, scenario);
        if (!lists && of_many) {
            continue;  // Asked of many: those that cannot be mixed are left out.
        }
        RUNDOWN_TRY(lists);
        for (const auto& nics : *lists) {
            for (const auto load : *loads) {
                plan.add(scenario, nics, load);
            }
        }
    }
    auto specs = std::move(plan).take();
    if (specs.empty()) {
        return fail(
            ErrorKind::usage, "--nic: none of these scenarios has two NICs that could be mixed"
        );
    }
    return specs;
}

}  // namespace rundown::run
