// SPDX-License-Identifier: MIT
#include "scenario/scenario.hpp"

#include <array>

namespace rundown::scenario {
namespace {

template <class Enum>
struct Name {
    Enum value;
    std::string_view text;
};

constexpr std::array kLoads = {
    Name{Load::idle, "idle"},
    Name{Load::light, "light"},
    Name{Load::heavy, "heavy"},
};

constexpr std::array kTriggers = {
    Name{Trigger::unload, "unload"},
    Name{Trigger::unbind_all, "unbind-all"},
    Name{Trigger::deregister, "deregister"},
    Name{Trigger::power_off, "power-off"},
    Name{Trigger::reboot, "reboot"},
    Name{Trigger::rebind, "rebind"},
    Name{Trigger::adapter_disable, "adapter-disable"},
    Name{Trigger::removal, "removal"},
    Name{Trigger::surprise_removal, "surprise-removal"},
    Name{Trigger::link_flap, "link-flap"},
};

constexpr std::array kCompletions = {
    Name{Completion::seeded, "seeded"},
    Name{Completion::pending, "pending"},
    Name{Completion::synchronous, "synchronous"},
    Name{Completion::refused, "refused"},
    Name{Completion::refused_late, "refused-late"},
};

constexpr std::array kPhases = {
    Name{Phase::boot, "boot"},
    Name{Phase::deploy, "deploy"},
    Name{Phase::bind, "bind"},
    Name{Phase::load, "load"},
    Name{Phase::trigger, "trigger"},
    Name{Phase::settle, "settle"},
    Name{Phase::reload, "reload"},
    Name{Phase::end, "end"},
};

template <class Enum, std::size_t N>
std::string_view name_of(const std::array<Name<Enum>, N>& names, Enum value) {
    for (const auto& name : names) {
        if (name.value == value) {
            return name.text;
        }
    }
    return "invalid";
}

template <class Enum, std::size_t N>
Enum value_of(const std::array<Name<Enum>, N>& names, std::string_view text) {
    for (const auto& name : names) {
        if (name.text == text) {
            return name.value;
        }
    }
    return Enum::invalid;
}

}  // namespace

std::string_view to_string(Load load) {
    return name_of(kLoads, load);
}
std::string_view to_string(Trigger trigger) {
    return name_of(kTriggers, trigger);
}
std::string_view to_string(Phase phase) {
    return name_of(kPhases, phase);
}
std::string_view to_string(Completion completion) {
    return name_of(kCompletions, completion);
}
Load load_from(std::string_view text) {
    return value_of(kLoads, text);
}
Trigger trigger_from(std::string_view text) {
    return value_of(kTriggers, text);
}
Phase phase_from(std::string_view text) {
    return value_of(kPhases, text);
}

Completion completion_from(std::string_view text) {
    return value_of(kCompletions, text);
}

bool repeats(Trigger trigger) {
    return trigger == Trigger::rebind || trigger == Trigger::adapter_disable ||
           trigger == Trigger::link_flap;
}

bool removes_devices(Trigger trigger) {
    return trigger == Trigger::removal || trigger == Trigger::surprise_removal;
}

bool ends_guest(Trigger trigger) {
    return trigger == Trigger::power_off || trigger == Trigger::reboot;
}

std::string trigger_names() {
    std::string names;
    for (const auto& name : kTriggers) {
        names += (names.empty() ? "" : ", ") + std::string(name.text);
    }
    return names;
}

Milliseconds default_deadline(Phase phase) {
    switch (phase) {
        case Phase::boot:
        case Phase::deploy:
            return Milliseconds(20000);
        case Phase::bind:
        case Phase::load:
        case Phase::reload:
        case Phase::trigger:
            return Milliseconds(15000);
        case Phase::settle:
        case Phase::end:
        case Phase::invalid:
            break;
    }
    return Milliseconds(10000);
}

Milliseconds Scenario::deadline(Phase phase) const {
    const auto own = deadlines.find(phase);
    return own != deadlines.end() ? own->second : default_deadline(phase);
}

}  // namespace rundown::scenario
