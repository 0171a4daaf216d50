// SPDX-License-Identifier: MIT
// The recipes for Windows with real files: WIM files made by wimlib on media made by genisoimage,
// the configuration CD read back by xorriso and by us, the floppy disk by mtools.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/file_io.hpp"
#include "image/hash_io.hpp"
#include "image/program_io.hpp"
#include "image/windows/config_cd_io.hpp"
#include "image/windows/media_io.hpp"
#include "image/windows/no_prompt.hpp"
#include "integration/support/made_media.hpp"
#include "integration/support/program.hpp"
#include "support/windows_cases.hpp"

namespace rundown::integration {
namespace {

using namespace image;
using namespace image::windows;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// Output of a program that must succeed.
std::string output_of(std::vector<std::string> arguments) {
    const ProgramRun run{.arguments = std::move(arguments)};
    const auto end = run_program_well(run, Deadline::in(Milliseconds(120000), run.arguments[0]));
    EXPECT_TRUE(end) << end.error().sentence;
    return end ? end->output : "";
}

struct MadeImage {
    std::string name;
    std::string edition;
    std::string installation = "Client";
    std::string product = "WinNT";
    std::string build = "19041";
};

/// A WIM with those images, each of one small file; `packing` are wimlib-imagex's own words.
std::string make_wim(
    const TemporaryDirectory& directory,
    const std::vector<MadeImage>& images,
    const std::vector<std::string>& packing = {}
) {
    const std::string tree = directory.path() + "/tree";
    const std::string wim = directory.path() + "/install.wim";
    fs::create_directories(tree);
    EXPECT_TRUE(write_whole_file(tree + "/file.txt", "contents of the image"));
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto& image = images[i];
        std::vector<std::string> words = {
            "wimlib-imagex", i == 0 ? "capture" : "append", tree, wim, image.name};
        if (i == 0) {
            words.insert(words.end(), packing.begin(), packing.end());
        }
        for (const auto& property : std::vector<std::string>{
                 "ARCH=9",
                 "EDITIONID=" + image.edition,
                 "INSTALLATIONTYPE=" + image.installation,
                 "PRODUCTTYPE=" + image.product,
                 "VERSION/MAJOR=10",
                 "VERSION/MINOR=0",
                 "VERSION/BUILD=" + image.build,
                 "LANGUAGES/LANGUAGE=en-US",
                 "LANGUAGES/DEFAULT=en-US"}) {
            words.push_back("--image-property");
            words.push_back("WINDOWS/" + property);
        }
        output_of(words);
    }
    return contents_of(wim);
}

const std::vector<MadeImage> kTwoEditions = {
    {"Windows 10 Home", "Core"}, {"Windows 10 Pro", "Professional"}};

MadeMedia windows_medium(const std::string& wim) {
    MadeMedia media{.maker = MediaMaker::udf_bridge, .volume_id = "CCCOMA", .boot_uefi = true};
    media.files = windows_10_files();
    for (auto& [path, contents] : media.files) {
        if (path == "sources/install.wim") {
            contents = wim;
        }
    }
    return media;
}

std::vector<std::string> texts_of(const std::vector<WimImage>& images) {
    std::vector<std::string> texts;
    for (const auto& image : images) {
        texts.push_back(to_text(image));
    }
    return texts;
}

TEST(WindowsMedia, EditionsAreReadFromAWimInsideTheIso) {
    for (const auto& packing : {std::vector<std::string>{}, {"--compress=LZMS", "--solid"}}) {
        const TemporaryDirectory directory;
        const std::string wim = make_wim(directory, kTwoEditions, packing);
        const std::string iso = directory.path() + "/w.iso";
        ASSERT_TRUE(make_media(windows_medium(wim), iso));
        const auto media = read_windows_media(iso, "");
        ASSERT_TRUE(media) << media.error().sentence;
        EXPECT_THAT(
            texts_of(media->images),
            ElementsAre(
                "1: Windows 10 Home (Core, amd64, en-US)",
                "2: Windows 10 Pro (Professional, amd64, en-US)"
            )
        );
        // The same description as wimlib finds.
        const std::string xml = directory.path() + "/wim.xml";
        output_of({"wimlib-imagex", "info", directory.path() + "/install.wim", "--extract-xml", xml}
        );
        const auto theirs = parse_wim_xml(contents_of(xml), "wimlib's");
        ASSERT_TRUE(theirs) << theirs.error().sentence;
        EXPECT_EQ(texts_of(*theirs), texts_of(media->images));
    }
}

TEST(WindowsMedia, ADamagedWimIsASentence) {
    const TemporaryDirectory directory;
    const std::string wim = make_wim(directory, kTwoEditions);
    const std::string iso = directory.path() + "/w.iso";
    ASSERT_TRUE(make_media(windows_medium(wim.substr(0, wim.size() - 100)), iso));
    EXPECT_THAT(read_windows_media(iso, "").error().sentence, HasSubstr("is cut short"));
    ASSERT_TRUE(make_media(windows_medium(std::string(5000, 'x')), iso));
    EXPECT_THAT(read_windows_media(iso, "").error().sentence, HasSubstr("is no WIM file"));
}

TEST(WindowsMedia, TheSilentBootImageIsFound) {
    const TemporaryDirectory directory;
    MadeMedia medium = windows_medium(make_wim(directory, kTwoEditions));
    // What make_media() lets UEFI boot.
    medium.files.emplace_back(kAskingImage, std::string(4096, '\x90'));
    medium.files.emplace_back(kSilentImage, std::string(4096, 's'));
    const std::string iso = directory.path() + "/w.iso";
    ASSERT_TRUE(make_media(medium, iso));
    const auto media = read_windows_media(iso, "");
    ASSERT_TRUE(media) << media.error().sentence;
    ASSERT_EQ(media->no_prompt.size(), 1u);
    const auto& write = media->no_prompt.front();
    EXPECT_EQ(write.bytes, std::string(4096, 's'));
    const std::string bytes = contents_of(iso);
    EXPECT_EQ(bytes.substr(write.offset, 4096), std::string(4096, '\x90'));
    medium.files.pop_back();
    ASSERT_TRUE(make_media(medium, iso));
    EXPECT_TRUE(read_windows_media(iso, "")->no_prompt.empty()) << "there is no silent one";
}

/// Built things and a virtio-win CD as real files, and the plan that takes them.
struct RealInstallation {
    TemporaryDirectory directory;
    std::string virtio_iso = directory.path() + "/virtio-win.iso";
    WindowsPlan plan;

