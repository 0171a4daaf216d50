// SPDX-License-Identifier: MIT
// nic/e1000/e1000_hardware.cpp
//
// The card's registers: finding them, EEPROM, reset and initialisation (14 of the manual), filter,
// interrupts, link.
#include "e1000.hpp"
#include <new>

namespace e1000
{

namespace
{
constexpr uint32_t kTransmitBytes = TransmitRing::kSlots * sizeof(TxDescriptor);
constexpr uint32_t kReceiveBytes = ReceiveRing::kSlots * sizeof(RxDescriptor);
constexpr uint32_t kStallMicroseconds = 10;
constexpr uint32_t kResetPolls = 1000;  // 10 ms; the manual promises 1 us.
constexpr uint32_t kEepromPolls = 1000; // 10 ms a word; it takes some 50 us.
constexpr uint32_t kAllCauses = 0xffffffffu;

nic::Device *
construct(void *memory)
{
    return new (memory) E1000;
}
} // namespace

uint32_t
E1000::read(Register reg, uint32_t index) const
{
    return gone_ ? kGone : *reinterpret_cast<volatile uint32_t *>(registers_ + reg + 4 * index);
}

void
E1000::write(Register reg, uint32_t value, uint32_t index)
{
    if (!gone_) {
        *reinterpret_cast<volatile uint32_t *>(registers_ + reg + 4 * index) = value;
    }
}

NDIS_STATUS
E1000::acquire(NDIS_HANDLE miniport, const nic::PciFunction &function)
{
    miniport_ = miniport;
    const nic::BaseAddress &bar = function.bar(0);
    if (!bar.present || bar.port || bar.bytes < kRegisterBytes) {
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    NDIS_PHYSICAL_ADDRESS physical;
    physical.QuadPart = static_cast<LONGLONG>(bar.address);
    PVOID mapped = nullptr;
    const NDIS_STATUS status = NdisMMapIoSpace(&mapped, miniport, physical, kRegisterBytes);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    registers_ = static_cast<volatile uint8_t *>(mapped);
    if (!descriptors_.allocate(miniport, kTransmitBytes + kReceiveBytes)) {
        return NDIS_STATUS_RESOURCES;
    }
    transmit_ring_.reset(static_cast<TxDescriptor *>(descriptors_.data));
    receive_ring_.reset(reinterpret_cast<RxDescriptor *>(
        static_cast<uint8_t *>(descriptors_.data) + kTransmitBytes));
    if (!reset()) {
        return NDIS_STATUS_HARD_ERRORS;
    }
    return read_station_address();
}

void
E1000::release()
{
    descriptors_.free(miniport_);
    if (registers_ != nullptr) {
        NdisMUnmapIoSpace(miniport_, const_cast<uint8_t *>(registers_), kRegisterBytes);
        registers_ = nullptr;
    }
}

bool
E1000::read_eeprom(uint32_t word, uint16_t &value)
{
    write(EERD, EERD_START | word << EERD_ADDRESS_SHIFT);
    for (uint32_t i = 0; i < kEepromPolls; ++i) {
        const uint32_t data = read(EERD);
        if (data == kGone) {
            return false;
        }
        if ((data & EERD_DONE) != 0) {
            value = static_cast<uint16_t>(data >> EERD_DATA_SHIFT);
            return true;
        }
        NdisStallExecution(kStallMicroseconds);
    }
    return false;
}

NDIS_STATUS
E1000::read_station_address()
{
    for (uint32_t word = 0; word < 3; ++word) {
        uint16_t value = 0;
        if (!read_eeprom(word, value)) {
            return NDIS_STATUS_HARD_ERRORS;
        }
        permanent_address_.bytes[2 * word] = static_cast<uint8_t>(value);
        permanent_address_.bytes[2 * word + 1] = static_cast<uint8_t>(value >> 8);
    }
    const bool usable = !permanent_address_.is_group() && !permanent_address_.is_zero();
    return usable ? NDIS_STATUS_SUCCESS : NDIS_STATUS_HARD_ERRORS;
}

bool
E1000::reset()
{
    // Not every 82540EM forgets its rings at CTRL.RST (QEMU's does not): each side is switched off
    // by name first.
    write(IMC, kAllCauses);
    write(RCTL, 0);
    write(TCTL, 0);
    write(CTRL, read(CTRL) | CTRL_RST);
    for (uint32_t i = 0; i < kResetPolls; ++i) {
        NdisStallExecution(kStallMicroseconds);
        const uint32_t control = read(CTRL);
        if (control == kGone) {
            return false;
        }
        if ((control & CTRL_RST) == 0) {
            write(IMC, kAllCauses);
            read(ICR);
            return true;
        }
    }
    return false;
}

bool
E1000::start(const nic::FrameFilter &filter)
{
    if (!reset()) {
        return false;
    }
    uint32_t control = read(CTRL);
    control &= ~(CTRL_ILOS | CTRL_FRCSPD | CTRL_FRCDPLX | CTRL_VME | CTRL_PHY_RST);
    write(CTRL, control | CTRL_SLU | CTRL_ASDE);
    // A full ring is to be seen, not to stop the sender.
    constexpr Register flow_control[] = {FCAL, FCAH, FCT, FCTTV};
    for (Register reg : flow_control) {
        write(reg, 0);
    }
    for (uint32_t i = 1; i < kReceiveAddresses; ++i) {
        write(RAH0, 0, 2 * i); // Address pairs lie 8 bytes apart.
    }
    transmit_ring_.reset(static_cast<TxDescriptor *>(descriptors_.data));
    receive_ring_.reset(reinterpret_cast<RxDescriptor *>(
        static_cast<uint8_t *>(descriptors_.data) + kTransmitBytes));
    program_rings();
    // Thresholds for full duplex at a gigabit (13.4.33); short frames are padded by the card.
    write(TIPG, kTipgCopper);
    write(TCTL, TCTL_EN | TCTL_PSP | 0x0fu << TCTL_CT_SHIFT | 0x40u << TCTL_COLD_SHIFT);
    control_ = 0;
    program_filter(filter);
    stalled_head_ = TransmitRing::kSlots;
    link_event_ = 0;
    running_ = true;
    return read(STATUS) != kGone;
}

void
E1000::program_rings()
{
    const uint64_t transmit = descriptors_.address, receive = transmit + kTransmitBytes;
    write(TDBAL, static_cast<uint32_t>(transmit));
    write(TDBAH, static_cast<uint32_t>(transmit >> 32));
    write(TDLEN, kTransmitBytes);
    write(TDH, 0);
    write(TDT, transmit_tail_ = 0);
    write(RDBAL, static_cast<uint32_t>(receive));
    write(RDBAH, static_cast<uint32_t>(receive >> 32));
    write(RDLEN, kReceiveBytes);
    write(RDH, 0);
    write(RDT, receive_tail_ = 0);
    constexpr Register delays[] = {ITR, RDTR, RADV, TIDV, TADV};
    for (Register reg : delays) {
        write(reg, 0);
    }
}

void
E1000::stop()
{
    running_ = false;
    unmasked_ = false;
    if (registers_ == nullptr) {
        return;
    }
    write(IMC, kAllCauses);
    write(RCTL, control_ = 0);
    write(TCTL, 0);
    read(ICR); // Clears what is pending and, as any read, pushes the writes out to the card.
}

void
E1000::program_filter(const nic::FrameFilter &filter)
{
    const AddressFilter wanted = address_filter(filter);
    for (uint32_t i = 0; i < 2; ++i) {
        write(RAL0, wanted.exact[i].low, 2 * i);
        write(RAH0, wanted.exact[i].high, 2 * i);
    }
    for (uint32_t i = 0; i < kMulticastWords; ++i) {
        write(MTA, wanted.table.words[i], i);
    }
    if (wanted.control != control_) {
        write(RCTL, control_ = wanted.control);
    }
}

bool
E1000::apply_filter(const nic::FrameFilter &filter)
{
    program_filter(filter);
    return true;
}

bool
E1000::filter_settled(bool &accepted)
{
    accepted = true;
    return true;
}

bool
E1000::interrupt()
{
    // While masked an interrupt on the line is another card's; reading ICR would lose what is
    // accumulating there.
    if (!unmasked_) {
        return false;
    }
    const uint32_t causes = read(ICR);
    if (causes == kGone || (causes & kCausesUsed) == 0) {
        return false;
    }
    unmasked_ = false;
    write(IMC, kAllCauses);
    if ((causes & CAUSE_LSC) != 0) {
        __atomic_store_n(&link_event_, 1u, __ATOMIC_RELEASE);
    }
    return true;
}

bool
E1000::enable_interrupts(NDIS_MINIPORT_INTERRUPT &interrupt)
{
    // Against interrupt() on another processor, which another card's interrupt may call between the
    // two steps.
    if (!unmasked_) {
        NdisMSynchronizeWithInterrupt(&interrupt, reinterpret_cast<PVOID>(&E1000::unmask), this);
    }
    return true; // What came in meanwhile is in ICR and raises the line now.
}

BOOLEAN NTAPI
E1000::unmask(PVOID context)
{
    auto &self = *static_cast<E1000 *>(context);
    self.unmasked_ = true;
    self.write(IMS, kCausesUsed);
    return TRUE;
}

bool
E1000::take_link_event()
{
    return __atomic_exchange_n(&link_event_, 0u, __ATOMIC_ACQ_REL) != 0;
}

nic::Device::Link
E1000::link()
{
    const uint32_t status = read(STATUS);
    if (status == kGone) {
        return {false, 0};
    }
    return {(status & STATUS_LU) != 0, link_speed_100bps(status)};
}

void
E1000::add_statistics(nic::Statistics &statistics)
{
    const auto count = [this](Register reg) {
        const uint32_t value = read(reg);
        return value == kGone ? 0 : value;
    };
    const uint32_t crc = count(CRCERRS), alignment = count(ALGNERRC);
    statistics.receive_crc_errors += crc;
    statistics.alignment_errors += alignment;
    // Frames with an error never reach the ring (RCTL.SBP is off); the card alone has counted them.
    statistics.receive_errors += crc + alignment + count(RXERRC) + count(RUC) + count(ROC);
    statistics.receive_no_buffer += count(MPC);
    statistics.one_collision += count(SCC);
    statistics.more_collisions += count(MCC);
    statistics.send_errors += count(ECOL) + count(LATECOL);
}

} // namespace e1000

const nic::DeviceModel nic::device_model = {
    .description = "Intel 82540EM Gigabit Ethernet (rundown)",
    .vendor_id = 0x00aa0040,
    .pool_tag = nic::pool_tag("Rd1e"),
    .frame_offset = 0,
    .receive_slots = e1000::ReceiveRing::kSlots - 1,
    .device_bytes = sizeof(e1000::E1000),
    .construct = e1000::construct,
};
