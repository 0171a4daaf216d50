// SPDX-License-Identifier: MIT
// nic/virtionet/transport.hpp
//
// The registers of a virtio device over PCI, whichever of the two interfaces it is driven through:
// legacy (I/O BAR 0 of a transitional device) or modern (memory regions named by PCI capabilities).
// find() and unmap() run at PASSIVE_LEVEL, the rest at any IRQL.
#pragma once
#include "../common/ndis_miniport.hpp"
#include "../common/pci_function.hpp"
#include "virtio_pci.hpp"

namespace virtio
{

class Transport
{
  public:
    virtual void unmap() = 0;
    virtual bool modern() const = 0;
    virtual uint8_t status() = 0;
    virtual void set_status(uint8_t status) = 0;
    virtual uint64_t device_features() = 0;
    virtual void set_driver_features(uint64_t features) = 0;
    /// Descriptors of a queue; 0: there is no such queue.
    virtual uint16_t queue_size(uint16_t queue) = 0;
    /// Puts a queue of `size` (at most queue_size) into use, laid out as QueueLayout says at
    /// `address`.
    virtual void set_queue(uint16_t queue, uint16_t size, uint64_t address) = 0;
    virtual void notify(uint16_t queue) = 0;
    /// Reads, and by that clears, the ISR status.
    virtual uint8_t take_isr() = 0;
    virtual uint8_t config8(uint32_t offset) = 0;
    virtual uint16_t config16(uint32_t offset) = 0;

    /// 0 and everything off; false when the device does not come to rest.
    bool reset();
};

class LegacyTransport final : public Transport
{
  public:
    NDIS_STATUS map(NDIS_HANDLE miniport, const nic::PciFunction &function);
    void unmap() override;
    bool modern() const override
    {
        return false;
    }
    uint8_t status() override
    {
        return read8(LEGACY_DEVICE_STATUS);
    }
    void set_status(uint8_t status) override
    {
        write8(LEGACY_DEVICE_STATUS, status);
    }
    uint64_t device_features() override
    {
        return read32(LEGACY_DEVICE_FEATURES);
    }
    void set_driver_features(uint64_t features) override;
    uint16_t queue_size(uint16_t queue) override;
    void set_queue(uint16_t queue, uint16_t size, uint64_t address) override;
    void notify(uint16_t queue) override
    {
        write16(LEGACY_QUEUE_NOTIFY, queue);
    }
    uint8_t take_isr() override
    {
        return read8(LEGACY_ISR_STATUS);
    }
    uint8_t config8(uint32_t offset) override
    {
        return read8(LEGACY_DEVICE_CONFIG + offset);
    }
    uint16_t config16(uint32_t offset) override
    {
        return read16(LEGACY_DEVICE_CONFIG + offset);
    }

  private:
    uint8_t read8(uint32_t offset);
    uint16_t read16(uint32_t offset);
    uint32_t read32(uint32_t offset);
    void write8(uint32_t offset, uint8_t value);
    void write16(uint32_t offset, uint16_t value);
    void write32(uint32_t offset, uint32_t value);

    NDIS_HANDLE miniport_ = nullptr;
    PVOID base_ = nullptr;
    uint32_t first_ = 0, bytes_ = 0;
};

class ModernTransport final : public Transport
{
  public:
    /// NDIS_STATUS_NOT_SUPPORTED when the function has no usable modern interface.
    NDIS_STATUS map(NDIS_HANDLE miniport, const nic::PciFunction &function);
    void unmap() override;
    bool modern() const override
    {
        return true;
    }
    uint8_t status() override
    {
        return common_[COMMON_DEVICE_STATUS];
    }
    void set_status(uint8_t status) override
    {
        common_[COMMON_DEVICE_STATUS] = status;
    }
    uint64_t device_features() override;
    void set_driver_features(uint64_t features) override;
    uint16_t queue_size(uint16_t queue) override;
    void set_queue(uint16_t queue, uint16_t size, uint64_t address) override;
    void notify(uint16_t queue) override;
    uint8_t take_isr() override
    {
        return isr_[0];
    }
    uint8_t config8(uint32_t offset) override
    {
        return device_[offset];
    }
    uint16_t config16(uint32_t offset) override;

  private:
    using Registers = volatile uint8_t *;
    static constexpr uint16_t kQueues = 3;

    NDIS_STATUS
    map_region(const nic::PciFunction &function, const Region &region, Registers &registers);
    uint16_t read16(uint32_t offset) const;
    uint32_t read32(uint32_t offset) const;
    void write16(uint32_t offset, uint16_t value);
    void write32(uint32_t offset, uint32_t value);
    void write64(uint32_t offset, uint64_t value);

    NDIS_HANDLE miniport_ = nullptr;
    ModernLayout layout_;
    Registers common_ = nullptr, notify_ = nullptr, isr_ = nullptr, device_ = nullptr;
    uint32_t notify_at_[kQueues] = {}; ///< Offset of each queue's doorbell.
};

} // namespace virtio
