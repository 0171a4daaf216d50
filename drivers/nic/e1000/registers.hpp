// SPDX-License-Identifier: MIT
// nic/e1000/registers.hpp
//
// Registers and descriptors of the 82540EM, in the names of "PCI/PCI-X Family of Gigabit Ethernet
// Controllers Software Developer's Manual" (Intel 317453). Only what the driver uses. Numbers
// alone: compiled natively by tests/unit/nic.
#pragma once
#include <stdint.h>

namespace e1000
{

/// Offsets from BAR 0.
enum Register : uint32_t {
    CTRL = 0x0000,
    STATUS = 0x0008,
    EERD = 0x0014,
    FCAL = 0x0028,
    FCAH = 0x002c,
    FCT = 0x0030,
    ICR = 0x00c0, ///< Reading it clears it.
    ITR = 0x00c4,
    ICS = 0x00c8,
    IMS = 0x00d0,
    IMC = 0x00d8,
    RCTL = 0x0100,
    FCTTV = 0x0170,
    TCTL = 0x0400,
    TIPG = 0x0410,
    RDBAL = 0x2800,
    RDBAH = 0x2804,
    RDLEN = 0x2808,
    RDH = 0x2810,
    RDT = 0x2818,
    RDTR = 0x2820,
    RXDCTL = 0x2828,
    RADV = 0x282c,
    TDBAL = 0x3800,
    TDBAH = 0x3804,
    TDLEN = 0x3808,
    TDH = 0x3810,
    TDT = 0x3818,
    TIDV = 0x3820,
    TXDCTL = 0x3828,
    TADV = 0x382c,
    CRCERRS = 0x4000, ///< First statistics register; all of them clear when read.
    ALGNERRC = 0x4004,
    RXERRC = 0x400c,
    MPC = 0x4010,
    SCC = 0x4014,
    ECOL = 0x4018,
    MCC = 0x401c,
    LATECOL = 0x4020,
    RLEC = 0x4040,
    RNBC = 0x40a0,
    RUC = 0x40a4,
    RFC = 0x40a8,
    ROC = 0x40ac,
    RJC = 0x40b0,
    MTA = 0x5200, ///< 128 words.
    RAL0 = 0x5400,
    RAH0 = 0x5404,
};
constexpr uint32_t kRegisterBytes = 0x20000; ///< BAR 0 of the 82540EM.
constexpr unsigned kMulticastWords = 128;
constexpr unsigned kReceiveAddresses = 16; ///< RAL/RAH pairs; only the first is used.

/// CTRL
constexpr uint32_t CTRL_FD = 1u << 0, CTRL_ASDE = 1u << 5, CTRL_SLU = 1u << 6, CTRL_ILOS = 1u << 7,
                   CTRL_FRCSPD = 1u << 11, CTRL_FRCDPLX = 1u << 12, CTRL_RST = 1u << 26,
                   CTRL_VME = 1u << 30, CTRL_PHY_RST = 1u << 31;
/// STATUS
constexpr uint32_t STATUS_FD = 1u << 0, STATUS_LU = 1u << 1, STATUS_SPEED_SHIFT = 6,
                   STATUS_SPEED_MASK = 3;
/// EERD of the 8254x: address in bits 15:8, data in bits 31:16.
constexpr uint32_t EERD_START = 1u << 0, EERD_DONE = 1u << 4, EERD_ADDRESS_SHIFT = 8,
                   EERD_DATA_SHIFT = 16;
/// ICR, ICS, IMS, IMC
constexpr uint32_t CAUSE_TXDW = 1u << 0, CAUSE_TXQE = 1u << 1, CAUSE_LSC = 1u << 2,
                   CAUSE_RXSEQ = 1u << 3, CAUSE_RXDMT0 = 1u << 4, CAUSE_RXO = 1u << 6,
                   CAUSE_RXT0 = 1u << 7;
constexpr uint32_t kCausesUsed = CAUSE_TXDW | CAUSE_LSC | CAUSE_RXDMT0 | CAUSE_RXO | CAUSE_RXT0;
/// RCTL
constexpr uint32_t RCTL_EN = 1u << 1, RCTL_UPE = 1u << 3, RCTL_MPE = 1u << 4, RCTL_BAM = 1u << 15,
                   RCTL_BSIZE_2048 = 0u << 16, RCTL_SECRC = 1u << 26;
/// TCTL: collision threshold in bits 11:4, collision distance in bits 21:12.
constexpr uint32_t TCTL_EN = 1u << 1, TCTL_PSP = 1u << 3, TCTL_CT_SHIFT = 4, TCTL_COLD_SHIFT = 12;
/// TIPG, as 13.4.34 recommends for copper: IPGT 10, IPGR1 8, IPGR2 6.
constexpr uint32_t kTipgCopper = 10u | 8u << 10 | 6u << 20;
constexpr uint32_t RAH_AV = 1u << 31;

/// What every register of a card that is no longer there reads as.
constexpr uint32_t kGone = 0xffffffffu;

/// Legacy receive descriptor (3.2.3).
struct RxDescriptor {
    uint64_t address;
    uint16_t length;
    uint16_t checksum;
    uint8_t status;
    uint8_t errors;
    uint16_t special;
};
static_assert(sizeof(RxDescriptor) == 16);
constexpr uint8_t RXD_DD = 1u << 0, RXD_EOP = 1u << 1;
constexpr uint8_t RXD_CE = 1u << 0, RXD_SE = 1u << 1, RXD_SEQ = 1u << 2, RXD_CXE = 1u << 4,
                  RXD_RXE = 1u << 7;
constexpr uint8_t kRxdBad = RXD_CE | RXD_SE | RXD_SEQ | RXD_CXE | RXD_RXE;

/// Legacy transmit descriptor (3.3.3).
struct TxDescriptor {
    uint64_t address;
    uint16_t length;
    uint8_t checksum_offset;
    uint8_t command;
    uint8_t status;
    uint8_t checksum_start;
    uint16_t special;
};
static_assert(sizeof(TxDescriptor) == 16);
constexpr uint8_t TXD_EOP = 1u << 0, TXD_IFCS = 1u << 1, TXD_RS = 1u << 3;
constexpr uint8_t TXD_DD = 1u << 0, TXD_EC = 1u << 1, TXD_LC = 1u << 2;
constexpr uint32_t kTxLengthMax = 16288; ///< Bytes one descriptor may carry.

/// Speed field of STATUS in units of 100 bit/s.
constexpr uint32_t
link_speed_100bps(uint32_t status)
{
    switch (status >> STATUS_SPEED_SHIFT & STATUS_SPEED_MASK) {
    case 0:
        return 100'000; // 10 Mbit/s
    case 1:
        return 1'000'000; // 100 Mbit/s
    default:
        return 10'000'000; // 1 Gbit/s: 10b and 11b both.
    }
}

/// RAL and RAH of a station address.
constexpr uint32_t
receive_address_low(const uint8_t *mac)
{
    return uint32_t{mac[0]} | uint32_t{mac[1]} << 8 | uint32_t{mac[2]} << 16 |
           uint32_t{mac[3]} << 24;
}

constexpr uint32_t
receive_address_high(const uint8_t *mac, bool valid)
{
    return uint32_t{mac[4]} | uint32_t{mac[5]} << 8 | (valid ? RAH_AV : 0);
}

} // namespace e1000
