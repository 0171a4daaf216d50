// SPDX-License-Identifier: MIT
// diskboot/stage2.cpp
//
// Does what QEMU's -kernel does for a PVH kernel, from a disk: the ELF's segments to where they belong, the initrd
// to the top of memory, a command line, a memory map, and off to the entry its PVH note names. 32-bit code.
#include <stddef.h>

#include "disk_layout.hpp"
#include "fw_cfg.hpp"
#include "ports.hpp"

namespace {

constexpr uint32_t kBounce = 0x20000;        // Where the BIOS reads to: below 1 MiB, behind our stack.
constexpr uint32_t kBounceSectors = 127;     // More in one call, some BIOSes refuse.
constexpr uint32_t kCommandLineMax = 2048;
constexpr uint32_t kPage = 4096;
constexpr uint64_t kReachable = 0xE0000000;  // Above are PCI's windows.
constexpr uint32_t kElfHeaderMax = 4096;     // Of the headers and the note, which are at the beginning.

struct DiskPacket {
    uint8_t bytes, reserved;
    uint16_t sectors;
    uint16_t offset, segment;
    uint64_t sector;
};
struct MemoryEntry {  // The BIOS's and PVH's are the same.
    uint64_t base, bytes;
    uint32_t type, reserved;
};
struct Elf64 {
    uint8_t identification[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_bytes, program_header_bytes, program_header_count;
};
struct Elf64Segment {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address, file_bytes, memory_bytes, alignment;
};
struct StartInfo {  // Xen's public/arch-x86/hvm/start_info.h documents them.
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_entries, reserved;
};
struct StartModule {
    uint64_t address, bytes, command_line, reserved;
};

extern "C" {
extern DiskPacket disk_packet;
extern MemoryEntry bios_memory[];
extern uint32_t bios_memory_entries;
uint32_t bios_read();
[[noreturn]] void enter_pvh(uint32_t entry, const void* start_info);
}

DiskDirectory directory;
uint8_t elf_head[kElfHeaderMax];
char command_line[kCommandLineMax];
StartInfo start_info;
StartModule initrd_module;

void copy(void* to, const void* from, uint32_t bytes) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
}

void zero(uint32_t to, uint32_t bytes) {
    asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
}

bool same(const char* a, const char* b) {
    while (*a && *a == *b) ++a, ++b;
    return *a == *b;
}

/// Reads sectors to the bounce buffer; at most kBounceSectors.
void read_sectors(uint64_t sector, uint32_t count) {
    disk_packet = {16, 0, static_cast<uint16_t>(count), 0, kBounce >> 4, sector};
    if (bios_read() != 0) fail("the BIOS could not read the disk");
}

/// Reads bytes of a file, from `offset` in it, to `address`.
void read_file(const DiskFile& file, uint64_t offset, uint64_t bytes, uint64_t address) {
    if (offset > file.bytes || bytes > file.bytes - offset) fail("a file on the disk is shorter than it should be");
    while (bytes) {
        const uint32_t inside = static_cast<uint32_t>(offset % kDiskSectorBytes);
        uint32_t sectors = static_cast<uint32_t>(bytes < kBounceSectors * kDiskSectorBytes
                                                     ? (inside + bytes + kDiskSectorBytes - 1) / kDiskSectorBytes
                                                     : kBounceSectors);
        if (sectors > kBounceSectors) sectors = kBounceSectors;
        read_sectors(file.sector + offset / kDiskSectorBytes, sectors);
        uint32_t count = sectors * kDiskSectorBytes - inside;
        if (count > bytes) count = static_cast<uint32_t>(bytes);
        copy(reinterpret_cast<void*>(static_cast<uint32_t>(address)), reinterpret_cast<void*>(kBounce + inside), count);
        offset += count;
        address += count;
        bytes -= count;
    }
}

const DiskFile& file_named(const char* name) {
    for (uint32_t i = 0; i < directory.files; ++i)
        if (same(directory.file[i].name, name)) return directory.file[i];
    fail("a file is missing on the disk");
}

void read_directory() {
    read_sectors(kDiskDirectorySector, 1);
    copy(&directory, reinterpret_cast<void*>(kBounce), sizeof directory);
    if (!same(directory.magic, kDiskMagic) || directory.files > kDiskFilesMax) fail("the disk has no directory");
    for (auto& file : directory.file) file.name[sizeof file.name - 1] = 0;
}

/// True when [base, base + bytes) is RAM the loader does not stand on.
bool is_free_memory(uint64_t base, uint64_t bytes) {
    if (base < 0x100000 || bytes > kReachable || base > kReachable - bytes) return false;
    for (uint32_t i = 0; i < bios_memory_entries; ++i) {
        const MemoryEntry& entry = bios_memory[i];
        if (entry.type == 1 && base >= entry.base && base + bytes <= entry.base + entry.bytes) return true;
    }
    return false;
}

/// Puts the kernel's segments in memory; gives back the entry its PVH note names (XEN_ELFNOTE_PHYS32_ENTRY).
uint32_t load_kernel(const DiskFile& file) {
    const uint32_t head = file.bytes < kElfHeaderMax ? static_cast<uint32_t>(file.bytes) : kElfHeaderMax;
    read_file(file, 0, head, reinterpret_cast<uint32_t>(elf_head));
    const auto& elf = *reinterpret_cast<const Elf64*>(elf_head);
    if (elf.identification[0] != 0x7F || elf.identification[1] != 'E' || elf.identification[4] != 2) fail("the kernel is not a 64-bit ELF");
    if (elf.program_header_bytes != sizeof(Elf64Segment) || elf.program_headers > head ||
        elf.program_header_count > (head - static_cast<uint32_t>(elf.program_headers)) / sizeof(Elf64Segment))
        fail("the kernel's headers are too far behind its beginning");
    const auto* segments = reinterpret_cast<const Elf64Segment*>(elf_head + static_cast<uint32_t>(elf.program_headers));
    uint32_t entry = 0;
    for (uint32_t i = 0; i < elf.program_header_count; ++i) {
        const Elf64Segment& segment = segments[i];
        const uint32_t address = static_cast<uint32_t>(segment.physical_address);
        if (segment.type == 1) {
            if (segment.file_bytes > segment.memory_bytes || !is_free_memory(segment.physical_address, segment.memory_bytes))
                fail("there is no memory where the kernel wants to be");
            read_file(file, segment.offset, segment.file_bytes, address);
            zero(address + static_cast<uint32_t>(segment.file_bytes),
                 static_cast<uint32_t>(segment.memory_bytes - segment.file_bytes));
        }
    }
    // The notes lie inside a segment that is loaded: looked for there.
    for (uint32_t i = 0; i < elf.program_header_count; ++i) {
        const Elf64Segment& segment = segments[i];
        if (segment.type != 4 || !is_free_memory(segment.physical_address, segment.file_bytes)) continue;
        const auto* note = reinterpret_cast<const uint32_t*>(static_cast<uint32_t>(segment.physical_address));
        // Name "Xen", 4 bytes with its NUL; a 4 or 8 byte entry.
        if (segment.file_bytes >= 20 && note[0] == 4 && note[2] == 18 && note[3] == 0x006E6558) entry = note[4];
    }
    if (!entry) fail("the kernel has no PVH note");
    return entry;
}

/// The highest page run below 4 GiB that holds `bytes`, as QEMU places an initrd.
uint32_t top_of_memory(uint64_t bytes) {
    uint64_t best = 0;
    for (uint32_t i = 0; i < bios_memory_entries; ++i) {
        const MemoryEntry& entry = bios_memory[i];
        uint64_t end = entry.base + entry.bytes;
        if (end > kReachable) end = kReachable;
        if (entry.type != 1 || end < bytes) continue;
        const uint64_t base = (end - bytes) & ~uint64_t{kPage - 1};
        if (base >= entry.base && base > best && base >= 0x100000) best = base;
    }
    if (!best) fail("there is no memory for the initrd");
    return static_cast<uint32_t>(best);
}

void load_initrd(const DiskFile& file) {
    const uint32_t address = top_of_memory(file.bytes);
    read_file(file, 0, file.bytes, address);
    initrd_module = {address, file.bytes, 0, 0};
}

/// What QEMU was told (-fw_cfg name=opt/rundown/cmdline), else what stands on the disk.
void read_command_line(const DiskFile& file) {
    if (read_fw_cfg("opt/rundown/cmdline", command_line, kCommandLineMax - 1)) return;
    if (file.bytes >= kCommandLineMax) fail("the command line is too long");
    read_file(file, 0, file.bytes, reinterpret_cast<uint32_t>(command_line));
}

}  // namespace

/// Called by stage2.S, once, in 32-bit protected mode with .bss zeroed.
extern "C" [[noreturn]] void stage2_main() {
    read_directory();
    read_command_line(file_named("cmdline"));
    const uint32_t entry = load_kernel(file_named("kernel"));
    load_initrd(file_named("initrd"));
    start_info.magic = 0x336EC578;
    start_info.version = 1;
    start_info.module_count = 1;
    start_info.modules = reinterpret_cast<uint32_t>(&initrd_module);
    start_info.command_line = reinterpret_cast<uint32_t>(command_line);
    start_info.memory_map = reinterpret_cast<uint32_t>(bios_memory);
    start_info.memory_entries = bios_memory_entries;
    enter_pvh(entry, &start_info);
}
