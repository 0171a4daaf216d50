// SPDX-License-Identifier: MIT
// The plan of every installation there is a recipe for, and one sentence for each that cannot be.
#include "image/windows/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "image/windows/certificate.hpp"
#include "image/windows/text.hpp"
#include "support/windows_cases.hpp"

namespace rundown::image::windows {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tests::WindowsCase;

std::set<std::string> paths_of(const std::vector<PlannedFile>& files) {
    std::set<std::string> paths;
    for (const auto& file : files) {
        EXPECT_TRUE(paths.insert(file.path).second) << file.path << " twice";
        const int sources =
            !file.bytes.empty() + !file.host_path.empty() + !file.virtio_path.empty();
        EXPECT_EQ(sources, 1) << file.path;
    }
    return paths;
}

struct Installation : tests::WindowsFixture {
    static constexpr auto kStyle = InstallerStyle::none;

    WindowsPlan plan() const {
        auto made = plan_windows(tests::request_for(one()), tests::media_for(one()));
        EXPECT_TRUE(made) << made.error().sentence;
        return made ? std::move(*made) : WindowsPlan{};
    }
};

RUNDOWN_EVERY_CASE(Installation, HasItsFiles) {
    const auto made = plan();
    const auto cd = paths_of(made.config_cd);
    for (const char* path :
         {"rundown/agent/rundown-agent.exe",
          "rundown/packages/protocol5/protocol5.inf",
          "rundown/packages/protocol5/protocol5.sys",
          "rundown/packages/protocol5/protocol5.cat",
          "rundown/rundown-test.cer",
          "rundown/rundown-test.reg",
          "rundown/settings.cmd",
          "rundown/setup.cmd"}) {
        EXPECT_THAT(cd, Contains(path));
    }
    const bool text_mode = one().system->style == InstallerStyle::text_mode;
    EXPECT_EQ(cd.contains("autounattend.xml"), !text_mode);
    EXPECT_EQ(
        paths_of(made.floppy),
        text_mode ? std::set<std::string>({"rundown.cmd", "winnt.sif"}) : std::set<std::string>()
    );
    EXPECT_EQ(cd.contains("rundown/packages/e1000/e1000.sys"), one().our_nics);
    EXPECT_EQ(cd.contains("rundown/virtio/NetKVM/netkvm.sys"), one().virtio);
    EXPECT_EQ(cd.contains("rundown/virtio/viostor/viostor.sys"), one().bus == DiskBus::virtio);
    EXPECT_EQ(cd.contains("rundown/virtio/vioscsi/vioscsi.sys"), one().bus == DiskBus::scsi);
    EXPECT_TRUE(std::is_sorted(cd.begin(), cd.end()));
}

RUNDOWN_EVERY_CASE(Installation, TakesTheDriversOfItsSystemAndArchitecture) {
    const auto tree = tests::virtio_tree();
    const std::string arch = one().arch == Arch::i386 ? "/x86/" : "/amd64/";
    for (const auto& file : plan().config_cd) {
        if (!file.virtio_path.empty()) {
            EXPECT_THAT(tree, Contains(file.virtio_path));
            EXPECT_THAT(file.virtio_path, HasSubstr(arch));
            EXPECT_THAT(file.virtio_path, Not(HasSubstr(".pdb")));
        }
        if (!file.host_path.empty()) {
            const bool x64 = one().arch == Arch::x86_64;
            EXPECT_THAT(file.host_path, HasSubstr(x64 ? "x64/" : "i386/"));
        }
    }
}

RUNDOWN_EVERY_CASE(Installation, HasPhasesThatCanBeFollowed) {
    const auto phases = plan().phases;
    EXPECT_TRUE(is_well_formed(phases));
    std::vector<std::string> milestones;
    for (const auto& phase : phases) {
        if (phase.ends_by == PhaseEnd::milestone) {
            milestones.push_back(phase.text);
        }
    }
    // Each is printed by a script on the CD, in this order.
    const auto made = plan();
    const std::string setup = tests::bytes_of(made.config_cd, "rundown/setup.cmd");
    const std::string settings = tests::bytes_of(made.config_cd, "rundown/settings.cmd");
    std::size_t at = 0;
    for (const auto& milestone : milestones) {
        const std::string line = "echo RUNDOWN-MILESTONE " + milestone + "\r\n";
        if (milestone == "specialize") {
            EXPECT_THAT(settings, HasSubstr(line));
            continue;
        }
        at = setup.find(line, at);
        ASSERT_NE(at, std::string::npos) << milestone << " in its place";
    }
    EXPECT_EQ(
        settings.find("RUNDOWN-MILESTONE specialize") != std::string::npos,
        std::count(milestones.begin(), milestones.end(), "specialize") == 1
    );
}

RUNDOWN_EVERY_CASE(Installation, KnowsItsMachine) {
    const auto made = plan();
    const auto& machine = made.manifest.machine;
    EXPECT_EQ(machine.disk_bus, one().bus);
    EXPECT_FALSE(machine.machine == "q35" && machine.disk_bus == DiskBus::ide) << "q35 has no IDE";
    EXPECT_EQ(machine.com1, PortRole::rpc);
    EXPECT_TRUE(machine.display);
    EXPECT_FALSE(machine.cpu.empty());
    EXPECT_GE(machine.memory_mib, one().system->memory_mib_min);
    EXPECT_GE(made.disk_bytes, std::uint64_t{one().system->disk_gib_min} << 30);
    EXPECT_EQ(made.manifest.firmware, one().firmware);
    EXPECT_EQ(made.keys.has_value(), one().firmware == Firmware::uefi);
}

RUNDOWN_EVERY_CASE(Installation, FillsTheManifest) {
    const auto manifest = plan().manifest;
    EXPECT_TRUE(is_image_name(manifest.name)) << manifest.name;
    EXPECT_EQ(manifest.kind, ImageKind::windows);
    EXPECT_EQ(manifest.arch, one().arch);
    EXPECT_EQ(manifest.recipe.name, "windows");
    EXPECT_FALSE(manifest.os_name.empty() || manifest.os_version.empty() || manifest.ndis.empty());
    ASSERT_TRUE(manifest.certificate);
    EXPECT_EQ(manifest.certificate->not_after, "2035-12-30T00:00:00Z");
    std::set<std::string> models;
    for (const auto& nic : manifest.nics) {
        EXPECT_TRUE(models.insert(nic.model).second) << nic.model << " has two drivers";
        EXPECT_EQ(
            nic.source == DriverSource::ours,
            nic.driver == "e1000.sys" || nic.driver == "virtionet.sys"
        );
    }
    EXPECT_EQ(models.contains("virtio-net"), one().virtio);
}

RUNDOWN_EVERY_CASE(Installation, NamesTheProductKeyOnlyIfGivenAndOnlyInTheAnswers) {
    const auto made = plan();
    const bool text_mode = !made.floppy.empty();
    int files = 0;
    for (const auto* disk : {&made.config_cd, &made.floppy}) {
        for (const auto& file : *disk) {
            files += file.bytes.find(tests::kTestKey) != std::string::npos;
        }
    }
    EXPECT_EQ(files, one().product_key ? 1 : 0);
    EXPECT_TRUE(one().product_key || !text_mode);
    EXPECT_EQ(made.warnings.size(), one().product_key ? 0u : 1u);
    EXPECT_THAT(to_json(made.manifest), Not(HasSubstr(tests::kTestKey)));
}

/// An installation that can be, to be spoilt.
struct Wish {
    WindowsRequest request;
    WindowsMedia media;
};

Wish wish_for(std::string_view id, Arch arch, Firmware firmware) {
    const auto* system = find_system(id);
    const WindowsCase one{
        .system = system,
        .arch = arch,
        .firmware = firmware,
        .bus = system->disk_bus,
        .product_key = system->style == InstallerStyle::text_mode};
    return {tests::request_for(one), tests::media_for(one)};
}

Wish ten() {
    return wish_for("10", Arch::x86_64, Firmware::bios);
}
Wish xp() {
    return wish_for("xp", Arch::i386, Firmware::bios);
}

Error refusal(const Wish& wish) {
    const auto made = plan_windows(wish.request, wish.media);
    EXPECT_FALSE(made);
    return made ? Error{} : made.error();
}

std::string usage_sentence(const Wish& wish) {
    const Error error = refusal(wish);
    EXPECT_EQ(error.kind, ErrorKind::usage) << error.sentence;
    return error.sentence;
}

TEST(WindowsRefusals, WrongMedia) {
    auto wish = ten();
    wish.media.medium.kind = ImageKind::reactos;
    EXPECT_THAT(usage_sentence(wish), HasSubstr("is not a Windows installation medium"));
    wish = xp();
    wish.media.medium.os_version = "5.0";
    wish.media.medium.os_name = "Windows 2000";
    EXPECT_EQ(
        usage_sentence(wish), "there is no recipe for Windows 2000, which is on /media/windows.iso"
    );
    wish = ten();
    wish.media.images[0].version_minor = 7;
    EXPECT_EQ(usage_sentence(wish), "there is no recipe for 10.7.10240, which is 'Windows 10 Pro'");
    wish = ten();
    wish.media.images[0].arch = Arch::invalid;
    EXPECT_THAT(usage_sentence(wish), HasSubstr("neither i386 nor x86-64"));
}

TEST(WindowsRefusals, Editions) {
    auto wish = ten();
    wish.request.ask.edition = "Home";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("no edition 'Home'"));
    EXPECT_THAT(usage_sentence(wish), HasSubstr("6: Windows 10 Pro (Professional, amd64"));
    wish.request.ask.edition = "professional";
    EXPECT_TRUE(plan_windows(wish.request, wish.media));
    wish = xp();
    wish.request.ask.edition = "Professional";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("leave --edition out"));
}

