// SPDX-License-Identifier: MIT
// ldr/pe_image.cpp
//
// Headers, sections and directories of a PE32+ image.
#include "pe_image.hpp"

namespace ldr {

namespace {

constexpr uint16_t kMachineAmd64 = 0x8664, kMachineI386 = 0x14c, kMachineArm64 = 0xaa64;
constexpr uint16_t kMagicPe32 = 0x10b, kMagicPe32Plus = 0x20b;
constexpr uint16_t kExecutableImage = 0x0002;
constexpr uint16_t kSubsystemNative = 1;
constexpr uint32_t kOptionalFixed = 112;  // up to the data directories
constexpr uint32_t kSectionHeader = 40;
constexpr uint32_t kChecksumAt = 64;      // in the optional header

template <typename T>
T read(const uint8_t* from) {
    T value = 0;
    for (unsigned index = 0; index < sizeof(T); ++index) value |= static_cast<T>(static_cast<T>(from[index]) << 8 * index);
    return value;
}

constexpr ImageVerdict bad(const char* sentence) { return {kImageInvalid, sentence}; }

constexpr bool power_of_two(uint32_t value) { return value && !(value & (value - 1)); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_module_name(const char* left, const char* right) {
    while (*left && lower(*left) == lower(*right)) ++left, ++right;
    return lower(*left) == lower(*right);
}

uint32_t image_checksum(const uint8_t* file, size_t bytes, size_t checksum_offset) {
    uint64_t sum = 0;
    for (size_t offset = 0; offset < bytes; offset += 2) {
        if (offset == checksum_offset || offset == checksum_offset + 2) continue;
        sum += offset + 1 < bytes ? read<uint16_t>(file + offset) : file[offset];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint32_t>(sum + bytes);
}

ImageVerdict PeImage::parse(const void* file, size_t bytes, PeImage* image) {
    PeImage parsed;
    parsed.data_ = static_cast<const uint8_t*>(file);
    parsed.size_ = bytes;
    if (const ImageVerdict verdict = parsed.parse_headers(); !verdict) return verdict;
    if (const ImageVerdict verdict = parsed.parse_sections(); !verdict) return verdict;
    if (const ImageVerdict verdict = parsed.parse_directories(); !verdict) return verdict;
    const size_t checksum_at = parsed.optional_ + kChecksumAt;
    const uint32_t checksum = read<uint32_t>(parsed.data_ + checksum_at);
    if (checksum && checksum != image_checksum(parsed.data_, bytes, checksum_at))
        return {kImageChecksumMismatch, "its checksum does not match its contents: the file is damaged"};
    *image = parsed;
    return {};
}

ImageVerdict PeImage::parse_headers() {
    if (size_ < 2 || data_[0] != 'M' || data_[1] != 'Z') return bad("it is not a PE image: it does not begin with MZ");
    if (size_ < 64) return bad("it is not a PE image: the file ends inside the DOS header");
    const uint32_t pe = read<uint32_t>(data_ + 0x3c);
    if (pe > size_ || size_ - pe < 24) return bad("the file ends before the PE header");
    if (read<uint32_t>(data_ + pe) != 0x00004550) return bad("it is not a PE image: the PE signature is missing");
    const uint8_t* coff = data_ + pe + 4;
    const uint16_t machine = read<uint16_t>(coff);
    if (machine == kMachineI386) return bad("it is a 32-bit (i386) image; this system is 64-bit (x86-64)");
    if (machine == kMachineArm64) return bad("it is an ARM64 image; this system is x86-64");
    if (machine != kMachineAmd64) return bad("it is made for another processor than x86-64");
    section_count_ = read<uint16_t>(coff + 2);
    const uint32_t optional_bytes = read<uint16_t>(coff + 16);
    if (!(read<uint16_t>(coff + 18) & kExecutableImage)) return bad("it is an object file, not a linked image");
    optional_ = pe + 24;
    if (optional_bytes > size_ - optional_) return bad("the file ends inside the optional header");
    if (optional_bytes < 2) return bad("the optional header is missing");
    const uint8_t* optional = data_ + optional_;
    if (read<uint16_t>(optional) == kMagicPe32) return bad("it is a 32-bit (PE32) image; this system is 64-bit (x86-64)");
    if (read<uint16_t>(optional) != kMagicPe32Plus) return bad("the optional header is not that of a PE32+ image");
    if (optional_bytes < kOptionalFixed) return bad("the optional header is too short");
    entry_point_ = read<uint32_t>(optional + 16);
    preferred_base_ = read<uint64_t>(optional + 24);
    section_alignment_ = read<uint32_t>(optional + 32);
    const uint32_t file_alignment = read<uint32_t>(optional + 36);
    image_bytes_ = read<uint32_t>(optional + 56);
    header_bytes_ = read<uint32_t>(optional + 60);
    directory_count_ = read<uint32_t>(optional + 108);
    if (!power_of_two(section_alignment_) || !power_of_two(file_alignment) || file_alignment > section_alignment_)
        return bad("its section or file alignment is not a power of two, or they contradict each other");
    if (section_alignment_ < 4096 && section_alignment_ != file_alignment)
        return bad("its sections are aligned to less than a page and not laid out as in the file");
    if (image_bytes_ == 0 || image_bytes_ > kImageBytesMax) return bad("its size in memory is zero or beyond 64 MiB");
    if (read<uint16_t>(optional + 68) != kSubsystemNative) return bad("its subsystem is not native: it is no driver");
    if (directory_count_ > 16) directory_count_ = 16;
    if (optional_bytes < kOptionalFixed + 8 * directory_count_) return bad("its data directories do not fit the header");
    sections_ = optional_ + optional_bytes;
    if (section_count_ == 0 || section_count_ > kSectionsMax) return bad("it has no sections or more than 96");
    if (section_count_ * kSectionHeader > size_ - sections_) return bad("the file ends inside the section table");
    if (header_bytes_ < sections_ + section_count_ * kSectionHeader || header_bytes_ > size_ || header_bytes_ > image_bytes_)
        return bad("its header size does not cover the headers or exceeds the file");
    image_bytes_ = (image_bytes_ + 4095) & ~4095u;
    return {};
}

ImageVerdict PeImage::parse_sections() {
    uint64_t end = header_bytes_;
    bool entry_found = entry_point_ == 0;
    for (unsigned index = 0; index < section_count_; ++index) {
        const uint8_t* header = data_ + sections_ + index * kSectionHeader;
        const uint32_t file_bytes = read<uint32_t>(header + 16), file_offset = read<uint32_t>(header + 20);
        if (file_bytes && (file_offset > size_ || file_bytes > size_ - file_offset))
            return bad("a section lies beyond the end of the file: the file is truncated");
        const ImageSection section = this->section(index);
        if (section.bytes == 0) continue;
        if (section.address & (section_alignment_ - 1)) return bad("a section is not aligned as the header says");
        if (section.address < end) return bad("its sections overlap or are not in ascending order");
        end = uint64_t{section.address} + section.bytes;
        if (end > image_bytes_) return bad("a section lies beyond the image's size in memory");
        if (entry_point_ >= section.address && entry_point_ < end)
            entry_found = (section.characteristics & kSectionExecute) != 0;
    }
    if (!entry_found) return bad("its entry point lies outside its executable sections");
    return {};
}

ImageVerdict PeImage::parse_directories() {
    for (unsigned index = 0; index < directory_count_; ++index) {
        const ImageRange range = directory(static_cast<ImageDirectory>(index));
        if (range.bytes == 0 || range.address == 0) continue;
        const uint64_t limit = index == kDirectorySecurity ? size_ : image_bytes_;
        if (uint64_t{range.address} + range.bytes > limit) return bad("a data directory lies outside the image");
    }
    return {};
}

PeImage PeImage::mapped_at(const void* base) const {
    PeImage image = *this;
    image.data_ = static_cast<const uint8_t*>(base);
    image.size_ = image_bytes_;
    image.mapped_ = true;
    return image;
}

ImageSection PeImage::section(unsigned index) const {
    const uint8_t* header = data_ + sections_ + index * kSectionHeader;
    ImageSection section = {};
    for (unsigned at = 0; at < 8; ++at) section.name[at] = static_cast<char>(header[at]);
    section.bytes = read<uint32_t>(header + 8);
    section.address = read<uint32_t>(header + 12);
    section.file_bytes = read<uint32_t>(header + 16);
    section.file_offset = read<uint32_t>(header + 20);
    section.characteristics = read<uint32_t>(header + 36);
    if (section.bytes == 0) section.bytes = section.file_bytes;  // linkers that leave the virtual size out
    if (section.file_bytes > section.bytes) section.file_bytes = section.bytes;
    return section;
}

ImageRange PeImage::directory(ImageDirectory which) const {
    if (which >= directory_count_) return {};
    const uint8_t* entry = data_ + optional_ + kOptionalFixed + 8 * which;
    return {read<uint32_t>(entry), read<uint32_t>(entry + 4)};
}

const uint8_t* PeImage::at(uint32_t address, size_t bytes) const {
    if (mapped_) return address <= size_ && bytes <= size_ - address ? data_ + address : nullptr;
    if (address < header_bytes_) return bytes <= header_bytes_ - address ? data_ + address : nullptr;
    for (unsigned index = 0; index < section_count_; ++index) {
        const ImageSection section = this->section(index);
        if (address < section.address || address - section.address >= section.file_bytes) continue;
        const uint32_t offset = address - section.address;
        return bytes <= section.file_bytes - offset ? data_ + section.file_offset + offset : nullptr;
    }
    return nullptr;
}

bool PeImage::zero_filled(uint32_t address, size_t bytes) const {
    if (mapped_) return false;
    for (unsigned index = 0; index < section_count_; ++index) {
        const ImageSection section = this->section(index);
        if (address >= section.address + section.file_bytes && address - section.address < section.bytes)
            return bytes <= section.bytes - (address - section.address);
    }
    return false;
}

const char* PeImage::text_at(uint32_t address) const {
    constexpr uint32_t kLongest = 512;
    for (uint32_t length = 0; length < kLongest; ++length) {
        if (address > 0xffffffffu - length) return nullptr;
        const uint8_t* byte = at(address + length, 1);
        if (!byte) return nullptr;
        if (*byte == 0) return length ? reinterpret_cast<const char*>(at(address, length + 1)) : nullptr;
        if (*byte < 0x20 || *byte > 0x7e) return nullptr;
    }
    return nullptr;
}

}  // namespace ldr
