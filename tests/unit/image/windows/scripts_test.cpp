// SPDX-License-Identifier: MIT
// The command scripts of every installation: what cmd.exe would trip over, and what must be in
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "image/windows/plan.hpp"
#include "support/windows_cases.hpp"

namespace rundown::image::windows {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::WindowsCase;

struct Script : tests::WindowsFixture {
    static constexpr auto kStyle = InstallerStyle::none;

    void set_up() override {
        auto made = plan_windows(tests::request_for(one()), tests::media_for(one()));
        ASSERT_TRUE(made) << made.error().sentence;
        plan_ = std::move(*made);
        setup_ = tests::bytes_of(plan_.config_cd, "rundown/setup.cmd");
        settings_ = tests::bytes_of(plan_.config_cd, "rundown/settings.cmd");
        scripts_ = {setup_, settings_};
        if (!plan_.floppy.empty()) {
            scripts_.push_back(tests::bytes_of(plan_.floppy, "rundown.cmd"));
        }
    }
    bool panther() const { return one().system->style == InstallerStyle::answer_xml; }

    WindowsPlan plan_;
    std::string setup_;
    std::string settings_;
    std::vector<std::string> scripts_;
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        EXPECT_TRUE(line.ends_with("\r")) << line;
        line.pop_back();
        EXPECT_EQ(line.find('\r'), std::string::npos) << line;
        lines.push_back(line);
    }
    EXPECT_TRUE(text.ends_with("\r\n"));
    return lines;
}

/// Names of variables and parameters in a line; a percent sign that is none of them is reported.
std::set<std::string> names_in(const std::string& line) {
    std::set<std::string> names;
    for (std::size_t at = line.find('%'); at != std::string::npos; at = line.find('%', at)) {
        const std::string rest = line.substr(at + 1);
        if (rest.starts_with("%")) {  // %%d: of a for.
            EXPECT_TRUE(rest.size() > 1 && std::isalpha(rest[1])) << line;
            at += 3;
        } else if (rest.starts_with("*") || (!rest.empty() && std::isdigit(rest[0]))) {
            at += 2;
        } else if (rest.starts_with("~")) {
            const std::size_t digit = rest.find_first_of("0123456789");
            EXPECT_NE(digit, std::string::npos) << line;
            EXPECT_EQ(rest.substr(1, digit - 1).find_first_not_of("dpnx"), std::string::npos)
                << line;
            at += digit + 2;
        } else {
            const std::size_t end = rest.find('%');
            EXPECT_NE(end, std::string::npos) << line;
            if (end == std::string::npos) {
                return names;
            }
            names.insert(rest.substr(0, end));
            at += end + 2;
        }
    }
    return names;
}

RUNDOWN_EVERY_CASE(Script, EndTheirLinesAsWindowsDoesAndAreFilled) {
    for (const auto& script : scripts_) {
        const auto lines = lines_of(script);
        EXPECT_EQ(lines.front(), "@echo off");
        EXPECT_THAT(script, Not(HasSubstr("{{")));
        for (const char c : script) {
            EXPECT_TRUE(c == '\r' || c == '\n' || (c >= 0x20 && c <= 0x7e)) << "ASCII only";
        }
    }
}

RUNDOWN_EVERY_CASE(Script, EveryVariableIsSetBeforeItIsUsed) {
    for (const auto& script : scripts_) {
        std::set<std::string> known = {"SystemDrive", "SystemRoot", "ERRORLEVEL"};
        for (const auto& line : lines_of(script)) {
            for (std::size_t at = line.find("set \""); at != line.npos;
                 at = line.find("set \"", at + 1)) {
                known.insert(line.substr(at + 5, line.find('=', at) - at - 5));
            }
        }
        for (const auto& line : lines_of(script)) {
            for (const auto& name : names_in(line)) {
                EXPECT_TRUE(known.contains(name)) << name << " in " << line;
            }
        }
    }
}

