// SPDX-License-Identifier: MIT
// io/pnp/acpi.cpp: see acpi.hpp. https://uefi.org/specs/ACPI/6.4/04_ACPI_Hardware_Specification/ACPI_Hardware_Specification.html
#include "acpi.hpp"

#include "arch/cpu.hpp"
#include "nt_internal.hpp"

namespace pnp {

namespace {

/// A piece of physical memory, mapped for a scope. PASSIVE_LEVEL.
class Mapped {
  public:
    Mapped(ULONG64 address, SIZE_T bytes) : bytes_(bytes) {
        PHYSICAL_ADDRESS at;
        at.QuadPart = static_cast<LONGLONG>(address);
        data_ = static_cast<const UCHAR*>(MmMapIoSpace(at, bytes, MmCached));
    }
    ~Mapped() {
        if (data_) MmUnmapIoSpace(const_cast<UCHAR*>(data_), bytes_);
    }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

    const UCHAR* data() const { return data_; }

  private:
    const UCHAR* data_;
    SIZE_T bytes_;
};

/// Where the firmware of a PC leaves the root pointer.
constexpr ULONG64 kBiosArea = 0xe0000;
constexpr SIZE_T kBiosBytes = 0x20000;

ULONG bytes_of_table_at(ULONG64 address) {
    const Mapped header(address, kTableHeaderBytes);
    return header.data() ? table_bytes(header.data()) : 0;
}

bool read_if_fadt(ULONG64 address, AcpiHardware& hardware) {
    const ULONG bytes = bytes_of_table_at(address);
    if (!bytes) return false;
    const Mapped table(address, bytes);
    return table.data() && read_fadt(table.data(), bytes, hardware);
}

ULONG64 find_root() {
    const Mapped area(kBiosArea, kBiosBytes);
    return area.data() ? find_root_table(area.data(), kBiosBytes) : 0;
}

}  // namespace

bool find_acpi_hardware(AcpiHardware& hardware) {
    const ULONG64 root = find_root();
    const ULONG bytes = root ? bytes_of_table_at(root) : 0;
    if (!bytes) return false;
    const Mapped table(root, bytes);
    if (!table.data() || !has_signature(table.data(), "RSDT", 4) || !adds_up(table.data(), bytes)) return false;
    for (ULONG at = kTableHeaderBytes; at + 4 <= bytes; at += 4)
        if (read_if_fadt(little_endian(table.data() + at, 4), hardware)) return true;
    return false;
}

bool enter_acpi_mode(const AcpiHardware& hardware) {
    constexpr USHORT sci_enable = 1;
    constexpr ULONG patience_ms = 100;
    if (cpu::in16(hardware.control) & sci_enable) return true;
    if (!hardware.command_port) return false;
    cpu::out8(hardware.command_port, hardware.enable);
    for (ULONG waited = 0; waited < patience_ms; ++waited) {
        if (cpu::in16(hardware.control) & sci_enable) return true;
        LARGE_INTEGER moment = {.QuadPart = -1 * 10000};
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    return false;
}

void enable_event(const AcpiHardware& hardware, unsigned event) {
    const auto port = static_cast<USHORT>(hardware.events + hardware.event_bytes / 2);
    cpu::out8(port, static_cast<UCHAR>(cpu::in8(port) | 1u << event));
}

bool event_is_set(const AcpiHardware& hardware, unsigned event) { return cpu::in8(hardware.events) & 1u << event; }

void clear_event(const AcpiHardware& hardware, unsigned event) {
    cpu::out8(hardware.events, static_cast<UCHAR>(1u << event));  // ones clear, zeros keep
}

}  // namespace pnp
