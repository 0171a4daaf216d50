// SPDX-License-Identifier: MIT
// The answer files of every installation, read by parsers: what setup would find in them.
#include "image/windows/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "image/embedded_text.hpp"
#include "image/windows/plan.hpp"
#include "support/windows_cases.hpp"
#include "support/xml_tree.hpp"

namespace rundown::image::windows {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using tests::WindowsCase;
using tests::XmlElement;

constexpr const char* kUnattend = "urn:schemas-microsoft-com:unattend";

WindowsPlan plan_of(const WindowsRequest& request, const WindowsCase& one) {
    auto made = plan_windows(request, tests::media_for(one));
    EXPECT_TRUE(made) << made.error().sentence;
    return made ? std::move(*made) : WindowsPlan{};
}

struct AnswerXml : tests::WindowsFixture {
    static constexpr auto kStyle = InstallerStyle::answer_xml;

    void set_up() override { read(tests::request_for(one())); }

    void read(const WindowsRequest& request) {
        plan_ = plan_of(request, one());
        text_ = tests::bytes_of(plan_.config_cd, "autounattend.xml");
        auto root = tests::parse_xml(text_);
        ASSERT_TRUE(root) << "not well-formed:\n" << text_;
        root_ = std::move(*root);
    }

    const XmlElement* component(std::string_view pass, std::string_view name) const {
        for (const auto* settings : root_.all("settings")) {
            for (const auto& child : settings->children) {
                if (settings->attribute("pass") == pass && child.attribute("name") == name) {
                    return &child;
                }
            }
        }
        return nullptr;
    }
    const XmlElement& setup() const {
        const auto* found = component("windowsPE", "Microsoft-Windows-Setup");
        EXPECT_NE(found, nullptr);
        return *found;
    }
    const XmlElement& shell() const {
        const auto* found = component("oobeSystem", "Microsoft-Windows-Shell-Setup");
        EXPECT_NE(found, nullptr);
        return *found;
    }
    bool bios() const { return one().firmware == Firmware::bios; }

