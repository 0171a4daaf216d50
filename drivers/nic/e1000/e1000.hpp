// SPDX-License-Identifier: MIT
// nic/e1000/e1000.hpp
//
// The 82540EM as a nic::Device: registers (e1000_hardware.cpp) and rings (e1000_data.cpp).
#pragma once
#include "../common/device.hpp"
#include "address_filter.hpp"
#include "receive_ring.hpp"
#include "transmit_ring.hpp"

namespace e1000
{

class E1000 final : public nic::Device
{
  public:
    NDIS_STATUS acquire(NDIS_HANDLE miniport, const nic::PciFunction &function) override;
    void release() override;
    nic::MacAddress permanent_address() const override
    {
        return permanent_address_;
    }
    uint32_t transmit_slots() const override
    {
        return TransmitRing::kSlots - 1;
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
        return transmit_ring_.take_back();
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
    uint32_t read(Register reg, uint32_t index = 0) const;
    void write(Register reg, uint32_t value, uint32_t index = 0);
    bool read_eeprom(uint32_t word, uint16_t &value);
    NDIS_STATUS read_station_address();
    bool reset();
    void program_rings();
    void program_filter(const nic::FrameFilter &filter);
    static BOOLEAN NTAPI unmask(PVOID context);

    NDIS_HANDLE miniport_ = nullptr;
    volatile uint8_t *registers_ = nullptr;
    nic::SharedMemory descriptors_; ///< Transmit descriptors, then receive descriptors.
    nic::MacAddress permanent_address_{};
    TransmitRing transmit_ring_;
    ReceiveRing receive_ring_;
    uint32_t transmit_tail_ = 0;                   ///< TDT as the card knows it.
    uint32_t receive_tail_ = 0;                    ///< RDT as the card knows it.
    uint32_t control_ = 0;                         ///< RCTL as the card knows it.
    uint32_t stalled_head_ = TransmitRing::kSlots; ///< TDH at the last look; kSlots: it was moving.
    bool running_ = false;
    bool unmasked_ = false;   ///< Changed by interrupt() and, synchronised with it, unmask().
    uint32_t link_event_ = 0; ///< Set at DIRQL.
};

} // namespace e1000
