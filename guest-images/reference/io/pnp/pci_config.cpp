// SPDX-License-Identifier: MIT
// io/pnp/pci_config.cpp: see pci_config.hpp.
#include "pci_config.hpp"

#include "arch/cpu.hpp"
#include "nt_internal.hpp"

namespace pnp {

namespace {

constexpr USHORT kAddressPort = 0xcf8, kDataPort = 0xcfc;
constexpr ULONG kEnable = 0x80000000;

void select(PciAddress at, uint32_t offset) {
    cpu::out32(kAddressPort, kEnable | at.number() << 8 | (offset & 0xfc));
}

/// Bytes that one access at `offset` may move: 4, 2 or 1, aligned, and no more than are wanted.
uint32_t step_at(uint32_t offset, uint32_t bytes) {
    if (offset % 4 == 0 && bytes >= 4) return 4;
    return offset % 2 == 0 && bytes >= 2 ? 2 : 1;
}

uint32_t within_space(uint32_t offset, uint32_t bytes) {
    if (offset >= config_bytes) return 0;
    return bytes < config_bytes - offset ? bytes : config_bytes - offset;
}

}  // namespace

uint32_t read_config(PciAddress at, uint32_t offset, void* data, uint32_t bytes) {
    bytes = within_space(offset, bytes);
    auto* to = static_cast<UCHAR*>(data);
    for (uint32_t done = 0; done < bytes;) {
        const uint32_t step = step_at(offset + done, bytes - done);
        const auto port = static_cast<USHORT>(kDataPort + (offset + done) % 4);
        const ULONG64 saved = KiEnterAtomic();
        select(at, offset + done);
        const ULONG value = step == 4 ? cpu::in32(port) : step == 2 ? cpu::in16(port) : cpu::in8(port);
        KiLeaveAtomic(saved);
        RtlCopyMemory(to + done, &value, step);
        done += step;
    }
    return bytes;
}

uint32_t write_config(PciAddress at, uint32_t offset, const void* data, uint32_t bytes) {
    bytes = within_space(offset, bytes);
    const auto* from = static_cast<const UCHAR*>(data);
    for (uint32_t done = 0; done < bytes;) {
        const uint32_t step = step_at(offset + done, bytes - done);
        const auto port = static_cast<USHORT>(kDataPort + (offset + done) % 4);
        ULONG value = 0;
        RtlCopyMemory(&value, from + done, step);
        const ULONG64 saved = KiEnterAtomic();
        select(at, offset + done);
        if (step == 4)
            cpu::out32(port, value);
        else if (step == 2)
            cpu::out16(port, static_cast<USHORT>(value));
        else
            cpu::out8(port, static_cast<UCHAR>(value));
        KiLeaveAtomic(saved);
        done += step;
    }
    return bytes;
}

uint16_t read_config16(PciAddress at, uint32_t offset) {
    uint16_t value = 0xffff;
    read_config(at, offset, &value, sizeof value);
    return value;
}

void write_config16(PciAddress at, uint32_t offset, uint16_t value) { write_config(at, offset, &value, sizeof value); }

uint32_t read_config32(PciAddress at, uint32_t offset) {
    uint32_t value = 0xffffffff;
    read_config(at, offset, &value, sizeof value);
    return value;
}

void write_config32(PciAddress at, uint32_t offset, uint32_t value) { write_config(at, offset, &value, sizeof value); }

}  // namespace pnp
