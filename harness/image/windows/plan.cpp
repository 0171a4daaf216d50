// SPDX-License-Identifier: MIT
// The plan of an installation: one step after the other decides, or refuses.
#include "image/windows/plan.hpp"

#include "image/recipe.hpp"
#include "image/windows/phases.hpp"
#include "image/windows/plan_maker.hpp"

namespace rundown::image::windows {
namespace {

/// A driver of ours takes the place of the system's; the system's own is not named then.
std::vector<NicSupport> nics_of(const Maker& maker) {
    const bool ours = maker.ask().nic_drivers == DriverSource::ours;
    std::vector<NicSupport> nics;
    for (const auto& nic : maker.system().nics) {
        const auto driver = maker.facts.arch == Arch::i386 ? nic.driver_x86 : nic.driver_x64;
        if (!driver.empty() && !(ours && nic.model == "e1000")) {
            nics.push_back({std::string(nic.model), std::string(driver), DriverSource::system});
        }
    }
    if (ours) {
        nics.push_back({"e1000", "e1000.sys", DriverSource::ours});
        nics.push_back({"virtio-net", "virtionet.sys", DriverSource::ours});
    } else if (!maker.media.virtio_iso.empty()) {
        nics.push_back({"virtio-net", "netkvm.sys", DriverSource::virtio_win});
    }
    return nics;
}

void fill_manifest(Maker& maker) {
    const WindowsSystem& system = maker.system();
    Manifest& manifest = maker.plan.manifest;
    const std::string& name = maker.ask().name;
    manifest.name =
        name.empty() ? fmt::format("windows-{}-{}", system.id, to_string(maker.facts.arch)) : name;
    manifest.kind = ImageKind::windows;
    manifest.arch = maker.facts.arch;
    manifest.firmware = maker.facts.firmware;
    manifest.language = maker.facts.language;
    manifest.recipe = current_recipe(ImageKind::windows);
    manifest.ndis = ndis_versions(system, maker.facts.build);
    manifest.nics = nics_of(maker);
    manifest.certificate = Certificate{
        maker.certificate.subject, maker.certificate.sha256, iso_time(maker.certificate.not_after)};
    if (const auto& image = maker.plan.image) {
        manifest.os_name = image->name;
        manifest.edition = image->edition_id;
        manifest.os_version =
            fmt::format("{}.{}.{}", image->version_major, image->version_minor, image->build);
    } else {
        manifest.os_name = system.title;
        manifest.os_version = maker.media.medium.os_version;
    }
}

/// UEFI's boot loader on a Windows CD always asks for a key; BIOS's only when the disk could boot.
void plan_first_boot(Maker& maker) {
    if (maker.facts.firmware != Firmware::uefi) {
        return;
    }
    maker.plan.no_prompt = maker.media.no_prompt;
    if (maker.plan.no_prompt.empty()) {
        maker.plan.keys = KeyPresses{
            .key = "ret",
            .from = Milliseconds(2000),
            .until = Milliseconds(90000),
            .every = Milliseconds(1000)};
    }
}

}  // namespace

result<WindowsPlan> plan_windows(const WindowsRequest& request, const WindowsMedia& media) {
    Maker maker{.request = request, .media = media};
    RUNDOWN_TRY(choose_system(maker));
    RUNDOWN_TRY(choose_firmware(maker));
    RUNDOWN_TRY(choose_language(maker));
    RUNDOWN_TRY(take_product_key(maker));
    RUNDOWN_TRY(choose_disk_bus(maker));
    RUNDOWN_TRY(choose_machine(maker));
    RUNDOWN_TRY(check_account(maker));
    RUNDOWN_TRY(take_certificate(maker));
    RUNDOWN_TRY(check_built(maker));
    maker.facts.system = maker.plan.system;
    maker.facts.owner = request.owner;
    maker.facts.user = request.user;
    maker.facts.password = request.password;
    maker.facts.computer_name = request.computer_name;
    RUNDOWN_TRY(make_disks(maker));
    fill_manifest(maker);
    plan_first_boot(maker);
    maker.plan.phases = phases_of(maker.system());
    return std::move(maker.plan);
}

}  // namespace rundown::image::windows