RUNDOWN_EVERY_CASE(Script, EveryLabelThatIsCalledIsThere) {
    for (const auto& script : scripts_) {
        std::set<std::string> labels;
        std::set<std::string> called;
        for (const auto& line : lines_of(script)) {
            if (line.starts_with(":")) {
                EXPECT_TRUE(labels.insert(line.substr(1)).second) << line << " twice";
            }
            for (const std::string word : {"call :", "goto "}) {
                if (const auto at = line.find(word); at != line.npos && !line.starts_with("rem ")) {
                    const auto begin = at + word.size();
                    called.insert(line.substr(begin, line.find(' ', begin) - begin));
                }
            }
        }
        EXPECT_EQ(labels, called);
    }
}

RUNDOWN_EVERY_CASE(Script, QuotesAreClosedAndParenthesesPaired) {
    for (const auto& script : scripts_) {
        for (const auto& line : lines_of(script)) {
            EXPECT_EQ(std::count(line.begin(), line.end(), '"') % 2, 0) << line;
            EXPECT_EQ(
                std::count(line.begin(), line.end(), '('), std::count(line.begin(), line.end(), ')')
            ) << line;
            EXPECT_LE(line.size(), 8191u) << "cmd.exe's limit";
        }
    }
}

RUNDOWN_EVERY_CASE(Script, RegistryValuesHaveTypeAndForce) {
    for (const auto& script : scripts_) {
        for (const auto& line : lines_of(script)) {
            if (line.find(" reg add ") == line.npos) {
                continue;
            }
            EXPECT_THAT(line, HasSubstr(" /f")) << "would ask";
            if (line.find(" /v ") != line.npos) {
                EXPECT_THAT(line, HasSubstr(" /t REG_"));
                EXPECT_THAT(line, HasSubstr(" /d "));
            }
        }
    }
}

RUNDOWN_EVERY_CASE(Script, SettingsAreAllThere) {
    for (const char* text :
         {"CrashDumpEnabled /t REG_DWORD /d 2",
          "AutoReboot /t REG_DWORD /d 0",
          "NoAutoUpdate /t REG_DWORD /d 1",
          "powercfg /hibernate off"}) {
        EXPECT_THAT(settings_, HasSubstr(text));
    }
    const auto& system = *one().system;
    const bool has_nmi_value =
        settings_.find("NMICrashDump /t REG_DWORD /d 1") != std::string::npos;
    EXPECT_EQ(has_nmi_value, system.version_major * 10 + system.version_minor < 62);
    for (const char* text :
         {"call :must bcdedit /set {current} testsigning on",
          "call :must bcdedit /ems {current} off",
          "-standby-timeout-ac 0",
          "DisableRealtimeMonitoring"}) {
        EXPECT_EQ(settings_.find(text) != std::string::npos, panther()) << text;
    }
    EXPECT_EQ(settings_.find("ServerManager") != std::string::npos, system.server);
    EXPECT_EQ(settings_.find("BypassNRO") != std::string::npos, system.version_major >= 10);
}

RUNDOWN_EVERY_CASE(Script, TheCertificateIsTrustedInTheSystemsOwnWay) {
    EXPECT_EQ(
        setup_.find("certutil -addstore -f TrustedPublisher") != std::string::npos, panther()
    );
    EXPECT_EQ(setup_.find("certutil -addstore -f Root") != std::string::npos, panther());
    EXPECT_EQ(setup_.find("reg import") != std::string::npos, !panther());
}

