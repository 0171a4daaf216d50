// SPDX-License-Identifier: MIT
#include "integration/support/made_media.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "image/program_io.hpp"
#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBiosBoot = "boot/bios.bin";
constexpr const char* kUefiBoot = "boot/efi.bin";

void put_files(const std::string& tree, const MediaFiles& files) {
    for (const auto& [path, contents] : files) {
        const fs::path at = fs::path(tree) / path;
        if (path.ends_with('/')) {
            fs::create_directories(at);
        } else {
            fs::create_directories(at.parent_path());
            EXPECT_TRUE(write_whole_file(at.string(), contents));
        }
    }
}

std::vector<std::string> command_for(const MadeMedia& media, const std::string& path) {
    std::vector<std::string> words = {"genisoimage", "-quiet"};
    if (media.maker == MediaMaker::xorriso) {
        words = {"xorriso", "-as", "mkisofs", "-quiet"};
    }
    if (media.maker == MediaMaker::joliet || media.maker == MediaMaker::xorriso) {
        words.push_back("-J");
    }
    if (media.maker == MediaMaker::udf_bridge) {
        words.push_back("-udf");
    }
    words.insert(words.end(), {"-V", media.volume_id, "-o", path});
    if (media.boot_bios) {
        words.insert(words.end(), {"-b", kBiosBoot, "-no-emul-boot", "-boot-load-size", "4"});
    }
    if (media.boot_uefi) {
        words.insert(words.end(), {"-eltorito-alt-boot", "-e", kUefiBoot, "-no-emul-boot"});
    }
    return words;
}

std::string wide(const std::string& text) {
    std::string bytes;
    for (const char letter : text + '\0') {
        bytes += letter;
        bytes += '\0';
    }
    return bytes;
}

}  // namespace

bool make_media(const MadeMedia& media, const std::string& path) {
    const TemporaryDirectory tree;
    put_files(tree.path(), media.files);
    put_files(
        tree.path(),
        {{kBiosBoot, std::string(2048, '\x90')}, {kUefiBoot, std::string(4096, '\x90')}}
    );
    image::ProgramRun run;
    run.arguments = command_for(media, path);
    run.arguments.push_back(tree.path());
    const auto made =
        image::run_program_well(run, Deadline::in(Milliseconds(60000), "a CD image to be made"));
    EXPECT_TRUE(made) << made.error().sentence;
    return made.has_value();
}

std::string pe_file(unsigned machine, const std::string& product_version) {
    std::string file(0x80, '\0');
    file[0] = 'M';
    file[1] = 'Z';
    file[0x3C] = 0x40;
    file.replace(0x40, 4, std::string("PE\0\0", 4));
    file[0x44] = static_cast<char>(machine & 0xFF);
    file[0x45] = static_cast<char>(machine >> 8);
    return file + wide("ProductVersion") + std::string(2, '\0') + wide(product_version);
}

MediaFiles reactos_files(unsigned machine, const std::string& version) {
    return {
        {"freeldr.ini", "[FREELOADER]\r\n"},
        {"reactos/txtsetup.sif", "[Version]\r\nSignature = \"$Windows NT$\"\r\n"},
        {"reactos/unattend.inf", "[Unattend]\r\n"},
        {"reactos/reactos.cab", std::string(100000, 'c')},
        {"reactos/system32/ntoskrnl.exe", pe_file(machine, "5.2.3790.3959")},
        {"reactos/system32/smss.exe", pe_file(machine, version)},
    };
}

MediaFiles windows_xp_files() {
    return {
        {"WIN51", "Windows"},
        {"I386/TXTSETUP.SIF",
         "[SetupData]\r\nProductType = 0 ; professional\r\nMajorVersion = 5\r\nMinorVersion = "
         "1\r\n"},
        {"I386/NTOSKRNL.EX_", "SZDD"},
    };
}

MediaFiles windows_10_files() {
    return {
        {"bootmgr", "b"},
        {"efi/boot/bootx64.efi", pe_file(0x8664, "")},
        {"sources/boot.wim", std::string("MSWIM\0\0\0", 8) + std::string(9000, 'b')},
        {"sources/install.wim", std::string("MSWIM\0\0\0", 8) + std::string(70000, 'w')},
    };
}

}  // namespace rundown::integration
