// SPDX-License-Identifier: MIT
// Installation media as they are made in the world, and files that are none: what each is, and one
// sentence about each that cannot be used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/file_io.hpp"
#include "image/media/byte_source.hpp"
#include "image/media/media.hpp"
#include "integration/support/made_media.hpp"
#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

using image::Arch;
using image::ImageKind;
using image::InstallerStyle;
using image::MediaImage;
using testing::HasSubstr;

image::MediaInfo inspected(const MadeMedia& media) {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/cd.iso";
    if (!make_media(media, path)) {
        return {};
    }
    const auto info = image::inspect_media(path);
    EXPECT_TRUE(info) << info.error().sentence;
    return info ? *info : image::MediaInfo{};
}

class EveryFileSystem : public testing::TestWithParam<std::pair<MediaMaker, const char*>> {};

TEST_P(EveryFileSystem, IsReadByName) {
    const auto& [maker, name] = GetParam();
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/cd.iso";
    std::string large(3 * 1000 * 1000, '\0');
    std::mt19937 random(1);
    for (char& byte : large) {
        byte = static_cast<char>(random());
    }
    MadeMedia media{
        maker,
        "MYVOLUME",
        true,
        false,
        {{"a/b/large.bin", large}, {"a/empty", ""}, {"top.txt", "hello"}}};
    ASSERT_TRUE(make_media(media, path));
    const auto image = MediaImage::open(path);
    ASSERT_TRUE(image) << image.error().sentence;
    EXPECT_EQ((*image)->file_system(), name);
    EXPECT_EQ((*image)->volume_id(), "MYVOLUME");
    EXPECT_TRUE((*image)->has_file("TOP.TXT"));
    EXPECT_TRUE((*image)->has_directory("/A/b/"));
    EXPECT_FALSE((*image)->has_file("a/b"));
    EXPECT_FALSE((*image)->has_file("a/c/large.bin"));
    EXPECT_EQ((*image)->read_file("top.txt", 100).value(), "hello");
    EXPECT_EQ((*image)->read_file("a/empty", 100).value(), "");
    EXPECT_EQ((*image)->list("a")->size(), 2u);

    const std::string copy = directory.path() + "/copy";
    ASSERT_TRUE((*image)->extract("a/b/large.bin", copy));
    EXPECT_EQ(contents_of(copy), large);
    const auto file = (*image)->open_file("a/b/large.bin");
    std::string middle(5000, '\0');
    ASSERT_TRUE(file->read(1234567, middle));
    EXPECT_EQ(middle, large.substr(1234567, 5000));
    EXPECT_FALSE(file->read(large.size() - 10, middle));
    EXPECT_THAT((*image)->open_file("a/none").error().sentence, HasSubstr("has no file a/none"));
    EXPECT_THAT((*image)->read_file("a/b/large.bin", 10).error().sentence, HasSubstr("2.9 MiB"));
}

INSTANTIATE_TEST_SUITE_P(
    Made,
    EveryFileSystem,
    testing::Values(
        std::pair{MediaMaker::iso9660, "ISO 9660"},
        std::pair{MediaMaker::joliet, "Joliet"},
        std::pair{MediaMaker::udf_bridge, "UDF"},
        std::pair{MediaMaker::xorriso, "Joliet"}
    )
);

TEST(Media, LongNamesArriveThroughJolietAndUdf) {
    for (const auto maker : {MediaMaker::joliet, MediaMaker::udf_bridge}) {
        const TemporaryDirectory directory;
        const std::string path = directory.path() + "/cd.iso";
        const std::string name = "A rather long name with \xC3\xBC, 1.2.3.packages";
        ASSERT_TRUE(make_media({maker, "V", true, false, {{name, "x"}}}, path));
        EXPECT_TRUE((*MediaImage::open(path))->has_file(name));
    }
}

TEST(Media, ADirectoryOfThousandsIsWhole) {
    for (const auto maker : {MediaMaker::joliet, MediaMaker::udf_bridge}) {
        const TemporaryDirectory directory;
        const std::string path = directory.path() + "/cd.iso";
        MadeMedia media{maker, "V", true, false, {}};
        for (int i = 0; i < 3000; ++i) {
            media.files.emplace_back("many/file" + std::to_string(i), std::to_string(i));
        }
        ASSERT_TRUE(make_media(media, path));
        const auto image = MediaImage::open(path);
        EXPECT_EQ((*image)->list("many")->size(), 3000u);
        EXPECT_EQ((*image)->read_file("many/file2999", 10).value(), "2999");
    }
}

