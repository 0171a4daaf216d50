// SPDX-License-Identifier: MIT
#include "run/capabilities.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "rpc/messages.hpp"

namespace rundown::run {
namespace {

using rpc::Request;
using scenario::Completion;
using scenario::Load;
using scenario::Trigger;

/// The operations of the agent that an ability stands on.
struct Operation {
    Ability ability;
    std::uint32_t number;
    const char* name;
};

constexpr std::array kOperations = {
    Operation{Ability::unbinds, Request::kBindingUnbind, "unbind an adapter"},
    Operation{Ability::unbinds, Request::kBindingBind, "bind an adapter"},
    Operation{Ability::rebinds, Request::kBindingUnbind, "unbind an adapter"},
    Operation{Ability::rebinds, Request::kBindingBind, "bind an adapter"},
    Operation{Ability::disables_adapters, Request::kAdapterDisable, "disable an adapter"},
    Operation{Ability::disables_adapters, Request::kAdapterEnable, "enable an adapter"},
    Operation{Ability::sees_links, Request::kAdapterList, "list the adapters"},
    Operation{Ability::powers_off, Request::kPowerOff, "power off"},
    Operation{Ability::reboots, Request::kReboot, "restart"},
    Operation{Ability::keeps_handles, Request::kHandleOpen, "keep a handle open"},
    Operation{Ability::keeps_handles, Request::kHandleChurn, "open and close handles"},
};

void lack(GuestCapabilities& guest, Ability ability, const std::string& why) {
    guest.lacks.emplace(ability, why);
}

/// Other people's kernels decide these things for themselves.
void lack_what_only_ours_has(GuestCapabilities& guest) {
    lack(
        guest,
        Ability::ndis_choices,
        "its NDIS completes, and refuses, as it likes: only the reference guest's can be told"
    );
    lack(
        guest,
        Ability::serialized_nics,
        "whether its miniports are serialised is its NIC drivers' choice"
    );
    lack(
        guest,
        Ability::surprise_removal,
        "QEMU's ACPI asks such a guest before a device goes: there is no removal without notice"
    );
    guest.counts_instructions = false;
    guest.has_window_line = false;
}

void lack_what_reactos_has_not(GuestCapabilities& guest) {
    constexpr const char* never = "its NDIS never calls ProtocolUnbindAdapter";
    lack(guest, Ability::unbinds, never);
    lack(guest, Ability::disables_adapters, never);
    lack(guest, Ability::removes_devices, never);
}

/// Its image has our miniports, and nobody else's.
std::map<std::string, std::string> reference_nic_drivers() {
    std::map<std::string, std::string> drivers = {{"e1000", "e1000.sys"}};
    for (const char* variant : {"", "-modern", "-transitional", "-legacy"}) {
        drivers.emplace(std::string("virtio-net") + variant, "virtionet.sys");
    }
    return drivers;
}

bool chooses(const scenario::NdisChoices& ndis) {
    const auto chosen = [](Completion completion) {
        return completion != Completion::seeded && completion != Completion::invalid;
    };
    return chosen(ndis.open) || chosen(ndis.close) || ndis.request_ms != 0;
}

std::optional<Ability> need_of(Trigger trigger) {
    switch (trigger) {
        case Trigger::unbind_all:
            return Ability::unbinds;
        case Trigger::rebind:
            return Ability::rebinds;
        case Trigger::adapter_disable:
            return Ability::disables_adapters;
        case Trigger::removal:
            return Ability::removes_devices;
        case Trigger::surprise_removal:
            return Ability::surprise_removal;
        case Trigger::link_flap:
            return Ability::sees_links;
        case Trigger::power_off:
            return Ability::powers_off;
        case Trigger::reboot:
            return Ability::reboots;
        case Trigger::unload:
        case Trigger::deregister:
        case Trigger::invalid:
            break;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Ability ability) {
    switch (ability) {
        case Ability::ndis_choices:
            return "an NDIS that is told how to complete opens, closes or requests";
        case Ability::serialized_nics:
            return "miniports that NDIS serialises";
        case Ability::unbinds:
            return "NDIS to unbind single adapters";
        case Ability::rebinds:
            return "bindings to be taken down and made again";
        case Ability::disables_adapters:
            return "adapters to be disabled and enabled";
        case Ability::removes_devices:
            return "NICs to be taken out";
        case Ability::surprise_removal:
            return "NICs to be taken out without notice";
        case Ability::sees_links:
            return "to be told whether a link is up";
        case Ability::powers_off:
            return "the guest to power itself off";
        case Ability::reboots:
            return "the guest to restart itself";
        case Ability::keeps_handles:
            return "handles to the driver's device kept open";
    }
    return "what this program does not know";
}

GuestCapabilities capabilities_of(const GuestChoice& choice) {
    GuestCapabilities guest;
    guest.family = choice.family;
    if (choice.family == GuestFamily::reference) {
        guest.nic_drivers = reference_nic_drivers();
    }
    if (choice.from_store) {
        guest.guest = fmt::format("guest {}", to_string(choice));
    }
    if (choice.family != GuestFamily::reference) {
        lack_what_only_ours_has(guest);
    }
    if (choice.family == GuestFamily::reactos) {
        lack_what_reactos_has_not(guest);
    }
    if (choice.from_store) {
        // A machine that boots from a disk is not the one that --deterministic was proved on.
        guest.counts_instructions = false;
    }
    return guest;
}

void restrict_to_operations(
    GuestCapabilities& guest, const std::vector<std::uint32_t>& operations
) {
    for (const Operation& operation : kOperations) {
        if (std::find(operations.begin(), operations.end(), operation.number) == operations.end()) {
            lack(guest, operation.ability, fmt::format("its agent cannot {}", operation.name));
        }
    }
}

std::set<Ability> needs_of(const scenario::Scenario& scenario, Load load) {
    std::set<Ability> needs;
    if (chooses(scenario.ndis)) {
        needs.insert(Ability::ndis_choices);
    }
    if (scenario.ndis.serialized_miniports) {
        needs.insert(Ability::serialized_nics);
    }
    if (const auto need = need_of(scenario.trigger)) {
        needs.insert(*need);
    }
    if (scenario.held.handles != 0 || load == Load::heavy) {
        needs.insert(Ability::keeps_handles);
    }
    return needs;
}

std::optional<std::string> why_not(
    const GuestCapabilities& guest,
    const scenario::Scenario& scenario,
    Load load,
    const std::vector<std::string>& nics,
    const std::string& ndis
) {
    if (std::find(guest.ndis.begin(), guest.ndis.end(), ndis) == guest.ndis.end()) {
        return fmt::format(
            "{} has NDIS {}, not {}", guest.guest, fmt::join(guest.ndis, " and "), ndis
        );
    }
    if (nics.size() > guest.nic_count_max) {
        return fmt::format(
            "{} takes {} NICs, and this is about {}", guest.guest, guest.nic_count_max, nics.size()
        );
    }
    for (const auto& model : nics) {
        if (guest.nic_drivers && !guest.nic_drivers->contains(model)) {
            return fmt::format("{} has no driver for the NIC model {}", guest.guest, model);
        }
    }
    for (const Ability need : needs_of(scenario, load)) {
        if (const auto lacking = guest.lacks.find(need); lacking != guest.lacks.end()) {
            return fmt::format(
                "the scenario needs {}; of {}: {}", to_string(need), guest.guest, lacking->second
            );
        }
    }
    return std::nullopt;
}

}  // namespace rundown::run
