// SPDX-License-Identifier: MIT
// diskboot/disk_layout.hpp
//
// What is where on the reference guest's disk. Read by the loader, written by the host
// (harness/image/reference_disk.hpp); all numbers are little endian, a sector has 512 bytes.
//
//     sector 0        the boot record: code, and one partition over the whole disk
//     sectors 1..63   the second stage
//     sector 64       the directory: DiskDirectory
//     from 72         the files, each from the beginning of a sector
#pragma once
#include <stdint.h>

constexpr uint32_t kDiskSectorBytes = 512;
constexpr uint32_t kDiskLoaderSectors = 64;  // Boot record and second stage.
constexpr uint32_t kDiskDirectorySector = 64;
constexpr uint32_t kDiskFirstFileSector = 72;
constexpr uint32_t kDiskFilesMax = 15;
constexpr char kDiskMagic[16] = {'R', 'U', 'N', 'D', 'O', 'W', 'N', '-', 'D', 'I', 'S', 'K', '-', '1', 0, 0};

struct DiskFile {
    char name[16];     // "kernel" (an ELF with the PVH note), "initrd", "cmdline"; ends with a NUL.
    uint64_t sector;   // Where it begins.
    uint64_t bytes;
};

struct DiskDirectory {
    char magic[16];
    uint32_t files;
    uint32_t reserved[3];
    DiskFile file[kDiskFilesMax];
};

static_assert(sizeof(DiskFile) == 32 && sizeof(DiskDirectory) == kDiskSectorBytes);
