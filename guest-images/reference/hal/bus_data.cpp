// SPDX-License-Identifier: MIT
// hal/bus_data.cpp
//
// PCI configuration space by configuration mechanism 1. <= DISPATCH_LEVEL, any bus data type but PCIConfiguration gives 0.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-halgetbusdatabyoffset
#include "arch/cpu.hpp"
#include "rd_exports.hpp"

namespace {

constexpr USHORT kAddress = 0xCF8, kData = 0xCFC;
constexpr ULONG kSpaceBytes = 256;

/// The address and data ports are one device: no interrupt may come between them.
class Atomic {
public:
    Atomic() : flags_(cpu::flags()) { cpu::interrupts_off(); }
    ~Atomic() {
        if (flags_ & cpu::kInterruptFlag) cpu::interrupts_on();
    }

private:
    ULONG64 flags_;
};

void select(ULONG bus, PCI_SLOT_NUMBER slot, ULONG offset) {
    cpu::out32(kAddress, 0x80000000 | bus << 16 | slot.u.bits.DeviceNumber << 11 | slot.u.bits.FunctionNumber << 8 | (offset & 0xFC));
}

UCHAR read_byte(ULONG bus, PCI_SLOT_NUMBER slot, ULONG offset) {
    Atomic atomic;
    select(bus, slot, offset);
    return cpu::in8(static_cast<USHORT>(kData + (offset & 3)));
}

void write_piece(ULONG bus, PCI_SLOT_NUMBER slot, ULONG offset, const UCHAR* from, ULONG bytes) {
    Atomic atomic;
    select(bus, slot, offset);
    const USHORT port = static_cast<USHORT>(kData + (offset & 3));
    if (bytes == 4)
        cpu::out32(port, *reinterpret_cast<const ULONG*>(from));
    else if (bytes == 2)
        cpu::out16(port, *reinterpret_cast<const USHORT*>(from));
    else
        cpu::out8(port, *from);
}

bool present(ULONG bus, PCI_SLOT_NUMBER slot) { return bus < 256 && (read_byte(bus, slot, 0) & read_byte(bus, slot, 1)) != 0xFF; }

ULONG clip(ULONG offset, ULONG length) {
    return offset >= kSpaceBytes ? 0 : length > kSpaceBytes - offset ? kSpaceBytes - offset : length;
}

}  // namespace

extern "C" {

/// Bytes read; 2 and a vendor id of 0xFFFF when the slot is empty; 0 for other buses.
ULONG NTAPI HalGetBusDataByOffset(
    BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset, ULONG Length) {
    if (BusDataType != PCIConfiguration) return 0;
    PCI_SLOT_NUMBER slot;
    slot.u.AsULONG = SlotNumber;
    Length = clip(Offset, Length);
    auto* to = static_cast<UCHAR*>(Buffer);
    if (!present(BusNumber, slot)) {
        for (ULONG at = 0; at < Length && at < 2; ++at) to[at] = 0xFF;
        return Length < 2 ? Length : 2;
    }
    for (ULONG at = 0; at < Length; ++at) to[at] = read_byte(BusNumber, slot, Offset + at);
    return Length;
}

/// Bytes written; 0 when the slot is empty. Naturally aligned pieces go out whole, as registers want them.
ULONG NTAPI HalSetBusDataByOffset(
    BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset, ULONG Length) {
    if (BusDataType != PCIConfiguration) return 0;
    PCI_SLOT_NUMBER slot;
    slot.u.AsULONG = SlotNumber;
    if (!present(BusNumber, slot)) return 0;
    Length = clip(Offset, Length);
    const auto* from = static_cast<const UCHAR*>(Buffer);
    for (ULONG at = 0; at < Length;) {
        const ULONG where = Offset + at, left = Length - at;
        const ULONG piece = where % 4 == 0 && left >= 4 ? 4 : where % 2 == 0 && left >= 2 ? 2 : 1;
        write_piece(BusNumber, slot, where, from + at, piece);
        at += piece;
    }
    return Length;
}

ULONG NTAPI HalGetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length) {
    return HalGetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

ULONG NTAPI HalSetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length) {
    return HalSetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

}  // extern "C"
