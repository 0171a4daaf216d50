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
constexpr std::array<std::string_view, 7> kNicModels = {
    "e1000",
    "virtio-net",
    "virtio-net-modern",
    "virtio-net-transitional",
    "virtio-net-legacy",
    "e1000e",
    "rtl8139"};
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
                    did_you_mean(model, {"e1000", "virtio-net", "e1000e", "rtl8139", "mixed"}),
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

/// What a deterministic run cannot be had with.
result<void> check_deterministic_choices(
    const Request& request, const GuestCapabilities& guest, const Provocations& provocations
) {
    if (!request.deterministic) {
        return {};
    }
    if (request.no_window) {
        return fail(
            ErrorKind::usage,
            "--deterministic and --no-window: such a run's meetings are held in the window"
        );
    }
    if (request.serial_only) {
        return fail(
            ErrorKind::usage,
            "--deterministic and --serial-only: bytes on the serial line come when they come; "
            "leave one of the two out"
        );
    }
    if (!guest.counts_instructions) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--deterministic: {} cannot; only the reference guest as it was built can",
                guest.guest
            )
        );
    }
    if (provocations.timed_by_the_host()) {
        return fail(
            ErrorKind::usage,
            "--deterministic and --sweep, --delay or --throttle: these are about the host's time, "
            "of which such a run has none; its seed is the sweep"
        );
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
    Plan(const Request& request, const GuestCapabilities& guest, const Provocations& provocations)
        : request_(request), guest_(guest), provocations_(provocations) {}

    void add(
        const scenario::Scenario& scenario,
        const std::vector<std::string>& nics,
        scenario::Load load
    ) {
        const auto why = request_.deterministic && !can_be_deterministic(scenario)
                             ? std::optional<std::string>(kNotDeterministic)
                             : why_not(guest_, scenario, load, nics, request_.ndis);
        const std::uint32_t repeat = provocations_.repetitions(request_.repeat);
        for (std::uint32_t i = 0; i < (why ? 1 : repeat); ++i) {
            RunSpec spec{
                scenario, request_.guest, nics, request_.ndis, load, request_.seed + i, i, {}};
            spec.deterministic = request_.deterministic;
            spec.serial_only = request_.serial_only;
            spec.no_window = request_.no_window;
            spec.provocation = provocations_.of_repetition(i, scenario);
            spec.id = id_of(spec, why ? 1 : repeat);
            if (!taken_.insert(spec.id).second) {
                continue;
            }
            if (why) {
                planned_.skipped.push_back(skipped(spec, *why));
            } else {
                planned_.runs.push_back(std::move(spec));
            }
        }
    }

    Planned take() && { return std::move(planned_); }

  private:
    static constexpr const char* kNotDeterministic =
        "it changes the machine's devices, which is not the same each time";

    const Request& request_;
    const GuestCapabilities& guest_;
    const Provocations& provocations_;
    Planned planned_;
    std::set<std::string> taken_;
};

}  // namespace

report::SkippedRun skipped(const RunSpec& spec, const std::string& why) {
    return {
        spec.id, spec.scenario.name, spec.guest, spec.nics, std::string(to_string(spec.load)), why};
}

result<Planned> plan(
    const Request& request,
    const std::vector<scenario::Scenario>& catalogue,
    const GuestCapabilities& guest
) {
    RUNDOWN_TRY(check_fixed_choices(request));
    const auto scenarios = chosen(request, catalogue);
    RUNDOWN_TRY(scenarios);
    const auto sets = parse_nic_sets(request.nic_sets);
    RUNDOWN_TRY(sets);
    const auto provocations =
        provocations_from(request.holds, request.sweep, request.delay_us, request.throttle_percent);
    RUNDOWN_TRY(provocations);
    RUNDOWN_TRY(check_deterministic_choices(request, guest, *provocations));
    const bool of_many = request.all || request.scenarios.size() > 1;
    Plan plan(request, guest, *provocations);
    for (const auto& scenario : *scenarios) {
        if (request.deterministic && !can_be_deterministic(scenario) && !of_many) {
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
    Planned planned = std::move(plan).take();
    if (planned.runs.empty() && planned.skipped.empty()) {
        return fail(
            ErrorKind::usage, "--nic: none of these scenarios has two NICs that could be mixed"
        );
    }
    return planned;
}

}  // namespace rundown::run
