// SPDX-License-Identifier: MIT
// lib/pci_window.hpp
//
// Which PCI function is the ivshmem window, and where its memory lies: decisions on the first 64
// bytes of its configuration space (PCI Local Bus Specification 3.0, 6.1 and 6.2.5; QEMU's
// docs/specs/ivshmem-spec.txt: vendor 1AF4, device 1110, the memory is BAR 2). Pure.
#pragma once
#include <rundown/protocol5_ioctl.h>
#include <stdint.h>

namespace rundown
{

struct PciHeader {
    static constexpr uint32_t Bytes = 64;
    static constexpr uint32_t CommandAt = 0x04;
    static constexpr uint16_t MemoryDecode = 0x0002; // Of the command register.

    uint8_t Data[Bytes];

    uint16_t Word(uint32_t at) const
    {
        return static_cast<uint16_t>(Data[at] | Data[at + 1] << 8);
    }
    uint32_t Long(uint32_t at) const
    {
        return Word(at) | static_cast<uint32_t>(Word(at + 2)) << 16;
    }

    bool IsPresent() const
    {
        return Word(0) != 0xFFFF;
    }
    /// Of function 0: whether to look for functions 1 to 7.
    bool IsMultifunction() const
    {
        return (Data[0x0E] & 0x80) != 0;
    }
    bool IsWindow() const
    {
        return Word(0) == 0x1AF4 && Word(2) == 0x1110;
    }
    bool DecodesMemory() const
    {
        return (Word(CommandAt) & MemoryDecode) != 0;
    }
};

struct WindowPlace {
    rd_p5_window_search Verdict; // RD_P5_WINDOW_FOUND: Base is right.
    uint64_t Base;
};

/// Where the window's memory is. `highest`: the last physical address the system can map.
inline WindowPlace
PlaceOfWindow(const PciHeader &header, uint64_t bytes, uint64_t highest)
{
    constexpr uint32_t bar2 = 0x18;
    constexpr uint32_t isPort = 0x1, typeMask = 0x6, type64 = 0x4;
    const uint32_t low = header.Long(bar2);
    uint64_t base = low & ~uint32_t{15};

    if ((low & isPort) != 0) {
        return {RD_P5_WINDOW_NOT_ASSIGNED, 0};
    }
    if ((low & typeMask) == type64) {
        base |= static_cast<uint64_t>(header.Long(bar2 + 4)) << 32;
    }
    // All ones in the address is what an interrupted sizing leaves behind.
    if (base == 0 || (low & ~uint32_t{15}) == ~uint32_t{15}) {
        return {RD_P5_WINDOW_NOT_ASSIGNED, 0};
    }
    if (bytes == 0 || base > highest || highest - base < bytes - 1) {
        return {RD_P5_WINDOW_OUT_OF_REACH, 0};
    }
    return {RD_P5_WINDOW_FOUND, base};
}

} // namespace rundown
