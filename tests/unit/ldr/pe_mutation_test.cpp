// SPDX-License-Identifier: MIT
//
// Images damaged at random are either refused or safe to walk and to lay out in memory as the
// loader does. Every buffer has exactly the size the reader is told, so AddressSanitizer sees the
// first byte read outside.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <memory>

#include "guest-images/reference/ldr/pe_image.hpp"
#include "unit/ldr/pe_builder.hpp"

namespace rundown::ldr_test {
namespace {

struct Mapped {
    uint8_t* base;
    uint64_t delta;
};

bool fill_slot(void* context, const ldr::ImageImport& import) {
    const uint64_t address = 0xFFFFF80000001000;
    std::memcpy(static_cast<uint8_t*>(context) + import.slot, &address, sizeof address);
    return true;
}

bool relocate(void* context, uint32_t address, unsigned type) {
    const auto* mapped = static_cast<Mapped*>(context);
    if (type != 10) {
        return false;
    }
    uint64_t value;
    std::memcpy(&value, mapped->base + address, sizeof value);
    value += mapped->delta;
    std::memcpy(mapped->base + address, &value, sizeof value);
    return true;
}

void look_up_exports(const ldr::PeImage& image) {
    ldr::ImageExport found;
    for (const char* name : {"", "Apple", "Berry", "Cherry", "Zebra"}) {
        if (image.find_export(name, &found)) {
            RC_ASSERT(found.address < image.image_bytes());
        }
    }
    for (uint16_t ordinal = 0; ordinal < 12; ++ordinal) {
        image.find_export(ordinal, &found);
    }
}

/// What the loader does with an accepted image.
void map(const std::vector<uint8_t>& file, const ldr::PeImage& image) {
    auto memory = std::make_unique<uint8_t[]>(image.image_bytes());
    std::copy_n(file.begin(), image.header_bytes(), memory.get());
    for (unsigned index = 0; index < image.section_count(); ++index) {
        const auto section = image.section(index);
        std::copy_n(
            file.begin() + section.file_offset, section.file_bytes, memory.get() + section.address
        );
    }
    const auto view = image.mapped_at(memory.get());
    Mapped mapped = {memory.get(), 0x1000};
    view.for_each_relocation(relocate, &mapped);
    view.for_each_import(fill_slot, memory.get());
    look_up_exports(view);
}

void judge_and_use(const std::vector<uint8_t>& bytes) {
    auto exact = std::make_unique<uint8_t[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), exact.get());
    ldr::PeImage image;
    auto verdict = ldr::PeImage::parse(exact.get(), bytes.size(), &image);
    if (verdict) {
        look_up_exports(image);
        verdict = image.check_tables();
    }
    RC_ASSERT(verdict || verdict.sentence[0] != '\0');
    if (verdict) {
        map(bytes, image);
    }
}

/// Headers and tables, where damage matters; or anywhere.
rc::Gen<size_t> interesting_offset(size_t size) {
    return rc::gen::oneOf(
        rc::gen::inRange<size_t>(PeBuilder::kPe, PeBuilder::kSections + 160),
        rc::gen::inRange<size_t>(0x600, 0xA00),
        rc::gen::inRange<size_t>(0xC00, 0xC20),
        rc::gen::inRange<size_t>(0, size)
    );
}

TEST(PeMutation, DamagedBytesNeverLeadOutside) {
    EXPECT_TRUE(rc::check([] {
        auto bytes = PeBuilder().bytes();
        const int changes = *rc::gen::inRange(1, 6);
        for (int change = 0; change < changes; ++change) {
            bytes[*interesting_offset(bytes.size())] = *rc::gen::arbitrary<uint8_t>();
        }
        judge_and_use(bytes);
    }));
}

TEST(PeMutation, DamagedFieldsNeverLeadOutside) {
    EXPECT_TRUE(rc::check([] {
        auto bytes = PeBuilder().bytes();
        const int changes = *rc::gen::inRange(1, 4);
        for (int change = 0; change < changes; ++change) {
            const auto value = *rc::gen::element<uint32_t>(
                0,
                1,
                0xFFF,
                0x1000,
                0x2FFF,
                0x3FFC,
                0x4FFF,
                0x5000,
                0x7FFFFFFF,
                0xFFFFFFF0,
                0xFFFFFFFF
            );
            const size_t at =
                std::min(*interesting_offset(bytes.size()) & ~size_t{3}, bytes.size() - 4);
            std::memcpy(&bytes[at], &value, sizeof value);
        }
        judge_and_use(bytes);
    }));
}

TEST(PeMutation, RandomBytesBehindAHeaderNeverLeadOutside) {
    EXPECT_TRUE(rc::check([] {
        auto bytes = PeBuilder().bytes();
        const auto tail = *rc::gen::container<std::vector<uint8_t>>(rc::gen::arbitrary<uint8_t>());
        bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size()));
        bytes.insert(bytes.end(), tail.begin(), tail.end());
        judge_and_use(bytes);
    }));
}

}  // namespace
}  // namespace rundown::ldr_test
