// SPDX-License-Identifier: MIT
// unit/ldr/pe_builder.hpp
//
// Makes a small, correct PE32+ driver image byte by byte, which tests then damage. Its layout is
// fixed, so a test can name the offset it spoils: headers, .text at 0x1000 (file 0x400), .rdata at
// 0x2000 (file 0x600), .data at 0x3000 (file 0xA00, 0x100 bytes of it beyond the file), .reloc at
// 0x4000 (file 0xC00).
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace rundown::ldr_test {

class PeBuilder {
  public:
    static constexpr uint32_t kPe = 0x80, kCoff = kPe + 4, kOptional = kPe + 24;
    static constexpr uint32_t kDirectories = kOptional + 112, kSections = kDirectories + 16 * 8;
    static constexpr uint32_t kImportTable = 0x2000, kNames = 0x2100, kSlots = 0x2200,
                              kExportTable = 0x2300, kFunctions = 0x2280, kUnwind = 0x22C0,
                              kRelocations = 0x4000;

    PeBuilder() : bytes_(0xE00) {
        put16(0, 0x5A4D);
        put32(0x3C, kPe);
        put32(kPe, 0x4550);
        put_coff();
        put_optional();
        put_section(0, ".text", 0x1000, 0x200, 0x400, 0x200, 0x60000020);
        put_section(1, ".rdata", 0x2000, 0x400, 0x600, 0x400, 0x40000040);
        put_section(2, ".data", 0x3000, 0x300, 0xA00, 0x200, 0xC0000040);
        put_section(3, ".reloc", 0x4000, 0x200, 0xC00, 0x200, 0x42000040);
        put_imports();
        put_exports();
        put_exceptions();
        put_relocations();
    }

    std::vector<uint8_t> bytes() const { return bytes_; }
    void put16(size_t at, uint16_t value) { std::memcpy(&bytes_[at], &value, sizeof value); }
    void put32(size_t at, uint32_t value) { std::memcpy(&bytes_[at], &value, sizeof value); }
    void put64(size_t at, uint64_t value) { std::memcpy(&bytes_[at], &value, sizeof value); }
    void put_text(size_t at, const std::string& text) {
        std::memcpy(&bytes_[at], text.c_str(), text.size() + 1);
    }
    /// Where an image address lies in the file.
    static size_t file(uint32_t address) {
        return address < 0x2000   ? address - 0x1000 + 0x400
               : address < 0x3000 ? address - 0x2000 + 0x600
               : address < 0x4000 ? address - 0x3000 + 0xA00
                                  : address - 0x4000 + 0xC00;
    }
    void directory(unsigned which, uint32_t address, uint32_t size) {
        put32(kDirectories + which * 8, address);
        put32(kDirectories + which * 8 + 4, size);
    }

  private:
    void put_coff() {
        put16(kCoff, 0x8664);
        put16(kCoff + 2, 4);
        put16(kCoff + 16, 112 + 16 * 8);
        put16(kCoff + 18, 0x0022);
    }
    void put_optional() {
        put16(kOptional, 0x20B);
        put32(kOptional + 16, 0x1000);
        put64(kOptional + 24, 0x140000000);
        put32(kOptional + 32, 0x1000);
        put32(kOptional + 36, 0x200);
        put32(kOptional + 56, 0x5000);
        put32(kOptional + 60, 0x400);
        put16(kOptional + 68, 1);
        put32(kOptional + 108, 16);
    }
    void put_section(
        unsigned index,
        const char* name,
        uint32_t address,
        uint32_t size,
        uint32_t file_at,
        uint32_t file_size,
        uint32_t flags
    ) {
        const size_t at = kSections + index * 40;
        std::memcpy(&bytes_[at], name, std::strlen(name));
        put32(at + 8, size);
        put32(at + 12, address);
        put32(at + 16, file_size);
        put32(at + 20, file_at);
        put32(at + 36, flags);
    }
    /// KERNEL.exe!Alpha, KERNEL.exe!Beta, KERNEL.exe!#7.
    void put_imports() {
        directory(1, kImportTable, 40);
        put32(file(kImportTable), kNames);
        put32(file(kImportTable) + 12, 0x2180);
        put32(file(kImportTable) + 16, kSlots);
        put_text(file(0x2180), "KERNEL.exe");
        put64(file(kNames), 0x2140);
        put64(file(kNames) + 8, 0x2150);
        put64(file(kNames) + 16, 0x8000000000000007);
        put_text(file(0x2142), "Alpha");
        put_text(file(0x2152), "Beta");
        for (uint32_t slot = 0; slot < 3; ++slot) {
            put64(file(kSlots) + slot * 8, 1);
        }
    }
    /// Apple (0x1010), Berry (a forwarder to other.Thing), Cherry (data at 0x3010), ordinals
    /// from 5.
    void put_exports() {
        const size_t at = file(kExportTable);
        directory(0, kExportTable, 0xA0);
        put32(at + 16, 5);
        put32(at + 20, 3);
        put32(at + 24, 3);
        put32(at + 28, 0x2330);
        put32(at + 32, 0x2340);
        put32(at + 36, 0x2350);
        put32(file(0x2330), 0x1010);
        put32(file(0x2334), 0x2380);
        put32(file(0x2338), 0x3010);
        const char* names[] = {"Apple", "Berry", "Cherry"};
        for (uint16_t index = 0; index < 3; ++index) {
            put32(file(0x2340) + index * 4u, 0x2360 + index * 8u);
            put16(file(0x2350) + index * 2u, index);
            put_text(file(0x2360 + index * 8u), names[index]);
        }
        put_text(file(0x2380), "other.Thing");
    }
    /// Two functions with one unwind information that has a handler.
    void put_exceptions() {
        directory(3, kFunctions, 24);
        const uint32_t entries[] = {0x1000, 0x1020, kUnwind, 0x1020, 0x1040, kUnwind};
        std::memcpy(&bytes_[file(kFunctions)], entries, sizeof entries);
        bytes_[file(kUnwind)] = 1 | 1 << 3;  // version 1, exception handler
        put32(file(kUnwind) + 4, 0x1030);
    }
    /// One pointer in .data, and one in its part that is not in the file.
    void put_relocations() {
        directory(5, kRelocations, 12);
        put32(file(kRelocations), 0x3000);
        put32(file(kRelocations) + 4, 12);
        put16(file(kRelocations) + 8, 10 << 12 | 0x018);
        put16(file(kRelocations) + 10, 10 << 12 | 0x280);
        put64(file(0x3018), 0x140001010);
    }

    std::vector<uint8_t> bytes_;
};

}  // namespace rundown::ldr_test