    WindowsPlan plan_;
    std::string text_;
    XmlElement root_;
};

RUNDOWN_EVERY_CASE(AnswerXml, HasItsPassesInOrderAndNothingUnfilled) {
    EXPECT_EQ(root_.name, "unattend");
    EXPECT_EQ(root_.xml_namespace, kUnattend);
    std::vector<std::string> passes;
    for (const auto* settings : root_.all("settings")) {
        passes.push_back(settings->attribute("pass"));
    }
    EXPECT_THAT(passes, ElementsAre("windowsPE", "offlineServicing", "specialize", "oobeSystem"));
    EXPECT_THAT(text_, Not(HasSubstr("{{")));
    EXPECT_THAT(text_, Not(HasSubstr("}}")));
}

RUNDOWN_EVERY_CASE(AnswerXml, EveryComponentIsForThisProcessor) {
    const std::string arch = one().arch == Arch::i386 ? "x86" : "amd64";
    std::set<std::string> seen;
    for (const auto* settings : root_.all("settings")) {
        for (const auto& component : settings->children) {
            EXPECT_EQ(component.name, "component");
            EXPECT_EQ(component.attribute("processorArchitecture"), arch);
            EXPECT_EQ(component.attribute("publicKeyToken"), "31bf3856ad364e35");
            EXPECT_EQ(component.attribute("language"), "neutral");
            EXPECT_EQ(component.attribute("versionScope"), "nonSxS");
            EXPECT_TRUE(
                seen.insert(settings->attribute("pass") + component.attribute("name")).second
            ) << "twice in a pass";
        }
    }
    EXPECT_GE(seen.size(), 7u);
}

/// The elements of a list in a pass each say that they are added; anything else must not.
void check_actions(const XmlElement& element) {
    static const std::set<std::string> kListed = {
        "PathAndCredentials",
        "RunSynchronousCommand",
        "Disk",
        "CreatePartition",
        "ModifyPartition",
        "MetaData",
        "SynchronousCommand",
        "LocalAccount"};
    EXPECT_EQ(element.attribute("wcm:action"), kListed.contains(element.name) ? "add" : "")
        << element.name;
    for (const auto& child : element.children) {
        check_actions(child);
    }
}

RUNDOWN_EVERY_CASE(AnswerXml, ListsAddTheirElements) {
    check_actions(root_);
}

RUNDOWN_EVERY_CASE(AnswerXml, OrdersCountFromOne) {
    for (const char* list :
         {"RunSynchronous",
          "DiskConfiguration/Disk/CreatePartitions",
          "DiskConfiguration/Disk/ModifyPartitions"}) {
        const auto* elements = setup().find(list);
        ASSERT_NE(elements, nullptr) << list;
        int order = 0;
        for (const auto& element : elements->children) {
            EXPECT_EQ(element.at("Order"), std::to_string(++order)) << list;
        }
        EXPECT_GE(order, 1);
    }
}

RUNDOWN_EVERY_CASE(AnswerXml, TheDiskIsLaidOutForItsFirmware) {
    const auto& create = *setup().find("DiskConfiguration/Disk/CreatePartitions");
    const auto& modify = *setup().find("DiskConfiguration/Disk/ModifyPartitions");
    std::vector<std::string> types;
    for (const auto& partition : create.children) {
        types.push_back(*partition.at("Type"));
        EXPECT_NE(partition.at("Size").has_value(), partition.at("Extend").has_value());
    }
    const auto expected = bios() ? std::vector<std::string>{"Primary", "Primary"}
                                 : std::vector<std::string>{"EFI", "MSR", "Primary"};
    EXPECT_EQ(types, expected);
    EXPECT_EQ(create.children.back().at("Extend"), "true");
    EXPECT_EQ(modify.children.front().at("Active").has_value(), bios());
    EXPECT_EQ(modify.children.front().at("Format"), bios() ? "NTFS" : "FAT32");
    EXPECT_EQ(modify.children.back().at("Letter"), "C");
    const auto target = setup().at("ImageInstall/OSImage/InstallTo/PartitionID");
    EXPECT_EQ(target, std::to_string(types.size())) << "the last partition";
    EXPECT_EQ(modify.children.back().at("PartitionID"), target);
    EXPECT_EQ(setup().at("DiskConfiguration/Disk/WillWipeDisk"), "true");
}

RUNDOWN_EVERY_CASE(AnswerXml, TheImageIsChosenByIndex) {
    EXPECT_EQ(setup().at("ImageInstall/OSImage/InstallFrom/MetaData/Key"), "/IMAGE/INDEX");
    EXPECT_EQ(setup().at("ImageInstall/OSImage/InstallFrom/MetaData/Value"), "6");
}

RUNDOWN_EVERY_CASE(AnswerXml, TheKeyIsThereOnlyIfGiven) {
    const auto key = setup().at("UserData/ProductKey/Key");
    EXPECT_EQ(key, one().product_key ? std::optional<std::string>(tests::kTestKey) : std::nullopt);
    EXPECT_EQ(
        setup().at("UserData/ProductKey/WillShowUI"), one().product_key ? "OnError" : "Never"
    );
    EXPECT_EQ(setup().at("UserData/AcceptEula"), "true");
}

RUNDOWN_EVERY_CASE(AnswerXml, DriverPathsLeadToDriversOnTheCd) {
    const auto* pnp = component("windowsPE", "Microsoft-Windows-PnpCustomizationsWinPE");
    const bool wanted = one().bus == DiskBus::virtio || one().bus == DiskBus::scsi;
    ASSERT_EQ(pnp != nullptr, wanted);
    if (!wanted) {
        return;
    }
    std::set<std::string> keys;
    for (const auto& path : pnp->find("DriverPaths")->children) {
        EXPECT_TRUE(keys.insert(path.attribute("wcm:keyValue")).second);
        std::string folder = *path.at("Path");
        EXPECT_NE(kCdLetters.find(folder[0]), std::string_view::npos);
        ASSERT_EQ(folder.substr(1, 2), ":\\");
        folder = folder.substr(3);
        std::replace(folder.begin(), folder.end(), '\\', '/');
        const bool has_inf = std::any_of(
            plan_.config_cd.begin(),
            plan_.config_cd.end(),
            [&](const PlannedFile& file) {
                return file.path.starts_with(folder + "/") && file.path.ends_with(".inf");
            }
        );
        EXPECT_TRUE(has_inf) << folder;
    }
    EXPECT_EQ(keys.size(), kCdLetters.size());
}

RUNDOWN_EVERY_CASE(AnswerXml, OnlyWindows11SkipsTheChecksOfItsSetup) {
    std::vector<std::string> bypassed;
    for (const auto& command : setup().find("RunSynchronous")->children) {
        const std::string path = *command.at("Path");
        EXPECT_LE(path.size(), 259u);
        if (path.find("LabConfig") != std::string::npos) {
            bypassed.push_back(
                path.substr(path.find("Bypass"), path.find(" /t") - path.find("Bypass"))
            );
        }
    }
    if (one().system->id == "11") {
        EXPECT_THAT(
            bypassed,
            ElementsAre(
                "BypassTPMCheck",
                "BypassSecureBootCheck",
                "BypassRAMCheck",
                "BypassCPUCheck",
                "BypassStorageCheck"
            )
        );
    } else {
        EXPECT_TRUE(bypassed.empty());
    }
}

RUNDOWN_EVERY_CASE(AnswerXml, CommandsCallScriptsThatAreOnTheCd) {
    const auto* deployment = component("specialize", "Microsoft-Windows-Deployment");
    const std::string settings = *deployment->at("RunSynchronous/RunSynchronousCommand/Path");
    const std::string first = *shell().at("FirstLogonCommands/SynchronousCommand/CommandLine");
    EXPECT_EQ(
        first,
        "cmd /c for %d in (D E F G H I J) do if exist %d:\\rundown\\setup.cmd call "
        "%d:\\rundown\\setup.cmd"
    );
    EXPECT_THAT(settings, HasSubstr("call %d:\\rundown\\settings.cmd"));
    EXPECT_LE(settings.size(), 259u);
    EXPECT_FALSE(tests::bytes_of(plan_.config_cd, "rundown/setup.cmd").empty());
    EXPECT_FALSE(tests::bytes_of(plan_.config_cd, "rundown/settings.cmd").empty());
}

RUNDOWN_EVERY_CASE(AnswerXml, LogsOnOnceAsTheAccountItMakes) {
    EXPECT_EQ(shell().at("AutoLogon/Enabled"), "true");
    EXPECT_EQ(shell().at("AutoLogon/LogonCount"), "1");
    EXPECT_EQ(shell().at("AutoLogon/Username"), "rundown");
    EXPECT_EQ(shell().at("UserAccounts/LocalAccounts/LocalAccount/Name"), "rundown");
    EXPECT_EQ(shell().at("UserAccounts/LocalAccounts/LocalAccount/Group"), "Administrators");
    EXPECT_EQ(
        shell().at("UserAccounts/LocalAccounts/LocalAccount/Password/Value"),
        shell().at("AutoLogon/Password/Value")
    );
    EXPECT_EQ(
        component("offlineServicing", "Microsoft-Windows-LUA-Settings")->at("EnableLUA"), "false"
    );
}

RUNDOWN_EVERY_CASE(AnswerXml, OobeHasOnlyTheSettingsItsReleaseKnows) {
    std::set<std::string> settings;
    for (const auto& setting : shell().find("OOBE")->children) {
        settings.insert(setting.name);
    }
    const auto& system = *one().system;
    const auto version = system.version_major * 10 + system.version_minor;
    EXPECT_THAT(settings, Contains("HideEULAPage"));
    EXPECT_THAT(settings, Contains("ProtectYourPC"));
    EXPECT_EQ(settings.contains("HideOnlineAccountScreens"), version >= 62);
    EXPECT_EQ(settings.contains("HideLocalAccountScreen"), version >= 62);
    EXPECT_EQ(settings.contains("HideOEMRegistrationScreen"), version >= 62);
    EXPECT_EQ(settings.contains("HideWirelessSetupInOOBE"), version >= 61);
    EXPECT_EQ(settings.contains("NetworkLocation"), version <= 61);
    EXPECT_EQ(settings.contains("SkipMachineOOBE"), version == 60);
}

RUNDOWN_EVERY_CASE(AnswerXml, AnythingAPersonWritesComesThrough) {
    auto request = tests::request_for(one());
    request.owner = "A & B <\"C\"> 'D' %PATH% {{owner}} \xc3\xa4";
    request.password = "p&<>\"'w %TEMP%";
    request.user = "user & co";
    read(request);
    EXPECT_EQ(setup().at("UserData/FullName"), request.owner);
    EXPECT_EQ(shell().at("AutoLogon/Password/Value"), request.password);
    EXPECT_EQ(shell().at("UserAccounts/AdministratorPassword/Value"), request.password);
    EXPECT_EQ(shell().at("AutoLogon/Username"), request.user);
}

/// winnt.sif as INF parsers read it: sections, keys without quotes, doubled quotes and percents
/// single.
std::map<std::string, std::map<std::string, std::string>> parse_sif(const std::string& text) {
    std::map<std::string, std::map<std::string, std::string>> sections;
    std::istringstream lines(text);
    std::string section;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(line.ends_with("\r")) << line;
        line.pop_back();
        if (line.empty() || line.starts_with(";")) {
            continue;
        }
        if (line.starts_with("[")) {
            EXPECT_TRUE(line.ends_with("]"));
            section = line.substr(1, line.size() - 2);
            EXPECT_FALSE(sections.contains(section)) << section << " twice";
            sections[section] = {};
            continue;
        }
        const std::size_t equals = line.find('=');
        EXPECT_NE(equals, std::string::npos) << line;
        std::string value = line.substr(equals + 1);
        if (value.starts_with('"')) {
            EXPECT_TRUE(value.size() >= 2 && value.ends_with('"')) << line;
            value = value.substr(1, value.size() - 2);
        } else {
            EXPECT_EQ(value.find_first_of(" \";,"), std::string::npos) << line;
        }
        std::string plain;
        for (std::size_t i = 0; i < value.size(); ++i) {
            const bool doubled = value[i] == '"' || value[i] == '%';
            EXPECT_TRUE(!doubled || (i + 1 < value.size() && value[i + 1] == value[i])) << line;
            plain.push_back(value[i]);
            i += doubled;
        }
        EXPECT_FALSE(sections[section].contains(line.substr(0, equals))) << line << " twice";
        sections[section][line.substr(0, equals)] = plain;
    }
    return sections;
}

