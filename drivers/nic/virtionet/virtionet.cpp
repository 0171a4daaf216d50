// SPDX-License-Identifier: MIT
// nic/virtionet/virtionet.cpp
//
// Bring-up (virtio 1.1, 3.1.1), interrupts and link of the network device.
#include "virtionet.hpp"
#include <new>

namespace virtio
{

namespace
{
constexpr uint8_t kGone = 0xff;
constexpr uint16_t kQueueSizeModern = 256;
constexpr uint32_t kSpeed100bps =
    10'000'000; // The device names none; a gigabit is what callers expect.

nic::Device *
construct(void *memory)
{
    return new (memory) VirtioNet;
}
} // namespace

NDIS_STATUS
VirtioNet::acquire(NDIS_HANDLE miniport, const nic::PciFunction &function)
{
    miniport_ = miniport;
    if (function.vendor() != kVendor) {
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    }
    NDIS_STATUS status = choose_transport(function);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    if (!transport_->reset()) {
        return NDIS_STATUS_HARD_ERRORS;
    }
    transport_->set_status(STATUS_ACKNOWLEDGE);
    transport_->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    if (!negotiate()) {
        transport_->set_status(STATUS_FAILED);
        return NDIS_STATUS_HARD_ERRORS;
    }
    read_station_address();
    status = allocate_queues();
    transport_->reset();
    return status;
}

NDIS_STATUS
VirtioNet::choose_transport(const nic::PciFunction &function)
{
    if (modern_.map(miniport_, function) == NDIS_STATUS_SUCCESS) {
        transport_ = &modern_;
        return NDIS_STATUS_SUCCESS;
    }
    if (function.device() != kTransitionalNet) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    const NDIS_STATUS status = legacy_.map(miniport_, function);
    transport_ = status == NDIS_STATUS_SUCCESS ? &legacy_ : nullptr;
    return status;
}

bool
VirtioNet::negotiate()
{
    features_ = accept_features(transport_->device_features(), transport_->modern());
    transport_->set_driver_features(features_);
    if (!transport_->modern()) {
        return true;
    }
    if ((features_ & F_VERSION_1) == 0) {
        return false;
    }
    transport_->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    const uint8_t status = transport_->status();
    return status != kGone && (status & STATUS_FEATURES_OK) != 0;
}

void
VirtioNet::read_station_address()
{
    if ((features_ & NET_F_MAC) == 0) {
        return; // Stays zero: the registry must name one.
    }
    for (uint32_t i = 0; i < sizeof(permanent_address_); ++i) {
        permanent_address_.bytes[i] = transport_->config8(NET_CONFIG_MAC + i);
    }
}

NDIS_STATUS
VirtioNet::allocate_queues()
{
    const uint16_t count = (features_ & NET_F_CTRL_VQ) != 0 ? 3 : 2;
    for (uint16_t queue = 0; queue < count; ++queue) {
        uint16_t size = transport_->queue_size(queue);
        // The legacy interface cannot shrink a queue (4.1.5.1.3.1); the modern one can.
        if (transport_->modern() && size > kQueueSizeModern) {
            size = kQueueSizeModern;
        }
        if (!nic::is_power_of_two(size) || size > SplitQueue::kSizeMax) {
            return NDIS_STATUS_RESOURCE_CONFLICT;
        }
        const uint32_t bytes = QueueLayout::of(size).bytes + QueueLayout::kAlign;
        if (!memory_[queue].allocate(miniport_, bytes)) {
            return NDIS_STATUS_RESOURCES;
        }
        const auto past = static_cast<uint32_t>(memory_[queue].address % QueueLayout::kAlign);
        aligned_[queue] = past == 0 ? 0 : QueueLayout::kAlign - past;
        sizes_[queue] = size;
    }
    if (!zeros_.allocate(miniport_, nic::kFrameBytesMin) ||
        !commands_.allocate(miniport_, kFilterCommandsMax * sizeof(ControlCommand))) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(zeros_.data, zeros_.bytes);
    return NDIS_STATUS_SUCCESS;
}

void
VirtioNet::release()
{
    for (nic::SharedMemory &memory : memory_) {
        memory.free(miniport_);
    }
    zeros_.free(miniport_);
    commands_.free(miniport_);
    if (transport_ != nullptr) {
        transport_->unmap();
        transport_ = nullptr;
    }
}

bool
VirtioNet::start(const nic::FrameFilter &filter)
{
    if (gone_ || !transport_->reset()) {
        return false;
    }
    transport_->set_status(STATUS_ACKNOWLEDGE);
    transport_->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    if (!negotiate()) {
        transport_->set_status(STATUS_FAILED);
        return false;
    }
    for (uint16_t queue = 0; queue < kQueues; ++queue) {
        if (sizes_[queue] == 0) {
            continue;
        }
        queues_[queue].reset(
            static_cast<uint8_t *>(memory_[queue].data) + aligned_[queue],
            sizes_[queue],
            (features_ & RING_F_EVENT_IDX) != 0);
        transport_->set_queue(queue, sizes_[queue], memory_[queue].address + aligned_[queue]);
    }
    transport_->set_status(transport_->status() | STATUS_DRIVER_OK);
    running_ = true;
    link_event_ = 0;
    commands_out_ = 0;
    filter_again_ = false;
    if (has_control()) {
        send_filter(filter); // A device that has just been reset is promiscuous.
    }
    return true;
}

void
VirtioNet::stop()
{
    running_ = false;
    if (transport_ != nullptr && !gone_) {
        transport_->reset();
    }
    // Commands die with the device; their memory is written anew with the next filter.
    while (queues_[control_queue].take_back() != nullptr) {
    }
    commands_out_ = 0;
    filter_again_ = false;
}

bool
VirtioNet::interrupt()
{
    if (gone_) {
        return false;
    }
    const uint8_t isr = transport_->take_isr();
    if (isr == kGone || (isr & (ISR_QUEUE | ISR_CONFIG)) == 0) {
        return false;
    }
    if ((isr & ISR_CONFIG) != 0) {
        __atomic_store_n(&link_event_, 1u, __ATOMIC_RELEASE);
    }
    if (running_) {
        for (uint16_t queue = 0; queue < kQueues; ++queue) {
            if (sizes_[queue] != 0) {
                queues_[queue].disable_interrupts();
            }
        }
    }
    return true;
}

bool
VirtioNet::enable_interrupts(NDIS_MINIPORT_INTERRUPT &)
{
    bool idle = true;
    for (uint16_t queue = 0; queue < kQueues; ++queue) {
        if (sizes_[queue] != 0) {
            idle = queues_[queue].enable_interrupts() && idle;
        }
    }
    return idle;
}

bool
VirtioNet::stalled()
{
    for (const SplitQueue &queue : queues_) {
        if (queue.broken()) {
            return true;
        }
    }
    // A full transmit queue is no stall: the host may simply not be reading.
    const uint8_t status = transport_->status();
    return status != kGone && (status & STATUS_NEEDS_RESET) != 0;
}

bool
VirtioNet::take_link_event()
{
    return __atomic_exchange_n(&link_event_, 0u, __ATOMIC_ACQ_REL) != 0;
}

nic::Device::Link
VirtioNet::link()
{
    if (gone_) {
        return {false, 0};
    }
    const bool up = (features_ & NET_F_STATUS) == 0 ||
                    (transport_->config16(NET_CONFIG_STATUS) & NET_S_LINK_UP) != 0;
    return {up, kSpeed100bps};
}

void
VirtioNet::add_statistics(nic::Statistics &)
{
    // The device counts nothing.
}

} // namespace virtio

const nic::DeviceModel nic::device_model = {
    .description = "virtio Ethernet Adapter (rundown)",
    .vendor_id = 0x00525400,
    .pool_tag = nic::pool_tag("Rdvn"),
    .frame_offset = virtio::VirtioNet::kFrameOffset,
    .receive_slots = 256,
    .device_bytes = sizeof(virtio::VirtioNet),
    .construct = virtio::construct,
};