TEST(MediaKind, ReactOsTellsVersionAndProcessor) {
    for (const auto maker : {MediaMaker::iso9660, MediaMaker::joliet, MediaMaker::xorriso}) {
        const auto info = inspected({maker, "REACTOS", true, false, reactos_files()});
        EXPECT_EQ(info.kind, ImageKind::reactos) << info.why_not;
        EXPECT_EQ(info.style, InstallerStyle::reactos);
        EXPECT_EQ(info.arch, Arch::i386);
        EXPECT_EQ(info.os_version, "0.4.16-x86-dev");
        EXPECT_TRUE(info.bios_bootable);
        EXPECT_FALSE(info.uefi_bootable);
    }
    EXPECT_EQ(
        inspected({MediaMaker::joliet, "R", true, false, reactos_files(0x8664, "0.4.16")}).arch,
        Arch::x86_64
    );
}

TEST(MediaKind, ALiveCdIsNamed) {
    const auto info = inspected(
        {MediaMaker::joliet,
         "R",
         true,
         false,
         {{"reactos/system32/ntoskrnl.exe", pe_file(0x14C, "5.2")}}}
    );
    EXPECT_EQ(info.kind, ImageKind::invalid);
    EXPECT_THAT(info.why_not, HasSubstr("live CD"));
}

TEST(MediaKind, AForeignProcessorIsRefused) {
    const auto info =
        inspected({MediaMaker::joliet, "R", true, false, reactos_files(0xAA64, "0.4.16")});
    EXPECT_THAT(info.why_not, HasSubstr("neither i386 nor x86-64"));
}

TEST(MediaKind, TextModeWindowsTellsItsVersion) {
    const auto xp = inspected({MediaMaker::joliet, "XP", true, false, windows_xp_files()});
    EXPECT_EQ(xp.kind, ImageKind::windows) << xp.why_not;
    EXPECT_EQ(xp.style, InstallerStyle::text_mode);
    EXPECT_EQ(xp.os_name, "Windows XP");
    EXPECT_EQ(xp.os_version, "5.1");
    EXPECT_EQ(xp.arch, Arch::i386);
    EXPECT_EQ(xp.source_folder, "I386");

    const auto x64 = inspected(
        {MediaMaker::joliet,
         "S",
         true,
         false,
         {{"I386/README", "x"},
          {"AMD64/TXTSETUP.SIF", "[SetupData]\nProductType=1\nMajorVersion=5\nMinorVersion=2\n"}}}
    );
    EXPECT_EQ(x64.os_name, "Windows Server 2003") << x64.why_not;
    EXPECT_EQ(x64.arch, Arch::x86_64);
    EXPECT_EQ(x64.source_folder, "AMD64");
}

TEST(MediaKind, NewerWindowsIsReadThroughUdf) {
    const auto info =
        inspected({MediaMaker::udf_bridge, "CCCOMA_X64FRE", true, true, windows_10_files()});
    EXPECT_EQ(info.kind, ImageKind::windows) << info.why_not;
    EXPECT_EQ(info.style, InstallerStyle::answer_xml);
    EXPECT_EQ(info.file_system, "UDF");
    EXPECT_EQ(info.install_file, "sources/install.wim");
    EXPECT_EQ(info.arch, Arch::x86_64);
    EXPECT_TRUE(info.bios_bootable);
    EXPECT_TRUE(info.uefi_bootable);
}

TEST(MediaKind, WhatIsNoMediumOfOursSaysWhatItIs) {
    const auto virtio = inspected(
        {MediaMaker::joliet, "virtio-win", false, false, {{"NetKVM/", ""}, {"viostor/", ""}}}
    );
    EXPECT_THAT(virtio.why_not, HasSubstr("--virtio-iso"));
    const auto refused = image::require_media(virtio, ImageKind::windows, Arch::invalid);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::usage);
    EXPECT_THAT(
        refused.error().sentence,
        HasSubstr("is not a Windows installation medium: it is a virtio-win ISO")
    );
    const auto music = inspected({MediaMaker::joliet, "MUSIC", false, false, {{"a.mp3", "x"}}});
    EXPECT_THAT(music.why_not, HasSubstr("neither ReactOS's"));
}

TEST(MediaKind, TheWrongSystemOrProcessorIsRefused) {
    auto info = inspected({MediaMaker::joliet, "R", true, false, reactos_files()});
    EXPECT_TRUE(image::require_media(info, ImageKind::reactos, Arch::i386));
    EXPECT_THAT(
        image::require_media(info, ImageKind::windows, Arch::invalid).error().sentence,
        HasSubstr("it is a ReactOS boot CD")
    );
    EXPECT_THAT(
        image::require_media(info, ImageKind::reactos, Arch::x86_64).error().sentence,
        HasSubstr("is for i386, and x86-64 was asked for")
    );
    info = inspected({MediaMaker::joliet, "R", false, false, reactos_files()});
    EXPECT_THAT(
        image::require_media(info, ImageKind::reactos, Arch::invalid).error().sentence,
        HasSubstr("cannot be booted from")
    );
}