    explicit RealInstallation(const tests::WindowsCase& one) {
        MadeMedia virtio{.volume_id = "virtio-win", .boot_bios = false};
        for (const auto& file : tests::virtio_tree()) {
            virtio.files.emplace_back(file, "contents of " + file);
        }
        EXPECT_TRUE(make_media(virtio, virtio_iso));
        BuildRequest ask = tests::request_for(one).ask;
        ask.disk_bus = one.bus;
        auto request = read_built_things(ask, put_built_things());
        auto media = tests::media_for(one);
        const auto opened = MediaImage::open(virtio_iso);
        EXPECT_TRUE(opened);
        media.virtio_iso = virtio_iso;
        media.virtio_files = *all_files(**opened);
        auto made = plan_windows(request, media);
        EXPECT_TRUE(made) << made.error().sentence;
        if (made) {
            plan = std::move(*made);
        }
    }

    std::string put_built_things() const {
        const fs::path assets = directory.path() + "/assets";
        for (const std::string arch : {"i386", "x64"}) {
            put(assets / ("drivers-" + arch) / "rundown-agent.exe", "agent for " + arch);
            for (const std::string name : {"protocol5", "e1000", "virtionet"}) {
                for (const std::string extension : {".inf", ".cat", ".sys"}) {
                    put(assets / "packages" / arch / name / (name + extension),
                        name + extension + arch);
                }
            }
        }
        put(assets / "packages/rundown-test.cer", tests::test_certificate());
        return assets;
    }

    static void put(const fs::path& path, const std::string& bytes) {
        fs::create_directories(path.parent_path());
        EXPECT_TRUE(write_whole_file(path, bytes));
    }

