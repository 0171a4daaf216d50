// SPDX-License-Identifier: MIT
// nic/common/pci_function.hpp
//
// The PCI function a miniport was started for: its configuration space, and which of the resources
// NDIS lists is which base address register (NDIS names none, so they are matched by address).
#pragma once
#include "ndis_miniport.hpp"

namespace nic
{

/// One base address register that has been given resources.
struct BaseAddress {
    bool present = false;
    bool port = false; ///< I/O space rather than memory.
    uint64_t address = 0;
    uint32_t bytes = 0;
};

struct InterruptResource {
    bool present = false;
    uint32_t level = 0;
    uint32_t vector = 0;
    bool latched = false;
};

class PciFunction
{
  public:
    static constexpr uint32_t kBars = 6, kConfigBytes = 256;

    /// Reads configuration space and the resource list. PASSIVE_LEVEL, within MiniportInitialize;
    /// `configuration` is its WrapperConfigurationContext. NDIS_STATUS_RESOURCES,
    /// _ADAPTER_NOT_FOUND or _RESOURCE_CONFLICT.
    NDIS_STATUS read(NDIS_HANDLE miniport, NDIS_HANDLE configuration);

    /// Turns bus mastering on where the firmware has left it off.
    void enable_bus_master();

    uint16_t vendor() const
    {
        return static_cast<uint16_t>(config_[0] | config_[1] << 8);
    }
    uint16_t device() const
    {
        return static_cast<uint16_t>(config_[2] | config_[3] << 8);
    }
    const uint8_t *config() const
    {
        return config_;
    }
    const BaseAddress &bar(uint32_t number) const
    {
        return bars_[number];
    }
    const InterruptResource &interrupt() const
    {
        return interrupt_;
    }

  private:
    void match(const NDIS_RESOURCE_LIST &resources);
    uint32_t config32(uint32_t at) const;
    uint64_t bar_address(uint32_t number, bool port) const;

    NDIS_HANDLE miniport_ = nullptr;
    uint8_t config_[kConfigBytes] = {};
    BaseAddress bars_[kBars];
    InterruptResource interrupt_;
};

} // namespace nic