RUNDOWN_EVERY_CASE(Script, DriversAreStagedFromWhereTheyWereCopied) {
    std::set<std::string> infs;
    for (const auto& file : plan_.config_cd) {
        if (file.path.ends_with(".inf")) {
            std::string path = file.path.substr(std::string("rundown/").size());
            std::replace(path.begin(), path.end(), '/', '\\');
            infs.insert(path);
        }
    }
    ASSERT_FALSE(infs.empty());
    for (const auto& inf : infs) {
        const std::string folder = inf.substr(0, inf.rfind('\\'));
        EXPECT_THAT(
            setup_,
            HasSubstr("xcopy /e /i /y /q \"%CD_HOME%" + folder + "\" \"%HOME%\\" + folder + "\"")
        );
        if (panther()) {
            EXPECT_THAT(setup_, HasSubstr("call :driver \"%HOME%\\" + inf + "\"\r\n"));
        } else {
            EXPECT_THAT(setup_, HasSubstr("%DEVICE_PATH%;%HOME%\\" + folder));
        }
    }
    const bool new_words = setup_.find("pnputil /add-driver") != std::string::npos;
    EXPECT_EQ(new_words, plan_.image && plan_.image->build >= 14393);
}

RUNDOWN_EVERY_CASE(Script, EveryStepOfSetupIsChecked) {
    const auto lines = lines_of(setup_);
    int steps = 0;
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
        if (lines[i].starts_with("call :")) {
            EXPECT_EQ(lines[i + 1], "if not \"%CODE%\"==\"0\" goto failed") << lines[i];
            ++steps;
        }
    }
    EXPECT_GE(steps, 6);
}

RUNDOWN_EVERY_CASE(Script, TheAgentComesLastAndTheMachineGoesOff) {
    const auto agent = setup_.find("rundown-agent.exe\" --install --port COM1");
    const auto milestone = setup_.find("RUNDOWN-MILESTONE agent");
    const auto off = setup_.find("shutdown -s -f");
    ASSERT_NE(agent, std::string::npos);
    EXPECT_LT(setup_.find("RUNDOWN-MILESTONE drivers"), agent);
    EXPECT_LT(agent, milestone);
    EXPECT_LT(milestone, off);
    EXPECT_THAT(setup_, Not(HasSubstr("--start"))) << "it would take the port from the script";
}

// Files in golden/. RUNDOWN_UPDATE_GOLDEN=1 writes them anew; read the difference before
// committing.
void expect_golden(const std::string& name, const std::string& text) {
    const std::string path =
        std::string(RUNDOWN_SOURCE_DIR) + "/tests/unit/image/windows/golden/" + name;
    if (std::getenv("RUNDOWN_UPDATE_GOLDEN")) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string golden(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(text, golden) << "golden file " << path;
}

TEST(GoldenInstallations, Windows11ByUefiOnAVirtioDisk) {
    const WindowsCase one{
        .system = find_system("11"),
        .arch = Arch::x86_64,
        .firmware = Firmware::uefi,
        .bus = DiskBus::virtio,
        .product_key = true,
        .virtio = true};
    const auto made = plan_windows(tests::request_for(one), tests::media_for(one));
    ASSERT_TRUE(made);
    expect_golden("11-autounattend.xml", tests::bytes_of(made->config_cd, "autounattend.xml"));
    expect_golden("11-settings.cmd", tests::bytes_of(made->config_cd, "rundown/settings.cmd"));
    expect_golden("11-setup.cmd", tests::bytes_of(made->config_cd, "rundown/setup.cmd"));
}

TEST(GoldenInstallations, WindowsXp) {
    const WindowsCase one{
        .system = find_system("xp"),
        .arch = Arch::i386,
        .firmware = Firmware::bios,
        .bus = DiskBus::ide,
        .product_key = true,
        .virtio = true};
    const auto made = plan_windows(tests::request_for(one), tests::media_for(one));
    ASSERT_TRUE(made);
    expect_golden("xp-winnt.sif", tests::bytes_of(made->floppy, "winnt.sif"));
    expect_golden("xp-rundown.cmd", tests::bytes_of(made->floppy, "rundown.cmd"));
    expect_golden("xp-settings.cmd", tests::bytes_of(made->config_cd, "rundown/settings.cmd"));
    expect_golden("xp-setup.cmd", tests::bytes_of(made->config_cd, "rundown/setup.cmd"));
}

}  // namespace
}  // namespace rundown::image::windows
