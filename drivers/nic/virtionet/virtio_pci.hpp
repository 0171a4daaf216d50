// SPDX-License-Identifier: MIT
// nic/virtionet/virtio_pci.hpp
//
// virtio over PCI (virtio 1.1, 4.1): registers of both interfaces, and the walk of the PCI
// capabilities that finds the modern one. Pure: configuration space comes as 256 bytes, compiled
// natively by tests/unit/nic.
#pragma once
#include <stdint.h>

namespace virtio
{

constexpr uint16_t kVendor = 0x1af4;
constexpr uint16_t kTransitionalNet = 0x1000, kModernNet = 0x1041;

/// Device status (2.1).
constexpr uint8_t STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4,
                  STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 0x40, STATUS_FAILED = 0x80;
/// ISR status (4.1.4.5); reading it clears it and lowers INTx.
constexpr uint8_t ISR_QUEUE = 1, ISR_CONFIG = 2;

/// Legacy registers in BAR 0, I/O space (4.1.4.8), with MSI-X off.
enum LegacyRegister : uint32_t {
    LEGACY_DEVICE_FEATURES = 0x00,
    LEGACY_DRIVER_FEATURES = 0x04,
    LEGACY_QUEUE_ADDRESS = 0x08, ///< In pages of 4096 bytes.
    LEGACY_QUEUE_SIZE = 0x0c,
    LEGACY_QUEUE_SELECT = 0x0e,
    LEGACY_QUEUE_NOTIFY = 0x10,
    LEGACY_DEVICE_STATUS = 0x12,
    LEGACY_ISR_STATUS = 0x13,
    LEGACY_DEVICE_CONFIG = 0x14,
};

/// struct virtio_pci_common_cfg (4.1.4.3).
enum CommonRegister : uint32_t {
    COMMON_DEVICE_FEATURE_SELECT = 0x00,
    COMMON_DEVICE_FEATURE = 0x04,
    COMMON_DRIVER_FEATURE_SELECT = 0x08,
    COMMON_DRIVER_FEATURE = 0x0c,
    COMMON_NUM_QUEUES = 0x12,
    COMMON_DEVICE_STATUS = 0x14,
    COMMON_CONFIG_GENERATION = 0x15,
    COMMON_QUEUE_SELECT = 0x16,
    COMMON_QUEUE_SIZE = 0x18,
    COMMON_QUEUE_ENABLE = 0x1c,
    COMMON_QUEUE_NOTIFY_OFF = 0x1e,
    COMMON_QUEUE_DESC = 0x20,
    COMMON_QUEUE_DRIVER = 0x28,
    COMMON_QUEUE_DEVICE = 0x30,
    COMMON_BYTES = 0x38,
};

/// cfg_type of a vendor-specific capability (4.1.4).
constexpr uint8_t CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4;

/// A stretch of a BAR.
struct Region {
    bool present = false;
    uint8_t bar = 0;
    uint32_t offset = 0;
    uint32_t length = 0;
};

struct ModernLayout {
    Region common, notify, isr, device;
    uint32_t notify_multiplier = 0;

    /// Whether the driver can run the device through it (4.1.4: these are mandatory, device
    /// configuration is ours to need).
    constexpr bool usable() const
    {
        return common.present && common.length >= COMMON_BYTES && notify.present && isr.present &&
               device.present;
    }
};

constexpr uint32_t kConfigBytes = 256;

/// Finds the modern interface in a function's configuration space. Of several capabilities of one
/// type the first that names a possible BAR counts (4.1.4.1). A list that loops or runs out of the
/// space ends the walk.
constexpr ModernLayout
find_modern_layout(const uint8_t *config)
{
    constexpr uint8_t status_offset = 0x06, capabilities_offset = 0x34, vendor_specific = 0x09;
    constexpr uint8_t has_capabilities = 0x10, capability_bytes = 16, bars = 6;
    const auto read32 = [config](uint32_t at) {
        return uint32_t{config[at]} | uint32_t{config[at + 1]} << 8 |
               uint32_t{config[at + 2]} << 16 | uint32_t{config[at + 3]} << 24;
    };
    ModernLayout layout;
    if ((config[status_offset] & has_capabilities) == 0) {
        return layout;
    }
    uint32_t at = config[capabilities_offset] & 0xfcu;
    for (uint32_t steps = 0; at >= 0x40 && steps < kConfigBytes / 4;
         ++steps, at = config[at + 1] & 0xfcu) {
        if (config[at] != vendor_specific || at + capability_bytes > kConfigBytes ||
            config[at + 2] < capability_bytes || config[at + 4] >= bars) {
            continue;
        }
        const Region region{true, config[at + 4], read32(at + 8), read32(at + 12)};
        switch (config[at + 3]) {
        case CAP_COMMON:
            layout.common = layout.common.present ? layout.common : region;
            break;
        case CAP_NOTIFY:
            if (!layout.notify.present && at + capability_bytes + 4 <= kConfigBytes) {
                layout.notify = region;
                layout.notify_multiplier = read32(at + 16);
            }
            break;
        case CAP_ISR:
            layout.isr = layout.isr.present ? layout.isr : region;
            break;
        case CAP_DEVICE:
            layout.device = layout.device.present ? layout.device : region;
            break;
        default:
            break;
        }
    }
    return layout;
}

} // namespace virtio
