// SPDX-License-Identifier: MIT
// nic/virtionet/modern_transport.cpp
//
// The modern interface: little-endian structures in memory BARs (virtio 1.1, 4.1.4).
#include "net_device.hpp"
#include "split_queue.hpp"
#include "transport.hpp"

namespace virtio
{

NDIS_STATUS
ModernTransport::map(NDIS_HANDLE miniport, const nic::PciFunction &function)
{
    layout_ = find_modern_layout(function.config());
    if (!layout_.usable() || layout_.device.length < NET_CONFIG_STATUS + 2) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    miniport_ = miniport;
    const struct {
        const Region &region;
        Registers &registers;
    } parts[] = {
        {layout_.common, common_},
        {layout_.notify, notify_},
        {layout_.isr, isr_},
        {layout_.device, device_}};
    for (const auto &part : parts) {
        const NDIS_STATUS status = map_region(function, part.region, part.registers);
        if (status != NDIS_STATUS_SUCCESS) {
            unmap();
            return status;
        }
    }
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS
ModernTransport::map_region(
    const nic::PciFunction &function, const Region &region, Registers &registers)
{
    const nic::BaseAddress &bar = function.bar(region.bar);
    if (!bar.present || bar.port || region.length == 0 || region.offset > bar.bytes ||
        region.length > bar.bytes - region.offset) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    NDIS_PHYSICAL_ADDRESS physical;
    physical.QuadPart = static_cast<LONGLONG>(bar.address + region.offset);
    PVOID mapped = nullptr;
    const NDIS_STATUS status = NdisMMapIoSpace(&mapped, miniport_, physical, region.length);
    registers = status == NDIS_STATUS_SUCCESS ? static_cast<Registers>(mapped) : nullptr;
    return status;
}

void
ModernTransport::unmap()
{
    const struct {
        Registers &registers;
        uint32_t bytes;
    } parts[] = {
        {common_, layout_.common.length},
        {notify_, layout_.notify.length},
        {isr_, layout_.isr.length},
        {device_, layout_.device.length}};
    for (const auto &part : parts) {
        if (part.registers != nullptr) {
            NdisMUnmapIoSpace(miniport_, const_cast<uint8_t *>(part.registers), part.bytes);
            part.registers = nullptr;
        }
    }
}

uint64_t
ModernTransport::device_features()
{
    write32(COMMON_DEVICE_FEATURE_SELECT, 0);
    const uint64_t low = read32(COMMON_DEVICE_FEATURE);
    write32(COMMON_DEVICE_FEATURE_SELECT, 1);
    return low | static_cast<uint64_t>(read32(COMMON_DEVICE_FEATURE)) << 32;
}

void
ModernTransport::set_driver_features(uint64_t features)
{
    write32(COMMON_DRIVER_FEATURE_SELECT, 0);
    write32(COMMON_DRIVER_FEATURE, static_cast<uint32_t>(features));
    write32(COMMON_DRIVER_FEATURE_SELECT, 1);
    write32(COMMON_DRIVER_FEATURE, static_cast<uint32_t>(features >> 32));
}

uint16_t
ModernTransport::queue_size(uint16_t queue)
{
    if (queue >= kQueues || queue >= read16(COMMON_NUM_QUEUES)) {
        return 0;
    }
    write16(COMMON_QUEUE_SELECT, queue);
    return read16(COMMON_QUEUE_SIZE);
}

void
ModernTransport::set_queue(uint16_t queue, uint16_t size, uint64_t address)
{
    const QueueLayout parts = QueueLayout::of(size);
    write16(COMMON_QUEUE_SELECT, queue);
    write16(COMMON_QUEUE_SIZE, size);
    write64(COMMON_QUEUE_DESC, address);
    write64(COMMON_QUEUE_DRIVER, address + parts.available);
    write64(COMMON_QUEUE_DEVICE, address + parts.used);
    // A doorbell outside the region would be a broken device: ring the first one then, which every
    // device has.
    const uint64_t at = uint64_t{read16(COMMON_QUEUE_NOTIFY_OFF)} * layout_.notify_multiplier;
    notify_at_[queue] = at + 2 <= layout_.notify.length ? static_cast<uint32_t>(at) : 0;
    write16(COMMON_QUEUE_ENABLE, 1);
}

void
ModernTransport::notify(uint16_t queue)
{
    *reinterpret_cast<volatile uint16_t *>(notify_ + notify_at_[queue]) = queue;
}

uint16_t
ModernTransport::config16(uint32_t offset)
{
    return *reinterpret_cast<volatile uint16_t *>(device_ + offset);
}

uint16_t
ModernTransport::read16(uint32_t offset) const
{
    return *reinterpret_cast<volatile uint16_t *>(common_ + offset);
}

uint32_t
ModernTransport::read32(uint32_t offset) const
{
    return *reinterpret_cast<volatile uint32_t *>(common_ + offset);
}

void
ModernTransport::write16(uint32_t offset, uint16_t value)
{
    *reinterpret_cast<volatile uint16_t *>(common_ + offset) = value;
}

void
ModernTransport::write32(uint32_t offset, uint32_t value)
{
    *reinterpret_cast<volatile uint32_t *>(common_ + offset) = value;
}

void
ModernTransport::write64(uint32_t offset, uint64_t value)
{
    // 64-bit registers are written in two halves, low first (4.1.3.1).
    write32(offset, static_cast<uint32_t>(value));
    write32(offset + 4, static_cast<uint32_t>(value >> 32));
}

} // namespace virtio