TEST(WindowsRefusals, Firmware) {
    auto wish = wish_for("7", Arch::x86_64, Firmware::uefi);
    EXPECT_EQ(
        usage_sentence(wish),
        "Windows 7 (x86-64) is not installed with uefi here: take --firmware bios"
    );
    EXPECT_THAT(
        usage_sentence(wish_for("11", Arch::x86_64, Firmware::bios)),
        HasSubstr("take --firmware uefi")
    );
    EXPECT_THAT(
        usage_sentence(wish_for("10", Arch::i386, Firmware::uefi)),
        HasSubstr("take --firmware bios")
    );
    wish = wish_for("10", Arch::x86_64, Firmware::uefi);
    wish.media.medium.uefi_bootable = false;
    EXPECT_THAT(usage_sentence(wish), HasSubstr("does not boot by uefi"));
}

TEST(WindowsRefusals, FirmwareIsChosenWhereNobodySays) {
    auto wish = wish_for("11", Arch::x86_64, Firmware::uefi);
    wish.request.ask.firmware.reset();
    EXPECT_EQ(plan_windows(wish.request, wish.media)->manifest.firmware, Firmware::uefi);
    wish = ten();
    wish.request.ask.firmware.reset();
    EXPECT_EQ(plan_windows(wish.request, wish.media)->manifest.firmware, Firmware::bios);
    wish.media.medium.bios_bootable = false;
    EXPECT_EQ(plan_windows(wish.request, wish.media)->manifest.firmware, Firmware::uefi);
}

