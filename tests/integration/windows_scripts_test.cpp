// SPDX-License-Identifier: MIT
// The scripts of the configuration CD run by a cmd.exe (Wine's): the programs of Windows they call
// are stand-ins that note their command line, COM1 is a pseudo terminal.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "image/program_io.hpp"
#include "image/windows/plan.hpp"
#include "integration/support/program.hpp"
#include "integration/support/wine.hpp"
#include "support/windows_cases.hpp"

namespace rundown::integration {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// Ends with the code in the variable STUB_EXIT_<its name>, else with 0.
constexpr const char* kStandIn = R"(
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
int main(void) {
    char path[MAX_PATH], variable[64], value[16];
    GetModuleFileNameA(0, path, MAX_PATH);
    char *name = strrchr(path, '\\') + 1;
    *strrchr(name, '.') = 0;
    FILE *calls = fopen("C:\\calls.txt", "ab");
    fprintf(calls, "%s\n", GetCommandLineA());
    fclose(calls);
    snprintf(variable, sizeof variable, "STUB_EXIT_%s", name);
    return GetEnvironmentVariableA(variable, value, sizeof value) ? atoi(value) : 0;
}
)";

/// COM1 as a pseudo terminal; what was written to it waits there (a few lines fit its buffer).
class SerialLine {
  public:
    explicit SerialLine(const std::string& link) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
        EXPECT_EQ(grantpt(master_), 0);
        EXPECT_EQ(unlockpt(master_), 0);
        const std::string name = ptsname(master_);
        slave_ = open(name.c_str(), O_RDWR | O_NOCTTY);
        fcntl(master_, F_SETFL, O_NONBLOCK);
        fs::remove(link);
        fs::create_symlink(name, link);
    }
    ~SerialLine() {
        close(slave_);
        close(master_);
    }
    std::string said() const {
        std::string text(65536, '\0');
        const auto size = read(master_, text.data(), text.size());
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        std::erase(text, '\r');
        return text;
    }

  private:
    int master_;
    int slave_ = -1;
};

/// The CD of an installation unpacked at C:\cd, with stand-ins first in the path.
class Cd {
  public:
    explicit Cd(const tests::WindowsCase& one) {
        for (const char* leftover : {"/cd", "/stubs", "/rundown", "/calls.txt"}) {
            fs::remove_all(wine.drive() + leftover);
        }
        make_stand_ins();
        const auto made = plan_windows(tests::request_for(one), tests::media_for(one));
        EXPECT_TRUE(made) << made.error().sentence;
        for (const auto& file : made->config_cd) {
            const fs::path path = wine.drive() + "/cd/" + file.path;
            fs::create_directories(path.parent_path());
            EXPECT_TRUE(write_whole_file(path, file.bytes.empty() ? "contents" : file.bytes));
        }
        fs::copy_file(
            wine.drive() + "/stubs/pnputil.exe",
            wine.drive() + "/cd/rundown/agent/rundown-agent.exe",
            fs::copy_options::overwrite_existing
        );
    }

    /// Runs a script with more variables set ("NAME=value"); what it said on COM1.
    std::string run(const std::string& script, const std::vector<std::string>& variables = {}) {
        const SerialLine line(wine.serial_line());
        std::string command = "set PATH=C:\\stubs;%PATH%&";
        for (const auto& variable : variables) {
            command += "set " + variable + "&";
        }
        const auto ended =
            wine.run({"cmd", "/c", command + "call C:\\cd\\rundown\\" + script}, 180s);
        EXPECT_TRUE(ended) << "the script did not end";
        return line.said();
    }

    std::string calls() const { return contents_of(wine.drive() + "/calls.txt"); }
    bool has(const std::string& path) const { return fs::exists(wine.drive() + path); }

    Wine wine;

  private:
    void make_stand_ins() const {
        const std::string stubs = wine.drive() + "/stubs";
        fs::create_directories(stubs);
        ASSERT_TRUE(write_whole_file(stubs + "/stub.c", kStandIn));
        const image::ProgramRun compile{
            .arguments = {
                "x86_64-w64-mingw32-gcc", "-o", stubs + "/bcdedit.exe", stubs + "/stub.c"}};
        const auto end = run_program_well(compile, Deadline::in(120s, "the stand-in to compile"));
        ASSERT_TRUE(end) << end.error().sentence;
        for (const char* name : {"certutil", "pnputil", "shutdown", "powercfg", "bootcfg", "sc"}) {
            fs::copy_file(stubs + "/bcdedit.exe", stubs + "/" + name + ".exe");
        }
    }
};