TEST(NoMedium, IsSaidToBeWhatItLooksLike) {
    const TemporaryDirectory directory;
    const std::string zeros(100000, '\0');
    const std::pair<std::string, std::string> files[] = {
        {std::string("PK\3\4", 4) + zeros, "a ZIP archive"},
        {std::string("QFI\xfb", 4) + zeros, "--disk"},
        {"<html>" + zeros, "a web page"},
        {"", "it is empty"},
        {zeros, "neither an ISO 9660 nor a UDF"},
        {"x", "neither an ISO 9660 nor a UDF"},
    };
    for (const auto& [contents, words] : files) {
        const auto path = directory.file("file.iso", contents);
        const auto info = image::inspect_media(path);
        ASSERT_FALSE(info) << words;
        EXPECT_THAT(info.error().sentence, HasSubstr(path + " is not a CD image: "));
        EXPECT_THAT(info.error().sentence, HasSubstr(words));
    }
    EXPECT_THAT(
        image::inspect_media(directory.path() + "/none.iso").error().sentence,
        HasSubstr("cannot read ")
    );
    EXPECT_THAT(
        image::inspect_media(directory.path()).error().sentence, HasSubstr("Is a directory")
    );
}

TEST(CutShort, IsNoticedBeforeAnythingBoots) {
    for (const auto maker : {MediaMaker::joliet, MediaMaker::udf_bridge}) {
        const TemporaryDirectory directory;
        const std::string path = directory.path() + "/cd.iso";
        ASSERT_TRUE(make_media({maker, "W", true, true, windows_10_files()}, path));
        const auto whole = std::filesystem::file_size(path);
        std::filesystem::resize_file(path, whole - whole / 4 * 3 / 2);
        const auto info = image::inspect_media(path);
        ASSERT_FALSE(info);
        EXPECT_THAT(info.error().sentence, HasSubstr("is cut short"));
    }
}

/// The file's bytes, some of them wrong: whatever is found, it is found without harm.
class Mutated : public image::ByteSource {
  public:
    Mutated(std::string contents) : contents_(std::move(contents)) {}
    std::uint64_t bytes() const override { return contents_.size(); }
    const std::string& name() const override { return name_; }
    result<void> read(std::uint64_t offset, std::span<char> buffer) const override {
        if (!holds(offset, buffer.size())) {
            return fail(ErrorKind::environment, "outside");
        }
        std::copy_n(contents_.begin() + static_cast<long>(offset), buffer.size(), buffer.begin());
        return {};
    }

  private:
    std::string contents_;
    std::string name_ = "mutated.iso";
};

void read_everything(
    const MediaImage& image, const std::string& directory, int depth, int& budget
) {
    const auto entries = image.list(directory);
    if (!entries || depth == 0) {
        return;
    }
    for (const auto& entry : *entries) {
        if (--budget < 0) {
            return;
        }
        const std::string path = directory.empty() ? entry.name : directory + "/" + entry.name;
        if (entry.directory) {
            read_everything(image, path, depth - 1, budget);
        } else {
            static_cast<void>(image.read_file(path, 1 << 20));
        }
    }
}

TEST(Damaged, MediaAreReadWithoutHarm) {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/cd.iso";
    for (const auto maker : {MediaMaker::iso9660, MediaMaker::joliet, MediaMaker::udf_bridge}) {
        ASSERT_TRUE(make_media({maker, "R", true, true, reactos_files()}, path));
        const std::string whole = contents_of(path);
        // The books of the file system: the file's first and last sectors with something in them.
        const std::size_t books = std::min<std::size_t>(whole.size(), 320 * 2048);
        unsigned opened = 0;
        for (unsigned seed = 0; seed < 400; ++seed) {
            std::mt19937 random(seed);
            std::string bytes = whole;
            for (unsigned i = 0; i < 1 + seed % 40; ++i) {
                bytes[32768 + random() % (books - 32768)] = static_cast<char>(random());
            }
            const auto image = MediaImage::open(std::make_unique<Mutated>(bytes));
            if (!image) {
                EXPECT_FALSE(image.error().sentence.empty());
                continue;
            }
            ++opened;
            int budget = 500;
            read_everything(**image, "", 5, budget);
            static_cast<void>(image::inspect_media(**image));
        }
        EXPECT_GT(opened, 50u);
    }
}

}  // namespace
}  // namespace rundown::integration
