// SPDX-License-Identifier: MIT
// `rundown image build reactos` on boot CDs that are no ReactOS but a few instructions: what is
// refused before anything boots, a guest that resets at once, one that does nothing, and the ends
// of the program in the middle of it. Real QEMU, nothing installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "integration/support/made_media.hpp"
#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Real mode code that says `words` on COM2 and then, for ever, nothing; or resets the machine.
std::string boot_code(const std::string& words, bool resets) {
    std::string code = "\xFA\xBA\xF8\x02";  // cli; mov dx, 0x2f8
    for (const char c : words) {
        code += std::string("\xB0") + c + "\xEE";  // mov al, c; out dx, al
    }
    code += resets ? "\xB0\xFE\xE6\x64" : "";  // mov al, 0xfe; out 0x64, al
    code += "\xF4\xEB\xFD";                    // hlt; jmp back
    code.resize(2048);
    return code;
}

class ImageBuild : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* folder : {"/assets/drivers-i386", "/images", "/tree"}) {
            fs::create_directories(place_.path() + folder);
        }
        std::ofstream(place_.path() + "/assets/drivers-i386/rundown-agent.exe") << "MZ";
    }
    std::string boot_cd(bool resets) {
        auto files = reactos_files();
        files.emplace_back(
            "freeldr.ini", "[FREELOADER]\r\nDefaultOS=Setup\r\n[Setup]\r\nBootType=x\r\n"
        );
        files.emplace_back("loader/isoboot.bin", boot_code("it is on\r\n", resets));
        for (const auto& [name, contents] : files) {
            const std::string path = place_.path() + "/tree/" + name;
            fs::create_directories(fs::path(path).parent_path());
            std::ofstream(path, std::ios::binary) << contents;
        }
        const std::string iso = place_.path() + "/boot.iso";
        const std::string command =
            "xorriso -as mkisofs -quiet -iso-level 3 -J -V ReactOS -b loader/isoboot.bin "
            "-no-emul-boot -boot-load-size 4 -o " +
            iso + " " + place_.path() + "/tree 2>/dev/null";
        EXPECT_EQ(std::system(command.c_str()), 0);
        return iso;
    }
    Invocation build(const std::string& iso) {
        Invocation invocation;
        invocation.arguments = {
            "image",
            "build",
            "reactos",
            "--iso",
            iso,
            "--name",
            "it",
            "--accel",
            "tcg",
            "--out",
            out()};
        invocation.environment = {
            "RUNDOWN_IMAGES=" + place_.path() + "/images",
            "RUNDOWN_ASSETS=" + place_.path() + "/assets"};
        return invocation;
    }
    std::string out() const { return place_.path() + "/out"; }
    /// The directory of the build's logs.
    std::string logs() const {
        for (const auto& entry : fs::directory_iterator(out())) {
            return entry.path();
        }
        return {};
    }
    /// Waits until the guest has said its words.
    void await_guest() {
        for (int look = 0; look < 600; ++look) {
            if (fs::exists(out()) && !contents_of(logs() + "/com2.log").empty()) {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        ADD_FAILURE() << "the guest never said a word";
    }
    void expect_nothing_left() {
        for (const auto& entry : fs::directory_iterator(place_.path() + "/images")) {
            EXPECT_EQ(entry.path().filename(), ".lock");
        }
        EXPECT_THAT(leftovers(std::chrono::seconds(10)), testing::IsEmpty());
    }

    TemporaryDirectory place_;
};

TEST_F(ImageBuild, AGuestThatResetsAtOnceHasInstalledNothing) {
    const auto outcome = run_program(build(boot_cd(true)));
    EXPECT_EQ(outcome.exit_code, 69) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("copying files"));
    EXPECT_THAT(outcome.err, HasSubstr("has no ReactOS on it: it has no boot record"));
    EXPECT_THAT(outcome.err, HasSubstr("Logs and pictures of the screen are in " + logs()));
    EXPECT_EQ(contents_of(logs() + "/com2.log"), "it is on\r\n");
    EXPECT_FALSE(fs::exists(logs() + "/failed-disk.raw"));
    expect_nothing_left();
}

TEST_F(ImageBuild, TheDiskOfAFailureIsKeptOnDemand) {
    auto invocation = build(boot_cd(true));
    invocation.arguments.push_back("--keep");
    const auto outcome = run_program(invocation);
    EXPECT_THAT(outcome.err, HasSubstr("the disk is " + logs() + "/failed-disk.raw"));
    EXPECT_EQ(fs::file_size(logs() + "/failed-disk.raw"), 4ULL << 30);
    expect_nothing_left();
}

TEST_F(ImageBuild, StoppedInTheMiddle) {
    for (const int signal : {SIGINT, SIGTERM}) {
        fs::remove_all(out());
        auto invocation = build(boot_cd(false));
        invocation.meanwhile = [this, signal](pid_t program) {
            await_guest();
            ::kill(program, signal);
        };
        const auto outcome = run_program(invocation);
        EXPECT_EQ(outcome.exit_code, 69) << outcome.err;
        EXPECT_THAT(outcome.err, HasSubstr("stopped by "));
        expect_nothing_left();
    }
}

TEST_F(ImageBuild, KilledInTheMiddle) {
    auto invocation = build(boot_cd(false));
    invocation.meanwhile = [this](pid_t program) {
        await_guest();
        ::kill(program, SIGKILL);
    };
    EXPECT_EQ(run_program(invocation).exit_code, 128 + SIGKILL);
    EXPECT_THAT(leftovers(std::chrono::seconds(10)), testing::IsEmpty());
    // What was being made is removed by whoever looks at the store next.
    Invocation list;
    list.arguments = {"image", "list"};
    list.environment = {"RUNDOWN_IMAGES=" + place_.path() + "/images"};
    EXPECT_EQ(run_program(list).exit_code, 0);
    expect_nothing_left();
}

TEST_F(ImageBuild, RefusedBeforeAnythingBoots) {
    fs::remove(place_.path() + "/assets/drivers-i386/rundown-agent.exe");
    const auto no_agent = run_program(build(boot_cd(true)));
    EXPECT_EQ(no_agent.exit_code, 69);
    EXPECT_THAT(
        no_agent.err, HasSubstr("rundown-agent.exe is missing: build it with `make build`")
    );
    std::ofstream(place_.path() + "/assets/drivers-i386/rundown-agent.exe") << "MZ";

    const auto no_cd = run_program(build(place_.file("text.iso", "no CD at all")));
    EXPECT_EQ(no_cd.exit_code, 69);
    EXPECT_THAT(no_cd.err, HasSubstr("text.iso is not a CD image"));

    auto language = build(boot_cd(true));
    language.arguments.insert(language.arguments.end(), {"--language", "tlh"});
    const auto no_language = run_program(language);
    EXPECT_EQ(no_language.exit_code, 2);
    EXPECT_THAT(no_language.err, HasSubstr("knows no language tlh; it knows en-US, "));

    EXPECT_FALSE(fs::exists(out())) << "nothing was begun";
    expect_nothing_left();
}

}  // namespace
}  // namespace rundown::integration