struct AnswerSif : tests::WindowsFixture {
    static constexpr auto kStyle = InstallerStyle::text_mode;
};

RUNDOWN_EVERY_CASE(AnswerSif, HasWhatSetupAsksFor) {
    const auto made = plan_of(tests::request_for(one()), one());
    const std::string text = tests::bytes_of(made.floppy, "winnt.sif");
    EXPECT_THAT(text, Not(HasSubstr("{{")));
    auto sif = parse_sif(text);
    EXPECT_EQ(sif["Data"]["MsDosInitiated"], "0");
    EXPECT_EQ(sif["Data"]["UnattendedInstall"], "Yes");
    EXPECT_EQ(sif["Data"]["AutoPartition"], "1");
    EXPECT_EQ(sif["Unattended"]["UnattendMode"], "FullUnattended");
    EXPECT_EQ(sif["Unattended"]["OemSkipEula"], "Yes");
    EXPECT_EQ(sif["Unattended"]["OemPreinstall"], "No");
    EXPECT_EQ(sif["Unattended"]["Repartition"], "Yes");
    EXPECT_EQ(sif["Unattended"]["DriverSigningPolicy"], "Ignore");
    EXPECT_EQ(sif["GuiUnattended"]["AutoLogon"], "Yes");
    EXPECT_EQ(sif["GuiUnattended"]["AutoLogonCount"], "1");
    EXPECT_EQ(sif["UserData"]["ProductKey"], tests::kTestKey);
    EXPECT_EQ(sif["UserData"]["ComputerName"], "RUNDOWN");
    EXPECT_EQ(sif["GuiRunOnce"]["Command0"], "A:\\RUNDOWN.CMD");
    EXPECT_EQ(sif.contains("LicenseFilePrintData"), one().system->server);
    EXPECT_FALSE(sif.contains("RegionalSettings")) << "the medium's own language";
}

RUNDOWN_EVERY_CASE(AnswerSif, LanguageAndPersonsWords) {
    auto request = tests::request_for(one());
    request.ask.language = "de-DE";
    request.owner = "A & \"B\" 100% <C>; x=y";
    const auto made = plan_of(request, one());
    auto sif = parse_sif(tests::bytes_of(made.floppy, "winnt.sif"));
    EXPECT_EQ(sif["RegionalSettings"]["Language"], "00000407");
    EXPECT_EQ(sif["UserData"]["FullName"], request.owner);
}

TEST(EmbeddedTemplates, AreTheFilesOfTheRepository) {
    for (const char* name :
         {"autounattend.xml.in",
          "winnt.sif.in",
          "floppy.cmd.in",
          "settings.cmd.in",
          "setup.cmd.in"}) {
        const auto text = embedded_text(std::string("windows/") + name);
        ASSERT_TRUE(text) << name;
        EXPECT_FALSE(text->empty()) << name;
    }
}

}  // namespace
}  // namespace rundown::image::windows
