// SPDX-License-Identifier: MIT
// ndis/pnp_devices.hpp
//
// What the PnP manager knows of the PCI functions, at one moment.
#pragma once
#include "ndis/ndisp.hpp"
#include "rd_pnp.hpp"

namespace ndis {

/// PASSIVE_LEVEL. Empty when memory runs out.
class PnpDevices {
  public:
    PnpDevices() : devices_(static_cast<RD_PNP_DEVICE*>(ExAllocatePoolWithTag(PagedPool, kMost * sizeof(RD_PNP_DEVICE), kWorkTag))) {
        if (devices_) count_ = smaller(RdPnpQueryDevices(devices_, kMost), kMost);
    }
    ~PnpDevices() {
        if (devices_) ExFreePoolWithTag(devices_, kWorkTag);
    }
    PnpDevices(const PnpDevices&) = delete;
    PnpDevices& operator=(const PnpDevices&) = delete;

    const RD_PNP_DEVICE* begin() const { return devices_; }
    const RD_PNP_DEVICE* end() const { return devices_ + count_; }

  private:
    static constexpr ULONG kMost = 64;
    RD_PNP_DEVICE* devices_;
    ULONG count_ = 0;
};

}  // namespace ndis
