// SPDX-License-Identifier: MIT
// nic/virtionet/virtionet.hpp
//
// virtio-net as a nic::Device: bring-up and interrupts (virtionet.cpp), frames
// (virtionet_data.cpp), the control queue (virtionet_control.cpp).
#pragma once
#include "../common/device.hpp"
#include "net_device.hpp"
#include "split_queue.hpp"
#include "transport.hpp"

namespace virtio
{

class VirtioNet final : public nic::Device
{
  public:
    /// Room for the longest header before a frame, in a buffer that starts on a 16-byte boundary.
    static constexpr uint32_t kFrameOffset = 16;

    NDIS_STATUS acquire(NDIS_HANDLE miniport, const nic::PciFunction &function) override;
    void release() override;
    nic::MacAddress permanent_address() const override
    {
        return permanent_address_;
    }
    uint32_t transmit_slots() const override
    {
        return sizes_[transmit_queue] / 2;
    }

    bool start(const nic::FrameFilter &filter) override;
    void stop() override;
    bool enable_interrupts(NDIS_MINIPORT_INTERRUPT &interrupt) override;
    void add_statistics(nic::Statistics &statistics) override;

    bool interrupt() override;

    nic::PostResult
    transmit(nic::Fragment *fragments, uint32_t count, uint32_t bytes, void *token) override;
    void flush_transmits() override;
    void *reap_transmit(bool &sent) override;
    void *take_back_transmit() override
    {
        return queues_[transmit_queue].take_back();
    }
    bool stalled() override;

    bool post_receive(nic::ReceiveBuffer &buffer) override;
    void flush_receives() override;
    bool take_receive(nic::Received &received) override;
    nic::ReceiveBuffer *take_back_receive() override;
    bool apply_filter(const nic::FrameFilter &filter) override;
    bool filter_settled(bool &accepted) override;
    bool take_link_event() override;
    Link link() override;

  private:
    static constexpr uint16_t kQueues = 3;

    NDIS_STATUS choose_transport(const nic::PciFunction &function);
    NDIS_STATUS allocate_queues();
    bool negotiate();
    void read_station_address();
    bool has_control() const
    {
        return (features_ & NET_F_CTRL_RX) != 0;
    }
    void flush(Queue queue);
    void send_filter(const nic::FrameFilter &filter);

    NDIS_HANDLE miniport_ = nullptr;
    LegacyTransport legacy_;
    ModernTransport modern_;
    Transport *transport_ = nullptr;
    uint64_t features_ = 0;
    nic::MacAddress permanent_address_{};
    bool running_ = false;
    uint32_t link_event_ = 0; ///< Set at DIRQL.

    SplitQueue queues_[kQueues];
    nic::SharedMemory memory_[kQueues];
    uint32_t aligned_[kQueues] = {}; ///< Offset of each queue in its memory.
    uint16_t sizes_[kQueues] = {};   ///< 0: the device has no such queue.
    nic::SharedMemory zeros_;        ///< Header of every frame sent, and padding of short ones.

    nic::SharedMemory commands_; ///< ControlCommand[kFilterCommandsMax]
    uint32_t commands_out_ = 0;  ///< Given to the device and not answered.
    bool command_failed_ = false;
    bool filter_again_ = false; ///< next_filter_ came while commands were out.
    nic::FrameFilter next_filter_;
};

} // namespace virtio
