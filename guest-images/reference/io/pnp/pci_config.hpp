// SPDX-License-Identifier: MIT
// io/pnp/pci_config.hpp
//
// Configuration space by mechanism 1 (ports 0xCF8 and 0xCFC). Any IRQL: the two port accesses are not torn apart.
#pragma once
#include "pci_header.hpp"

namespace pnp {

/// Copies up to `bytes` from configuration space at `offset`; returns how many lie within it. Absent functions read as
/// ones.
uint32_t read_config(PciAddress at, uint32_t offset, void* data, uint32_t bytes);
/// Writes likewise; whole aligned words and double words are written as such.
uint32_t write_config(PciAddress at, uint32_t offset, const void* data, uint32_t bytes);

uint16_t read_config16(PciAddress at, uint32_t offset);
void write_config16(PciAddress at, uint32_t offset, uint16_t value);
uint32_t read_config32(PciAddress at, uint32_t offset);
void write_config32(PciAddress at, uint32_t offset, uint32_t value);

}  // namespace pnp
