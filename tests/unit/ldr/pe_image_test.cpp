// SPDX-License-Identifier: MIT
#include "guest-images/reference/ldr/pe_image.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "unit/ldr/pe_builder.hpp"

namespace rundown::ldr_test {
namespace {

/// Judged in a buffer of exactly its size, so that a read outside is seen by AddressSanitizer.
ldr::ImageVerdict judge(const std::vector<uint8_t>& bytes) {
    auto exact = std::make_unique<uint8_t[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), exact.get());
    ldr::PeImage image;
    const auto verdict = ldr::PeImage::parse(exact.get(), bytes.size(), &image);
    return verdict ? image.check_tables() : verdict;
}
std::string sentence(const PeBuilder& image) {
    return judge(image.bytes()).sentence;
}

std::vector<std::string> imports_of(const ldr::PeImage& image) {
    std::vector<std::string> names;
    image.for_each_import(
        [](void* context, const ldr::ImageImport& import) {
            static_cast<std::vector<std::string>*>(context)->push_back(
                std::string(import.dll) + "!" +
                (import.name ? import.name : "#" + std::to_string(import.ordinal)) + "@" +
                std::to_string(import.slot)
            );
            return true;
        },
        &names
    );
    return names;
}

TEST(PeImage, CorrectImageIsAcceptedWithAllItsTables) {
    const auto bytes = PeBuilder().bytes();
    ldr::PeImage image;
    ASSERT_TRUE(ldr::PeImage::parse(bytes.data(), bytes.size(), &image));
    EXPECT_STREQ(image.check_tables().sentence, "");
    EXPECT_EQ(image.entry_point(), 0x1000u);
    EXPECT_EQ(image.image_bytes(), 0x5000u);
    EXPECT_EQ(
        imports_of(image),
        (std::vector<std::string>{
            "KERNEL.exe!Alpha@8704", "KERNEL.exe!Beta@8712", "KERNEL.exe!#7@8720"})
    );
}

TEST(PeImage, ExportsAreFoundByNameOrdinalAndThroughForwarders) {
    const auto bytes = PeBuilder().bytes();
    ldr::PeImage image;
    ASSERT_TRUE(ldr::PeImage::parse(bytes.data(), bytes.size(), &image));
    ldr::ImageExport found;
    ASSERT_TRUE(image.find_export("Apple", &found));
    EXPECT_EQ(found.address, 0x1010u);
    EXPECT_EQ(found.forwarder, nullptr);
    ASSERT_TRUE(image.find_export("Berry", &found));
    EXPECT_STREQ(found.forwarder, "other.Thing");
    ASSERT_TRUE(image.find_export(uint16_t{7}, &found));
    EXPECT_EQ(found.address, 0x3010u);
    EXPECT_FALSE(image.find_export("apple", &found));
    EXPECT_FALSE(image.find_export(uint16_t{8}, &found));
    EXPECT_FALSE(image.find_export(uint16_t{4}, &found));
}

TEST(PeImage, RelocationsAreVisitedEvenWhereTheFileEnds) {
    const auto bytes = PeBuilder().bytes();
    ldr::PeImage image;
    ASSERT_TRUE(ldr::PeImage::parse(bytes.data(), bytes.size(), &image));
    std::vector<uint32_t> places;
    EXPECT_TRUE(image.for_each_relocation(
        [](void* context, uint32_t address, unsigned) {
            static_cast<std::vector<uint32_t>*>(context)->push_back(address);
            return true;
        },
        &places
    ));
    EXPECT_EQ(places, (std::vector<uint32_t>{0x3018, 0x3280}));
}

TEST(PeImage, ImageWithoutRelocationsIsAccepted) {
    PeBuilder image;
    image.directory(5, 0, 0);
    EXPECT_EQ(sentence(image), "");
}

TEST(PeImage, ModuleNamesMeanTheSameInAnyCase) {
    EXPECT_TRUE(ldr::same_module_name("NDIS.SYS", "ndis.sys"));
    EXPECT_TRUE(ldr::same_module_name("HAL.dll", "hal.dll"));
    EXPECT_FALSE(ldr::same_module_name("ntoskrnl", "ntoskrnl.exe"));
}

TEST(PeImage, ChecksumOfADamagedFileIsNoticed) {
    PeBuilder image;
    auto bytes = image.bytes();
    const size_t at = PeBuilder::kOptional + 64;
    image.put32(at, ldr::image_checksum(bytes.data(), bytes.size(), at));
    EXPECT_EQ(sentence(image), "");
    image.put32(PeBuilder::file(0x1100), 0xDEADBEEF);
    EXPECT_EQ(sentence(image), "its checksum does not match its contents: the file is damaged");
    EXPECT_EQ(judge(image.bytes()).status, ldr::kImageChecksumMismatch);
}

struct Refusal {
    const char* name;
    void (*damage)(PeBuilder&);
    const char* sentence;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, InOneSentence) {
    PeBuilder image;
    GetParam().damage(image);
    EXPECT_NE(sentence(image).find(GetParam().sentence), std::string::npos) << sentence(image);
}

using B = PeBuilder;
INSTANTIATE_TEST_SUITE_P(
    PeImage,
    Refused,
    testing::Values(
        Refusal{"no_mz", [](B& b) { b.put16(0, 0); }, "does not begin with MZ"},
        Refusal{"no_pe", [](B& b) { b.put32(B::kPe, 0); }, "PE signature is missing"},
        Refusal{"far_pe", [](B& b) { b.put32(0x3C, 0xFFFFFFF0); }, "ends before the PE header"},
        Refusal{"i386", [](B& b) { b.put16(B::kCoff, 0x14C); }, "32-bit (i386)"},
        Refusal{"arm64", [](B& b) { b.put16(B::kCoff, 0xAA64); }, "ARM64"},
        Refusal{"pe32", [](B& b) { b.put16(B::kOptional, 0x10B); }, "32-bit (PE32)"},
        Refusal{"object", [](B& b) { b.put16(B::kCoff + 18, 0); }, "object file"},
        Refusal{"console", [](B& b) { b.put16(B::kOptional + 68, 3); }, "subsystem is not native"},
        Refusal{"huge", [](B& b) { b.put32(B::kOptional + 56, 0x7FFFFFFF); }, "beyond 64 MiB"},
        Refusal{"alignment", [](B& b) { b.put32(B::kOptional + 32, 0x1800); }, "power of two"},
        Refusal{"no_sections", [](B& b) { b.put16(B::kCoff + 2, 0); }, "no sections"},
        Refusal{
            "overlap", [](B& b) { b.put32(B::kSections + 40 + 12, 0x1000); }, "sections overlap"},
        Refusal{
            "section_past_file",
            [](B& b) { b.put32(B::kSections + 20, 0xFFFFFF00); },
            "the file is truncated"},
        Refusal{
            "section_past_image",
            [](B& b) { b.put32(B::kSections + 120 + 8, 0x10000); },
            "beyond the image's size"},
        Refusal{"entry", [](B& b) { b.put32(B::kOptional + 16, 0x3000); }, "its entry point"},
        Refusal{
            "directory", [](B& b) { b.directory(1, 0x4FF0, 40); }, "data directory lies outside"},
        Refusal{
            "import_name", [](B& b) { b.put64(B::file(B::kNames), 0x9000); }, "no readable name"},
        Refusal{
            "import_module",
            [](B& b) { b.put32(B::file(B::kImportTable) + 12, 0x9000); },
            "does not name its module"},
        Refusal{
            "import_slots",
            [](B& b) { b.put32(B::file(B::kImportTable) + 16, 0x4FFC); },
            "not terminated inside"},
        Refusal{
            "relocation_size",
            [](B& b) { b.put32(B::file(B::kRelocations) + 4, 9); },
            "impossible size"},
        Refusal{
            "relocation_type",
            [](B& b) { b.put16(B::file(B::kRelocations) + 8, 7 << 12); },
            "unknown type"},
        Refusal{
            "relocation_place",
            [](B& b) { b.put32(B::file(B::kRelocations), 0x9000); },
            "points outside"},
        Refusal{
            "functions_order",
            [](B& b) { b.put32(B::file(B::kFunctions) + 12, 0x1010); },
            "exception directory is damaged"},
        Refusal{
            "unwind_place",
            [](B& b) { b.put32(B::file(B::kFunctions) + 8, 0x23FE); },
            "unwind information"},
        Refusal{
            "unwind_handler",
            [](B& b) { b.put32(B::file(B::kUnwind) + 4, 0x00FFFFFF); },
            "unwind information"},
        Refusal{
            "unwind_circle",
            [](B& b) { b.put32(B::file(B::kFunctions) + 8, B::kFunctions | 1); },
            "unwind information"}
    ),
    [](const auto& test) { return test.param.name; }
);

TEST(PeImage, EveryTruncationIsRefused) {
    const auto whole = PeBuilder().bytes();
    for (size_t size = 0; size < whole.size(); ++size) {
        const auto verdict = judge({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
        ASSERT_FALSE(verdict) << size;
        ASSERT_STRNE(verdict.sentence, "") << size;
    }
}

}  // namespace
}  // namespace rundown::ldr_test