TEST(WindowsRefusals, SizesBelowTheSystemsOwn) {
    auto wish = ten();
    wish.request.ask.disk_gib = 20;
    EXPECT_EQ(
        usage_sentence(wish),
        "Windows 10 (x86-64) needs a disk of 32 GiB, and 20 GiB were asked for"
    );
    wish = ten();
    wish.request.ask.memory_mib = 512;
    EXPECT_THAT(usage_sentence(wish), HasSubstr("needs 2048 MiB of memory"));
}

TEST(WindowsRefusals, ProductKeys) {
    auto wish = xp();
    wish.request.ask.product_key = "";
    EXPECT_EQ(
        usage_sentence(wish),
        "Windows XP (i386) cannot be installed without a product key: give yours with --product-key"
    );
    for (const char* bad :
         {"12345", "AAAAA-BBBBB-CCCCC-DDDDD-1111&", "AAAAA-BBBBB-CCCCC-DDDDD_11111"}) {
        wish.request.ask.product_key = bad;
        EXPECT_THAT(usage_sentence(wish), HasSubstr("five groups"));
        EXPECT_THAT(usage_sentence(wish), Not(HasSubstr(bad))) << "a key is not repeated";
    }
    wish = ten();
    EXPECT_THAT(
        plan_windows(wish.request, wish.media)->warnings, Contains(HasSubstr("no product key"))
    );
    wish.media.images[0].evaluation = true;
    EXPECT_THAT(plan_windows(wish.request, wish.media)->warnings, IsEmpty());
}

TEST(WindowsRefusals, Languages) {
    auto wish = ten();
    wish.request.ask.language = "fr-FR";
    EXPECT_EQ(usage_sentence(wish), "'Windows 10 Pro' has no language fr-FR; it has en-US, de-DE");
    wish.request.ask.language = "english";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("write it as in 'en-US'"));
    wish.request.ask.language = "de-DE";
    EXPECT_EQ(plan_windows(wish.request, wish.media)->manifest.language, "de-DE");
    wish = xp();
    wish.request.ask.language = "xx-YY";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("have no language 'xx-YY'"));
}

