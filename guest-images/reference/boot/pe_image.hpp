// SPDX-License-Identifier: MIT
// boot/pe_image.hpp
//
// The few parts of the PE32+ format the stub needs to place ntoskrnl.exe, which imports nothing. Offsets are those of
// Microsoft's "PE Format" page. The kernel's own loader (ldr/) is the complete one.
#pragma once
#include <stdint.h>

struct PeImage {
    const uint8_t* file;
    uint64_t file_bytes;
    const uint8_t* optional_header;
    const uint8_t* sections;
    uint32_t section_count, header_bytes, image_bytes, entry;
    uint64_t preferred_base;
};

/// Null when *image was filled in, else what is wrong with the file.
const char* read_pe_headers(const uint8_t* file, uint64_t file_bytes, PeImage* image);
/// Copies headers and sections to `destination` (image_bytes, zeroed) and relocates for running at `base`.
const char* lay_out_pe(const PeImage& image, uint8_t* destination, uint64_t base);
