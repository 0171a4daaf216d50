// SPDX-License-Identifier: MIT
// io/pnp/acpi_tables.hpp
//
// What the firmware's fixed ACPI tables say of the registers that hotplug needs: the root pointer found in low memory, the
// table of tables, the FADT. Pure (ACPI Specification 6.4, 5.2): tested natively by tests/unit/nic.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace pnp {

constexpr size_t kTableHeaderBytes = 36;
constexpr size_t kRootPointerBytes = 20;  ///< Of the ACPI 1.0 part, which every version begins with.

inline uint32_t little_endian(const uint8_t* at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = bytes; i-- != 0;) value = value << 8 | at[i];
    return value;
}

/// Every table adds up to zero.
inline bool adds_up(const uint8_t* table, size_t bytes) {
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes; ++i) sum = static_cast<uint8_t>(sum + table[i]);
    return sum == 0;
}

inline bool has_signature(const uint8_t* at, const char* signature, size_t length) {
    for (size_t i = 0; i < length; ++i)
        if (at[i] != static_cast<uint8_t>(signature[i])) return false;
    return true;
}

/// Physical address of the RSDT, of the root pointer found in `area` on a 16-byte boundary; 0: there is none.
inline uint32_t find_root_table(const uint8_t* area, size_t bytes) {
    constexpr size_t address_at = 16;
    for (size_t at = 0; at + kRootPointerBytes <= bytes; at += 16)
        if (has_signature(area + at, "RSD PTR ", 8) && adds_up(area + at, kRootPointerBytes))
            return little_endian(area + at + address_at, 4);
    return 0;
}

/// Bytes of a table by its header; 0: fewer than a header, or more than a sane table has.
inline uint32_t table_bytes(const uint8_t* header) {
    constexpr uint32_t sane = 0x10000;
    const uint32_t bytes = little_endian(header + 4, 4);
    return bytes >= kTableHeaderBytes && bytes <= sane ? bytes : 0;
}

/// The registers of the ACPI hardware, I/O ports all of them.
struct AcpiHardware {
    uint16_t interrupt = 0;     ///< SCI_INT, an IOAPIC pin.
    uint16_t command_port = 0;  ///< SMI_CMD; 0: always in ACPI mode.
    uint8_t enable = 0;         ///< What to write there to get into ACPI mode.
    uint16_t control = 0;       ///< PM1a_CNT.
    uint16_t events = 0;        ///< GPE0_BLK: status registers, then as many enable registers.
    uint8_t event_bytes = 0;    ///< Of both halves.
};

/// Reads a whole FADT of `bytes`. False: it is none, does not add up, or has no general purpose events.
inline bool read_fadt(const uint8_t* table, size_t bytes, AcpiHardware& hardware) {
    constexpr size_t bytes_of_acpi_1 = 116;
    if (bytes < bytes_of_acpi_1 || !has_signature(table, "FACP", 4) || !adds_up(table, bytes)) return false;
    const auto port = [table](size_t at) { return static_cast<uint16_t>(little_endian(table + at, 4)); };
    hardware.interrupt = static_cast<uint16_t>(little_endian(table + 46, 2));
    hardware.command_port = port(48);
    hardware.enable = table[52];
    hardware.control = port(64);
    hardware.events = port(80);
    hardware.event_bytes = table[92];
    return hardware.control != 0 && hardware.events != 0 && hardware.event_bytes >= 2;
}

}  // namespace pnp
