// SPDX-License-Identifier: MIT
// boot/boot_info.hpp
//
// What the boot stub hands to KiSystemStartup. Addresses are physical; all of RAM below 4 GiB is mapped at
// BOOT_DIRECT_MAP + address, and one to one, by page tables the kernel replaces.
#pragma once
#include <stdint.h>

constexpr uint64_t BOOT_INFO_MAGIC = 0x4f464e4942445244;      // "DRDBINFO"
constexpr uint64_t BOOT_DIRECT_MAP = 0xFFFF800000000000;
constexpr uint64_t BOOT_KERNEL_BASE = 0xFFFFF80000200000;     // ntoskrnl.exe is linked for this address
constexpr uint32_t BOOT_MEMORY_RAM = 1;                       // as in the PVH memory map

struct BOOT_MEMORY {
    uint64_t base, bytes;
    uint32_t type, reserved;
};

struct BOOT_INFO {
    uint64_t magic;
    uint64_t archive, archive_bytes;       // the initrd
    uint64_t command_line;                 // NUL terminated
    uint64_t memory_map, memory_entries;   // BOOT_MEMORY[]
    uint64_t kernel, kernel_bytes;         // the image, in one run of pages, mapped at BOOT_KERNEL_BASE
    uint64_t kernel_file, kernel_file_bytes;
    uint64_t used_begin, used_end;         // low memory the stub, its page tables and the kernel occupy
    uint64_t entered_tsc;                  // time stamp counter at the stub's first instruction
};
