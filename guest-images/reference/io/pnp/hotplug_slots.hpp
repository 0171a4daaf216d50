// SPDX-License-Identifier: MIT
// io/pnp/hotplug_slots.hpp
//
// What QEMU's PCI hotplug registers say, and what a run can ask of it. Pure: tested natively by tests/unit/nic.
// https://www.qemu.org/docs/master/specs/acpi_pci_hotplug.html
#pragma once
#include <stdint.h>

namespace pnp {

/// How a device goes that the host wants back (`device_del`), by the kernel's command line: pnp_removal=orderly|surprise.
enum class EjectWay {
    invalid,   ///< The word is none of ours.
    orderly,   ///< Drivers are asked and taken down, then the slot is ejected. Without a word.
    surprise,  ///< The slot is ejected under its drivers, as a card that is pulled out.
};

/// Null: the word is not on the command line.
constexpr EjectWay eject_way(const char* word) {
    constexpr auto same = [](const char* one, const char* other) {
        while (*one && *one == *other) ++one, ++other;
        return *one == *other;
    };
    if (!word || same(word, "orderly")) return EjectWay::orderly;
    return same(word, "surprise") ? EjectWay::surprise : EjectWay::invalid;
}

constexpr unsigned kSlots = 32;  ///< Of a bus; each has a bit in every register.

/// The lowest slot of a register, taken off it; kSlots: none is left.
constexpr unsigned take_slot(uint32_t& slots) {
    for (unsigned slot = 0; slot < kSlots; ++slot) {
        const uint32_t bit = uint32_t{1} << slot;
        if (!(slots & bit)) continue;
        slots &= ~bit;
        return slot;
    }
    return kSlots;
}

}  // namespace pnp
