// SPDX-License-Identifier: MIT
// ldr/map.cpp
//
// From a checked file to an image in memory: headers and sections copied, base relocations applied, the compiler's stack
// cookie seeded, sections protected.
#include "ldr.hpp"

namespace {

constexpr unsigned kRelocationDir64 = 10;
constexpr ULONG64 kDefaultCookie = 0x00002B992DDFA232;  // what the C runtime is linked with
constexpr ULONG kCookieField = 0x58;                    // SecurityCookie in the 64-bit load configuration
constexpr ULONG kCookieStream = RD_RANDOM_STREAMS - 1;

struct Relocation {
    PUCHAR base;
    ULONG64 delta;
    bool refused;
};

bool relocate(void* context, uint32_t address, unsigned type) {
    auto* relocation = static_cast<Relocation*>(context);
    if (type == kRelocationDir64) {
        ULONG64 value;
        RtlCopyMemory(&value, relocation->base + address, sizeof value);
        value += relocation->delta;
        RtlCopyMemory(relocation->base + address, &value, sizeof value);
        return true;
    }
    relocation->refused = true;  // a 32-bit address cannot reach the kernel's half
    return false;
}

ULONG protection_of(ULONG characteristics) {
    const bool execute = characteristics & ldr::kSectionExecute, write = characteristics & ldr::kSectionWrite;
    if (execute) return write ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_READ;
    return write ? PAGE_READWRITE : PAGE_READONLY;
}

}  // namespace

NTSTATUS ldr::map_image(const PeImage& file, const void* bytes, LDR_MODULE* module) {
    auto* base = static_cast<PUCHAR>(MmAllocateImageSpace(file.image_bytes()));
    if (!base) {
        add_error("%s: no memory for its image of %u bytes", module->Name, file.image_bytes());
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(base, bytes, file.header_bytes());
    for (unsigned index = 0; index < file.section_count(); ++index) {
        const ImageSection section = file.section(index);
        RtlCopyMemory(base + section.address, static_cast<const UCHAR*>(bytes) + section.file_offset, section.file_bytes);
    }
    module->DllBase = base;
    module->SizeOfImage = file.image_bytes();
    module->Image = file.mapped_at(base);
    module->EntryPoint = file.entry_point() ? base + file.entry_point() : nullptr;
    const ImageRange functions = file.directory(kDirectoryException);
    if (functions.address && functions.bytes) {
        module->ExceptionTable = base + functions.address;
        module->ExceptionTableSize = functions.bytes;
    }
    Relocation relocation = {base, reinterpret_cast<ULONG64>(base) - file.preferred_base(), false};
    const ImageVerdict verdict = module->Image.for_each_relocation(relocate, &relocation);
    if (verdict && !relocation.refused) return STATUS_SUCCESS;
    add_error("%s: %s", module->Name, verdict ? "it has 32-bit relocations and cannot be moved" : verdict.sentence);
    MmFreeImageSpace(base);
    module->DllBase = nullptr;
    return STATUS_INVALID_IMAGE_FORMAT;
}

void ldr::seed_security_cookie(LDR_MODULE* module) {
    const ImageRange config = module->Image.directory(kDirectoryLoadConfig);
    if (!config.address) return;
    const UCHAR* header = module->Image.at(config.address, sizeof(ULONG));
    ULONG config_bytes = 0;
    if (header) RtlCopyMemory(&config_bytes, header, sizeof config_bytes);
    const UCHAR* field = module->Image.at(config.address + kCookieField, sizeof(ULONG64));
    if (!field || config_bytes < kCookieField + sizeof(ULONG64)) return;
    ULONG64 where, cookie;
    RtlCopyMemory(&where, field, sizeof where);
    const ULONG64 offset = where - reinterpret_cast<ULONG64>(module->DllBase);
    if (!where || offset > module->SizeOfImage - sizeof cookie) return;
    auto* slot = static_cast<PUCHAR>(module->DllBase) + offset;
    RtlCopyMemory(&cookie, slot, sizeof cookie);
    if (cookie != kDefaultCookie && cookie != 0) return;  // the image seeds its own
    cookie = RdRandom(kCookieStream) & 0x0000ffffffffffff;  // the top two bytes stay zero
    if (cookie == kDefaultCookie || cookie == 0) ++cookie;
    RtlCopyMemory(slot, &cookie, sizeof cookie);
}

void ldr::protect_sections(const LDR_MODULE* module) {
    const PeImage& image = module->Image;
    auto* base = static_cast<PUCHAR>(module->DllBase);
    if (!image.has_page_sections()) {
        MmProtectImageSpace(base, module->SizeOfImage, PAGE_EXECUTE_READWRITE);
        return;
    }
    MmProtectImageSpace(base, (image.header_bytes() + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), PAGE_READONLY);
    for (unsigned index = 0; index < image.section_count(); ++index) {
        const ImageSection section = image.section(index);
        if (!section.bytes) continue;
        const ULONG bytes = (section.bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        MmProtectImageSpace(base + section.address, bytes, protection_of(section.characteristics));
    }
}
