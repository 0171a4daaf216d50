// SPDX-License-Identifier: MIT
// boot/boot_main.cpp
//
// Finds ntoskrnl.exe in the archive, lays it out behind the stub, maps it at BOOT_KERNEL_BASE, relocates it if it was
// linked elsewhere, and jumps to its entry point. Everything else of the archive is the kernel's business.
#include "archive.hpp"
#include "boot_info.hpp"
#include "pe_image.hpp"

namespace {

/// The structures QEMU hands over (Xen's public/arch-x86/hvm/start_info.h documents them).
struct HvmStartInfo {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_entries, reserved;
};
struct HvmModule {
    uint64_t address, bytes, command_line, reserved;
};

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPresentWritable = 3;

BOOT_INFO info;
uint64_t next_free;

extern "C" {
extern uint64_t boot_pml4[512];
extern char boot_end[];
void boot_main(const HvmStartInfo* start, uint64_t tsc);
[[noreturn]] void enter_kernel(void* entry, BOOT_INFO* info);
}

void put(const char* text) {
    for (; *text; ++text) asm volatile("outb %b0, %w1" ::"a"(*text), "d"(0xE9));
}

[[noreturn]] void fail(const char* why) {
    put("rundown boot: ");
    put(why);
    put("\n");
    // pvpanic: "guest panicked"; then power off, so that nobody waits for a guest that will never speak.
    asm volatile("outb %b0, %w1" ::"a"(1), "d"(0x505));
    asm volatile("outw %w0, %w1" ::"a"(0x2000), "d"(0x604));
    for (;;) asm volatile("cli; hlt");
}

/// Zeroed pages behind the stub.
uint64_t allocate(uint64_t bytes) {
    uint64_t address = next_free;
    next_free = (next_free + bytes + kPage - 1) & ~(kPage - 1);
    if (next_free > info.archive && address < info.archive + info.archive_bytes) fail("no room below the archive");
    for (uint64_t at = address; at < next_free; at += 8) *reinterpret_cast<uint64_t*>(at) = 0;
    return address;
}

uint64_t* table_below(uint64_t* table, unsigned index) {
    if (!(table[index] & 1)) table[index] = allocate(kPage) | kPresentWritable;
    return reinterpret_cast<uint64_t*>(table[index] & ~0xFFFull);
}

void map_kernel(uint64_t virtual_address, uint64_t physical, uint64_t bytes) {
    for (uint64_t done = 0; done < bytes; done += kPage) {
        uint64_t at = virtual_address + done;
        uint64_t* pointers = table_below(boot_pml4, at >> 39 & 511);
        uint64_t* directory = table_below(pointers, at >> 30 & 511);
        uint64_t* table = table_below(directory, at >> 21 & 511);
        table[at >> 12 & 511] = (physical + done) | kPresentWritable;
    }
}

}  // namespace

extern "C" void boot_main(const HvmStartInfo* start, uint64_t tsc) {
    if (start->magic != 0x336EC578) fail("not started through PVH");
    if (start->module_count < 1) fail("no initrd");
    const auto* module = reinterpret_cast<const HvmModule*>(start->modules);
    info.magic = BOOT_INFO_MAGIC;
    info.entered_tsc = tsc;
    info.archive = module->address;
    info.archive_bytes = module->bytes;
    info.command_line = start->command_line;
    info.memory_map = start->version >= 1 ? start->memory_map : 0;
    info.memory_entries = start->version >= 1 ? start->memory_entries : 0;
    if (!info.memory_entries) fail("no memory map");
    info.used_begin = 0x100000;
    next_free = reinterpret_cast<uint64_t>(boot_end);

    ArchiveFile file;
    if (!find_in_archive(info.archive, info.archive_bytes, "ntoskrnl.exe", &file)) fail("no ntoskrnl.exe in the initrd");
    PeImage image;
    if (const char* wrong = read_pe_headers(file.data, file.bytes, &image)) fail(wrong);
    info.kernel_file = reinterpret_cast<uint64_t>(file.data);
    info.kernel_file_bytes = file.bytes;
    info.kernel_bytes = image.image_bytes;
    info.kernel = allocate(image.image_bytes);
    if (const char* wrong = lay_out_pe(image, reinterpret_cast<uint8_t*>(info.kernel), BOOT_KERNEL_BASE)) fail(wrong);
    map_kernel(BOOT_KERNEL_BASE, info.kernel, image.image_bytes);
    info.used_end = next_free;
    enter_kernel(reinterpret_cast<void*>(BOOT_KERNEL_BASE + image.entry), &info);
}