    std::string bytes_of(const PlannedFile& file) const {
        if (!file.virtio_path.empty()) {
            return "contents of " + file.virtio_path;
        }
        return file.host_path.empty() ? file.bytes : contents_of(file.host_path);
    }
};

tests::WindowsCase eleven() {
    return {
        .system = find_system("11"),
        .arch = Arch::x86_64,
        .firmware = Firmware::uefi,
        .bus = DiskBus::virtio,
        .product_key = true,
        .virtio = true,
        .our_nics = true};
}

tests::WindowsCase xp() {
    return {
        .system = find_system("xp"),
        .arch = Arch::i386,
        .firmware = Firmware::bios,
        .bus = DiskBus::ide,
        .product_key = true,
        .virtio = true};
}

Deadline soon() {
    return Deadline::in(Milliseconds(120000), "the configuration CD");
}

TEST(ConfigCd, HoldsThePlansFilesAndNothingElse) {
    for (const auto& one : {eleven(), xp()}) {
        const RealInstallation real(one);
        const std::string iso = real.directory.path() + "/config.iso";
        const auto written =
            write_config_cd(real.plan, real.virtio_iso, real.directory.path(), iso, soon());
        ASSERT_TRUE(written) << written.error().sentence;
        EXPECT_FALSE(fs::exists(real.directory.path() + "/config-cd")) << "gathered, and removed";
        const auto cd = MediaImage::open(iso);
        ASSERT_TRUE(cd) << cd.error().sentence;
        EXPECT_EQ((*cd)->volume_id(), "RUNDOWN");
        EXPECT_EQ((*cd)->file_system(), "Joliet");
        auto files = *all_files(**cd);
        std::sort(files.begin(), files.end());
        std::vector<std::string> planned;
        for (const auto& file : real.plan.config_cd) {
            planned.push_back(file.path);
            EXPECT_EQ((*cd)->read_file(file.path, 1 << 20).value(), real.bytes_of(file))
                << file.path;
        }
        EXPECT_EQ(files, planned);
        // And as another reader sees it.
        const std::string listed = output_of({"isoinfo", "-J", "-f", "-i", iso});
        for (const auto& path : planned) {
            EXPECT_THAT(listed, HasSubstr("/" + path + "\n"));
        }
    }
}

TEST(ConfigCd, TheSamePlanGivesTheSameBytes) {
    const RealInstallation real(eleven());
    std::vector<std::string> hashes;
    for (const std::string name : {"/first.iso", "/second.iso"}) {
        const std::string iso = real.directory.path() + name;
        ASSERT_TRUE(write_config_cd(real.plan, real.virtio_iso, real.directory.path(), iso, soon())
        );
        hashes.push_back(*sha256_of_file(iso));
        std::this_thread::sleep_for(Milliseconds(1100));  // Dates on a CD have seconds.
    }
    EXPECT_EQ(hashes[0], hashes[1]);
}

TEST(ConfigCd, AFileThatIsNotThereIsASentence) {
    RealInstallation real(xp());
    real.plan.config_cd.push_back({.path = "rundown/more", .host_path = "/nowhere/file"});
    const auto written = write_config_cd(
        real.plan, real.virtio_iso, real.directory.path(), real.directory.path() + "/c.iso", soon()
    );
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().sentence, "cannot copy /nowhere/file: No such file or directory");
    EXPECT_FALSE(fs::exists(real.directory.path() + "/config-cd"));
}

TEST(Floppy, IsReadByMtools) {
    const RealInstallation real(xp());
    const std::string image = real.directory.path() + "/floppy.img";
    ASSERT_TRUE(write_floppy(real.plan, image));
    EXPECT_EQ(fs::file_size(image), 1474560u);
    EXPECT_THAT(
        output_of({"mdir", "-b", "-i", image, "::"}), HasSubstr("::/WINNT.SIF\n::/RUNDOWN.CMD")
    );
    for (const auto& file : real.plan.floppy) {
        const std::string copy = real.directory.path() + "/copy";
        fs::remove(copy);
        output_of({"mcopy", "-i", image, "::/" + file.path, copy});
        EXPECT_EQ(contents_of(copy), file.bytes) << file.path;
    }
    EXPECT_FALSE(write_floppy(RealInstallation(eleven()).plan, image)) << "it has none";
}

TEST(WindowsBuiltThings, AreFoundWhereTheBuildPutsThem) {
    const RealInstallation real(xp());
    const auto request = read_built_things({}, real.directory.path() + "/assets");
    EXPECT_EQ(request.built_x64.packages.size(), 3u);
    EXPECT_EQ(request.built_i386.packages[1].inf, "protocol5.inf");
    EXPECT_EQ(request.certificate_der, tests::test_certificate());
    EXPECT_LT(request.now, request.soon);
    const auto nothing = read_built_things({}, "/nowhere");
    EXPECT_TRUE(nothing.built_i386.agent.empty() && nothing.certificate_der.empty());
}

}  // namespace
}  // namespace rundown::integration