TEST(WindowsRefusals, DisksWithoutADriver) {
    auto wish = ten();
    wish.request.ask.disk_bus = DiskBus::virtio;
    EXPECT_EQ(
        usage_sentence(wish),
        "a disk on virtio needs the drivers of a virtio-win ISO: give --virtio-iso"
    );
    wish.media.virtio_iso = "/media/virtio-win.iso";
    wish.media.virtio_files = {"NetKVM/w10/amd64/netkvm.inf", "NetKVM/w10/amd64/netkvm.sys"};
    EXPECT_THAT(
        usage_sentence(wish),
        HasSubstr("has no driver viostor for Windows 10: viostor/w10/amd64 is not there")
    );
    for (const DiskBus bus : {DiskBus::sata, DiskBus::virtio, DiskBus::scsi}) {
        wish = xp();
        wish.request.ask.disk_bus = bus;
        EXPECT_THAT(usage_sentence(wish), HasSubstr("take --disk-bus ide"));
    }
}

TEST(WindowsRefusals, ANewSystemTakesThePredecessorsDriverFromAnOldCd) {
    auto wish = wish_for("11", Arch::x86_64, Firmware::uefi);
    wish.media.virtio_iso = "old.iso";
    wish.media.virtio_files = {"NETKVM/W10/AMD64/NETKVM.INF", "NETKVM/W10/AMD64/NETKVM.SYS"};
    const auto made = plan_windows(wish.request, wish.media);
    ASSERT_TRUE(made) << made.error().sentence;
    EXPECT_TRUE(paths_of(made->config_cd).contains("rundown/virtio/NetKVM/NETKVM.INF"));
    wish.media.virtio_files.pop_back();
    EXPECT_THAT(usage_sentence(wish), HasSubstr("NetKVM/w11/amd64, NetKVM/w10/amd64"));
}

TEST(WindowsRefusals, WhatIsNotBuilt) {
    auto wish = ten();
    wish.request.built_x64.agent.clear();
    EXPECT_EQ(refusal(wish).kind, ErrorKind::environment);
    EXPECT_EQ(refusal(wish).sentence, "the agent for x86-64 is not built: run 'make build'");
    wish = ten();
    std::erase_if(wish.request.built_x64.packages, [](auto& package) {
        return package.name == "e1000";
    });
    EXPECT_TRUE(plan_windows(wish.request, wish.media)) << "not asked for";
    wish.request.ask.nic_drivers = DriverSource::ours;
    EXPECT_THAT(refusal(wish).sentence, HasSubstr("driver package e1000 for x86-64 is not built"));
    wish = ten();
    wish.request.certificate_der.clear();
    EXPECT_THAT(refusal(wish).sentence, HasSubstr("there is no certificate"));
    wish.request.certificate_der = tests::test_certificate(100);
    EXPECT_THAT(refusal(wish).sentence, HasSubstr("expired at"));
}

TEST(WindowsRefusals, NamesThatCannotBe) {
    auto wish = ten();
    wish.request.computer_name = "MUCH-TOO-LONG-NAME";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("cannot be a computer's name"));
    wish.request.computer_name = "A B";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("cannot be a computer's name"));
    wish = ten();
    wish.request.owner = "bell \x07";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("owner: cannot be written"));
    wish = xp();
    wish.request.owner = "Z\xc3\xbcrich";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("owner: cannot be written in winnt.sif"));
    wish = ten();
    wish.request.password = "";
    EXPECT_THAT(usage_sentence(wish), HasSubstr("needs a name and a password"));
}

TEST(WindowsPlan, AUefiCdThatDoesNotAskNeedsNoKeys) {
    auto wish = wish_for("11", Arch::x86_64, Firmware::uefi);
    EXPECT_TRUE(plan_windows(wish.request, wish.media)->keys);
    wish.media.no_prompt = {{4096, "boot"}};
    const auto made = plan_windows(wish.request, wish.media);
    EXPECT_FALSE(made->keys);
    EXPECT_EQ(made->no_prompt.size(), 1u);
    wish = ten();
    wish.media.no_prompt = {{4096, "boot"}};
    EXPECT_TRUE(plan_windows(wish.request, wish.media)->no_prompt.empty()) << "BIOS does not ask";
}

TEST(WindowsPlan, TheRegistryFileOnTheCdHasTheCertificate) {
    const auto wish = xp();
    const auto made = plan_windows(wish.request, wish.media);
    const auto text = from_utf16le(tests::bytes_of(made->config_cd, "rundown/rundown-test.reg"));
    ASSERT_TRUE(text);
    const auto facts = inspect_certificate(tests::test_certificate(), "c");
    EXPECT_EQ(*text, certificate_reg_file(tests::test_certificate(), *facts));
}

}  // namespace
}  // namespace rundown::image::windows
