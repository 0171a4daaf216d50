// SPDX-License-Identifier: MIT
// nic/virtionet/legacy_transport.cpp
//
// The legacy interface: one I/O range, guest-endian, queues at page addresses
// (virtio 1.1, 4.1.4.8, 4.1.5.1.3.1).
#include "net_device.hpp"
#include "transport.hpp"

namespace virtio
{

namespace
{
constexpr uint32_t kPageShift = 12;
/// Registers and the part of the network configuration that is read.
constexpr uint32_t kBytesNeeded = LEGACY_DEVICE_CONFIG + NET_CONFIG_STATUS + 2;
constexpr uint32_t kResetPolls = 10000, kStallMicroseconds = 10;
} // namespace

bool
Transport::reset()
{
    set_status(0);
    // A modern device may take its time and says 0 when it is done (4.1.4.3.2); a legacy one is
    // done at once.
    for (uint32_t i = 0; i < kResetPolls; ++i) {
        if (status() == 0) {
            return true;
        }
        NdisStallExecution(kStallMicroseconds);
    }
    return false;
}

NDIS_STATUS
LegacyTransport::map(NDIS_HANDLE miniport, const nic::PciFunction &function)
{
    const nic::BaseAddress &bar = function.bar(0);
    if (!bar.present || !bar.port || bar.bytes < kBytesNeeded) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    miniport_ = miniport;
    first_ = static_cast<uint32_t>(bar.address);
    bytes_ = bar.bytes;
    const NDIS_STATUS status = NdisMRegisterIoPortRange(&base_, miniport, first_, bytes_);
    if (status != NDIS_STATUS_SUCCESS) {
        base_ = nullptr;
    }
    return status;
}

void
LegacyTransport::unmap()
{
    if (base_ != nullptr) {
        NdisMDeregisterIoPortRange(miniport_, first_, bytes_, base_);
        base_ = nullptr;
    }
}

void
LegacyTransport::set_driver_features(uint64_t features)
{
    write32(LEGACY_DRIVER_FEATURES, static_cast<uint32_t>(features));
}

uint16_t
LegacyTransport::queue_size(uint16_t queue)
{
    write16(LEGACY_QUEUE_SELECT, queue);
    return read16(LEGACY_QUEUE_SIZE);
}

void
LegacyTransport::set_queue(uint16_t queue, uint16_t, uint64_t address)
{
    write16(LEGACY_QUEUE_SELECT, queue);
    write32(LEGACY_QUEUE_ADDRESS, static_cast<uint32_t>(address >> kPageShift));
}

uint8_t
LegacyTransport::read8(uint32_t offset)
{
    UCHAR value;
    NdisRawReadPortUchar(static_cast<PUCHAR>(base_) + offset, &value);
    return value;
}

uint16_t
LegacyTransport::read16(uint32_t offset)
{
    USHORT value;
    NdisRawReadPortUshort(static_cast<PUCHAR>(base_) + offset, &value);
    return value;
}

uint32_t
LegacyTransport::read32(uint32_t offset)
{
    ULONG value;
    NdisRawReadPortUlong(static_cast<PUCHAR>(base_) + offset, &value);
    return static_cast<uint32_t>(value);
}

void
LegacyTransport::write8(uint32_t offset, uint8_t value)
{
    NdisRawWritePortUchar(static_cast<PUCHAR>(base_) + offset, value);
}

void
LegacyTransport::write16(uint32_t offset, uint16_t value)
{
    NdisRawWritePortUshort(static_cast<PUCHAR>(base_) + offset, value);
}

void
LegacyTransport::write32(uint32_t offset, uint32_t value)
{
    NdisRawWritePortUlong(static_cast<PUCHAR>(base_) + offset, value);
}

} // namespace virtio
