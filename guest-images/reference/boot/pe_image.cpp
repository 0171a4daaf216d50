// SPDX-License-Identifier: MIT
// boot/pe_image.cpp
#include "pe_image.hpp"

namespace {

template <typename T>
T at(const uint8_t* bytes, uint64_t offset) {
    return *reinterpret_cast<const T*>(bytes + offset);
}

void copy(uint8_t* to, const uint8_t* from, uint64_t bytes) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
}

const char* relocate(const PeImage& image, uint8_t* destination, uint64_t base) {
    const uint64_t delta = base - image.preferred_base;
    if (!delta) return nullptr;
    const uint32_t directory = at<uint32_t>(image.optional_header, 112 + 5 * 8);
    const uint32_t bytes = at<uint32_t>(image.optional_header, 112 + 5 * 8 + 4);
    if (!directory || directory + uint64_t{bytes} > image.image_bytes) return "ntoskrnl.exe has no usable relocations";
    for (uint32_t done = 0; done + 8 <= bytes;) {
        const uint8_t* block = destination + directory + done;
        const uint32_t page = at<uint32_t>(block, 0), block_bytes = at<uint32_t>(block, 4);
        if (block_bytes < 8 || block_bytes > bytes - done) return "ntoskrnl.exe has malformed relocations";
        for (uint32_t entry = 8; entry < block_bytes; entry += 2) {
            const uint16_t fix = at<uint16_t>(block, entry);
            if (fix >> 12 == 0) continue;  // padding
            const uint64_t target = page + uint64_t{fix & 0xFFFu};
            if (fix >> 12 != 10 || target + 8 > image.image_bytes) return "ntoskrnl.exe has malformed relocations";
            *reinterpret_cast<uint64_t*>(destination + target) += delta;
        }
        done += block_bytes;
    }
    return nullptr;
}

}  // namespace

const char* read_pe_headers(const uint8_t* file, uint64_t file_bytes, PeImage* image) {
    if (file_bytes < 0x40 || at<uint16_t>(file, 0) != 0x5A4D) return "ntoskrnl.exe is not a PE file";
    const uint64_t pe = at<uint32_t>(file, 0x3C);
    if (pe + 24 + 240 > file_bytes || at<uint32_t>(file, pe) != 0x4550) return "ntoskrnl.exe is not a PE file";
    image->file = file;
    image->file_bytes = file_bytes;
    image->optional_header = file + pe + 24;
    image->section_count = at<uint16_t>(file, pe + 6);
    image->sections = image->optional_header + at<uint16_t>(file, pe + 20);
    if (at<uint16_t>(file, pe + 4) != 0x8664 || at<uint16_t>(image->optional_header, 0) != 0x20B)
        return "ntoskrnl.exe is not a 64-bit image";
    if (image->sections + uint64_t{image->section_count} * 40 > file + file_bytes) return "ntoskrnl.exe is cut short";
    image->entry = at<uint32_t>(image->optional_header, 16);
    image->preferred_base = at<uint64_t>(image->optional_header, 24);
    image->image_bytes = (at<uint32_t>(image->optional_header, 56) + 0xFFFu) & ~0xFFFu;
    image->header_bytes = at<uint32_t>(image->optional_header, 60);
    if (image->header_bytes > file_bytes || image->header_bytes > image->image_bytes) return "ntoskrnl.exe is cut short";
    return nullptr;
}

const char* lay_out_pe(const PeImage& image, uint8_t* destination, uint64_t base) {
    copy(destination, image.file, image.header_bytes);
    for (uint32_t number = 0; number < image.section_count; ++number) {
        const uint8_t* section = image.sections + number * 40;
        const uint64_t virtual_bytes = at<uint32_t>(section, 8), address = at<uint32_t>(section, 12);
        const uint64_t raw_bytes = at<uint32_t>(section, 16), raw = at<uint32_t>(section, 20);
        const uint64_t bytes = raw_bytes < virtual_bytes ? raw_bytes : virtual_bytes;
        if (raw + bytes > image.file_bytes || address + bytes > image.image_bytes) return "ntoskrnl.exe is cut short";
        copy(destination + address, image.file + raw, bytes);
    }
    return relocate(image, destination, base);
}
