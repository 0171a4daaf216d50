// SPDX-License-Identifier: MIT
// ldr/pe_tables.cpp
//
// The tables inside a PE32+ image: imports, base relocations, exports, exception directory.
#include "pe_image.hpp"

namespace ldr {

namespace {

constexpr uint32_t kImportDescriptor = 20;
constexpr uint64_t kByOrdinal = 1ull << 63;
constexpr unsigned kImportsMax = 16384;
constexpr uint32_t kRuntimeFunction = 12;  // an entry of the exception directory
constexpr unsigned kChainMax = 32;         // as far as the unwinder follows
constexpr unsigned kUnwindException = 1, kUnwindTermination = 2, kUnwindChained = 4;
constexpr unsigned kRelocationAbsolute = 0, kRelocationHighLow = 3, kRelocationDir64 = 10;

template <typename T>
T read(const uint8_t* from) {
    T value = 0;
    for (unsigned index = 0; index < sizeof(T); ++index) value |= static_cast<T>(static_cast<T>(from[index]) << 8 * index);
    return value;
}

constexpr ImageVerdict bad(const char* sentence) { return {kImageInvalid, sentence}; }

int compare(const char* left, const char* right) {
    while (*left && *left == *right) ++left, ++right;
    return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
}

/// The address `offset` bytes after `base`, or ~0 (which no image holds) when that wraps.
uint32_t advance(uint32_t base, uint64_t offset) {
    const uint64_t sum = base + offset;
    return sum > 0xfffffffeu ? ~0u : static_cast<uint32_t>(sum);
}

}  // namespace

ImageVerdict PeImage::for_each_import(bool (*visit)(void*, const ImageImport&), void* context) const {
    const ImageRange table = directory(kDirectoryImport);
    if (!table.address || !table.bytes) return {};
    unsigned total = 0;
    for (uint64_t offset = 0;; offset += kImportDescriptor) {
        const uint8_t* descriptor = at(advance(table.address, offset), kImportDescriptor);
        if (!descriptor) return bad("its import table is not terminated inside the image");
        const uint32_t slots = read<uint32_t>(descriptor + 16), dll_address = read<uint32_t>(descriptor + 12);
        if (!slots && !dll_address) return {};
        const uint32_t names = read<uint32_t>(descriptor) ? read<uint32_t>(descriptor) : slots;
        const char* dll = text_at(dll_address);
        if (!dll || !slots) return bad("an import descriptor does not name its module");
        for (uint64_t entry = 0;; entry += 8) {
            const uint8_t* thunk = at(advance(names, entry), 8);
            if (!thunk || !at(advance(slots, entry), 8)) return bad("an import list is not terminated inside the image");
            const uint64_t value = read<uint64_t>(thunk);
            if (!value) break;
            if (++total > kImportsMax) return bad("it imports an absurd number of functions");
            ImageImport import = {dll, nullptr, 0, advance(slots, entry)};
            if (value & kByOrdinal) {
                import.ordinal = static_cast<uint16_t>(value);
            } else {
                import.name = value > 0x7fffffff ? nullptr : text_at(advance(static_cast<uint32_t>(value), 2));
                if (!import.name) return bad("an import has no readable name");
            }
            if (!visit(context, import)) return {};
        }
    }
}

ImageVerdict PeImage::for_each_relocation(bool (*visit)(void*, uint32_t, unsigned), void* context) const {
    const ImageRange table = directory(kDirectoryRelocation);
    if (!table.address) return {};
    for (uint32_t offset = 0; offset + 8 <= table.bytes;) {
        const uint8_t* block = at(advance(table.address, offset), 8);
        if (!block) return bad("its relocation table lies outside the image");
        const uint32_t page = read<uint32_t>(block), bytes = read<uint32_t>(block + 4);
        if (bytes == 0) break;  // padding
        if (bytes < 8 || bytes > table.bytes - offset || bytes % 2) return bad("a relocation block has an impossible size");
        const uint8_t* entries = at(advance(table.address, offset + 8), bytes - 8);
        if (!entries) return bad("its relocation table lies outside the image");
        for (uint32_t entry = 0; entry + 2 <= bytes - 8; entry += 2) {
            const uint16_t value = read<uint16_t>(entries + entry);
            const unsigned type = value >> 12;
            if (type == kRelocationAbsolute) continue;
            if (type != kRelocationDir64 && type != kRelocationHighLow) return bad("it has a relocation of an unknown type");
            const uint32_t address = advance(page, value & 0xfff);
            const size_t size = type == kRelocationDir64 ? 8 : 4;
            if (!at(address, size) && !zero_filled(address, size)) return bad("a relocation points outside the image");
            if (!visit(context, address, type)) return {};
        }
        offset += bytes;
    }
    return {};
}

bool PeImage::export_at(uint32_t index, ImageExport* found) const {
    const ImageRange table = directory(kDirectoryExport);
    const uint8_t* header = at(table.address, 40);
    if (!header || index >= read<uint32_t>(header + 20)) return false;
    const uint8_t* entry = at(advance(read<uint32_t>(header + 28), uint64_t{index} * 4), 4);
    if (!entry) return false;
    const uint32_t address = read<uint32_t>(entry);
    if (address == 0 || address >= image_bytes_) return false;
    found->address = address;
    found->forwarder = address - table.address < table.bytes ? text_at(address) : nullptr;
    return address - table.address >= table.bytes || found->forwarder;
}

bool PeImage::find_export(const char* name, ImageExport* found) const {
    const ImageRange table = directory(kDirectoryExport);
    if (!table.address || !table.bytes) return false;
    const uint8_t* header = at(table.address, 40);
    if (!header) return false;
    const uint32_t names = read<uint32_t>(header + 32), ordinals = read<uint32_t>(header + 36);
    uint32_t low = 0, high = read<uint32_t>(header + 24);
    while (low < high) {  // the table is sorted by name
        const uint32_t middle = low + (high - low) / 2;
        const uint8_t* entry = at(advance(names, uint64_t{middle} * 4), 4);
        const char* candidate = entry ? text_at(read<uint32_t>(entry)) : nullptr;
        if (!candidate) return false;
        const int order = compare(name, candidate);
        if (order == 0) {
            const uint8_t* ordinal = at(advance(ordinals, uint64_t{middle} * 2), 2);
            return ordinal && export_at(read<uint16_t>(ordinal), found);
        }
        order < 0 ? high = middle : low = middle + 1;
    }
    return false;
}

bool PeImage::find_export(uint16_t ordinal, ImageExport* found) const {
    const ImageRange table = directory(kDirectoryExport);
    const uint8_t* header = table.address && table.bytes ? at(table.address, 40) : nullptr;
    if (!header || ordinal < read<uint32_t>(header + 16)) return false;
    return export_at(ordinal - read<uint32_t>(header + 16), found);
}

/// The unwind information of one function: codes, and the handler or the chained entry behind them.
bool PeImage::unwind_information_fits(uint32_t address, unsigned depth) const {
    if (depth == kChainMax) return false;
    if (address & 1) {  // another entry's information is this one's too
        const uint8_t* entry = at(address & ~1u, kRuntimeFunction);
        return entry && unwind_information_fits(read<uint32_t>(entry + 8), depth + 1);
    }
    const uint8_t* info = at(address, 4);
    if (!info) return false;
    const unsigned flags = info[0] >> 3, codes = (info[2] + 1u) & ~1u;
    const uint32_t tail = advance(address, 4 + 2 * codes);
    if (!at(address, 4 + 2 * codes)) return false;
    if (flags & kUnwindChained) {
        const uint8_t* entry = at(tail, kRuntimeFunction);
        return entry && unwind_information_fits(read<uint32_t>(entry + 8), depth + 1);
    }
    if (!(flags & (kUnwindException | kUnwindTermination))) return true;
    const uint8_t* handler = at(tail, 4);
    return handler && read<uint32_t>(handler) < image_bytes_;
}

ImageVerdict PeImage::check_exceptions() const {
    const ImageRange table = directory(kDirectoryException);
    if (!table.address || !table.bytes) return {};
    if (table.bytes % kRuntimeFunction) return bad("its exception directory has an impossible size");
    const uint8_t* entries = at(table.address, table.bytes);
    if (!entries) return bad("its exception directory lies outside the image");
    uint32_t previous = 0;
    for (uint32_t offset = 0; offset < table.bytes; offset += kRuntimeFunction) {
        const uint32_t begin = read<uint32_t>(entries + offset), end = read<uint32_t>(entries + offset + 4);
        const uint32_t unwind = read<uint32_t>(entries + offset + 8);
        if (begin == 0 && end == 0) continue;  // padding of incremental linkers
        if (begin >= end || end > image_bytes_ || begin < previous) return bad("its exception directory is damaged");
        if (!unwind_information_fits(unwind)) return bad("unwind information of its exception directory lies outside the image");
        previous = end;
    }
    return {};
}

ImageVerdict PeImage::check_tables() const {
    const auto any_import = [](void*, const ImageImport&) { return true; };
    const auto any_relocation = [](void*, uint32_t, unsigned) { return true; };
    if (const ImageVerdict verdict = for_each_import(any_import, nullptr); !verdict) return verdict;
    if (const ImageVerdict verdict = for_each_relocation(any_relocation, nullptr); !verdict) return verdict;
    return check_exceptions();
}

}  // namespace ldr
