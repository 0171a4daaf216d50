// SPDX-License-Identifier: MIT
#include "image/reference_disk.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "diskboot/disk_layout.hpp"

namespace rundown::image {
namespace {

std::string loader(std::size_t bytes = 5000) {
    std::string text(bytes, 'L');
    text.replace(510, 2, "\x55\xaa");
    return text;
}

TEST(ReferenceDisk, IsReadBackByItsDirectory) {
    const ReferenceDiskParts parts{
        loader(), std::string(7968, 'K'), std::string(1390080, 'I'), "seed=1"};
    const auto disk = lay_out_reference_disk(parts);
    ASSERT_TRUE(disk);
    EXPECT_EQ(disk->size() % (1 << 20), 0u);
    DiskDirectory directory;
    std::memcpy(
        &directory, disk->data() + kDiskDirectorySector * kDiskSectorBytes, sizeof directory
    );
    EXPECT_EQ(std::memcmp(directory.magic, kDiskMagic, sizeof kDiskMagic), 0);
    ASSERT_EQ(directory.files, 3u);
    const std::string* contents[] = {&parts.kernel, &parts.initrd, &parts.command_line};
    const char* names[] = {"kernel", "initrd", "cmdline"};
    for (unsigned i = 0; i < 3; ++i) {
        const DiskFile& file = directory.file[i];
        EXPECT_STREQ(file.name, names[i]);
        EXPECT_GE(file.sector, kDiskFirstFileSector);
        EXPECT_EQ(disk->substr(file.sector * kDiskSectorBytes, file.bytes), *contents[i]);
    }
    EXPECT_EQ(disk->substr(0, 400), parts.loader.substr(0, 400));
    std::uint32_t sectors = 0;
    std::memcpy(&sectors, disk->data() + 446 + 12, 4);
    EXPECT_EQ(sectors, disk->size() / kDiskSectorBytes - 1);
}

TEST(ReferenceDisk, ALoaderThatIsNoneIsRefused) {
    EXPECT_FALSE(lay_out_reference_disk({std::string(512, 'x'), "k", "i", "c"}));
    EXPECT_FALSE(lay_out_reference_disk({std::string(5000, 'x'), "k", "i", "c"}));
    EXPECT_FALSE(lay_out_reference_disk({loader(64 * 512 + 1), "k", "i", "c"}));
    EXPECT_TRUE(lay_out_reference_disk({loader(64 * 512), "k", "i", "c"}));
}

}  // namespace
}  // namespace rundown::image
