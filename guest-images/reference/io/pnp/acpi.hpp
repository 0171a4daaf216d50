// SPDX-License-Identifier: MIT
// io/pnp/acpi.hpp
//
// The ACPI hardware of the machine: found in the firmware's tables, put into ACPI mode, its general purpose events.
#pragma once
#include "acpi_tables.hpp"

namespace pnp {

/// Finds the FADT. False: the firmware has left none. PASSIVE_LEVEL.
bool find_acpi_hardware(AcpiHardware& hardware);

/// Leaves legacy mode, in which events raise SMIs in place of the SCI. False: the machine has not followed. PASSIVE_LEVEL.
bool enter_acpi_mode(const AcpiHardware& hardware);

/// One of the first eight general purpose events: lets it raise the SCI; whether it is set; clears it. Any IRQL.
void enable_event(const AcpiHardware& hardware, unsigned event);
bool event_is_set(const AcpiHardware& hardware, unsigned event);
void clear_event(const AcpiHardware& hardware, unsigned event);

}  // namespace pnp