tests::WindowsCase installation(const char* id, image::DiskBus bus) {
    const auto* system = image::windows::find_system(id);
    tests::WindowsCase one;
    one.system = system;
    one.arch = system->i386 ? image::Arch::i386 : image::Arch::x86_64;
    one.firmware = system->bios ? image::Firmware::bios : image::Firmware::uefi;
    one.bus = bus;
    one.product_key = one.virtio = true;
    return one;
}

class WindowsScripts : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto missing = Wine::missing(); !missing.empty()) {
            GTEST_SKIP() << missing;
        }
    }
};

TEST_F(WindowsScripts, OfWindows11RunToTheirEnd) {
    Cd cd(installation("11", image::DiskBus::virtio));
    EXPECT_EQ(cd.run("settings.cmd"), "rundown: settings begin\nRUNDOWN-MILESTONE specialize\n");
    EXPECT_THAT(cd.calls(), HasSubstr("bcdedit /set {current} testsigning on"));
    EXPECT_THAT(cd.calls(), HasSubstr("bcdedit /ems {current} off"));
    EXPECT_THAT(cd.calls(), HasSubstr("sc config wuauserv start= disabled"));
    EXPECT_EQ(
        cd.run("setup.cmd"),
        "RUNDOWN-MILESTONE first-logon\nRUNDOWN-MILESTONE certificate\nRUNDOWN-MILESTONE drivers\n"
        "RUNDOWN-MILESTONE agent\n"
    );
    const std::string calls = cd.calls();
    EXPECT_THAT(calls, HasSubstr("certutil -addstore -f TrustedPublisher \"C:\\cd\\rundown\\run"));
    EXPECT_THAT(
        calls, HasSubstr("/add-driver \"C:\\rundown\\packages\\protocol5\\protocol5.inf\" /install")
    );
    EXPECT_THAT(calls, HasSubstr("/add-driver \"C:\\rundown\\virtio\\viostor\\viostor.inf\""));
    EXPECT_THAT(calls, HasSubstr("rundown-agent.exe\" --install --port COM1"));
    EXPECT_THAT(calls, HasSubstr("shutdown -s -f -t 5"));
    EXPECT_TRUE(cd.has("/rundown/packages/protocol5/protocol5.sys"));
}

TEST_F(WindowsScripts, OfWindowsXpRunToTheirEnd) {
    Cd cd(installation("xp", image::DiskBus::ide));
    EXPECT_EQ(
        cd.run("setup.cmd"),
        "RUNDOWN-MILESTONE first-logon\nrundown: settings begin\nRUNDOWN-MILESTONE certificate\n"
        "RUNDOWN-MILESTONE drivers\nRUNDOWN-MILESTONE agent\n"
    );
    EXPECT_THAT(cd.calls(), Not(HasSubstr("bcdedit")));
    EXPECT_THAT(cd.calls(), Not(HasSubstr("pnputil /add")));
    EXPECT_TRUE(cd.has("/rundown/virtio/NetKVM/netkvm.inf"));
}

TEST_F(WindowsScripts, AStepThatFailsIsToldAndIsTheLast) {
    Cd cd(installation("11", image::DiskBus::virtio));
    EXPECT_EQ(
        cd.run("setup.cmd", {"STUB_EXIT_pnputil=5"}),
        "RUNDOWN-MILESTONE first-logon\nRUNDOWN-MILESTONE certificate\n"
        "RUNDOWN-MILESTONE failed drivers: error 5 of pnputil of protocol5.inf\n"
    );
    EXPECT_THAT(cd.calls(), Not(HasSubstr("shutdown")));
    EXPECT_THAT(
        cd.run("setup.cmd", {"STUB_EXIT_pnputil=3010"}), HasSubstr("RUNDOWN-MILESTONE agent\n")
    );
    EXPECT_THAT(
        cd.run("settings.cmd", {"STUB_EXIT_bcdedit=1"}),
        HasSubstr("RUNDOWN-MILESTONE failed settings: error 1 of bcdedit /set {current} testsigning"
        )
    );
}

}  // namespace
}  // namespace rundown::integration
