// SPDX-License-Identifier: MIT
// What is installed: system, edition, firmware, language, and by whose key.
#include <algorithm>

#include "image/windows/language.hpp"
#include "image/windows/plan_maker.hpp"

namespace rundown::image::windows {
namespace {

/// Five groups of five letters and digits.
bool is_product_key(std::string_view key) {
    if (key.size() != 29) {
        return false;
    }
    for (std::size_t i = 0; i < key.size(); ++i) {
        const char c = key[i];
        const bool plain =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (i % 6 == 5 ? c != '-' : !plain) {
            return false;
        }
    }
    return true;
}

}  // namespace

result<void> choose_system(Maker& maker) {
    const MediaInfo& medium = maker.media.medium;
    RUNDOWN_TRY(require_media(medium, ImageKind::windows, Arch::invalid));
    if (medium.style == InstallerStyle::text_mode) {
        maker.plan.system = system_of_text_mode(medium.os_version, medium.arch, medium.os_name);
        maker.facts.arch = medium.arch;
        if (maker.plan.system == nullptr) {
            return refuse(fmt::format(
                "there is no recipe for {}, which is on {}", medium.os_name, medium.path
            ));
        }
        if (!maker.ask().edition.empty()) {
            return refuse(fmt::format(
                "{} holds one edition of {}: leave --edition out", medium.path, medium.os_name
            ));
        }
        return {};
    }
    auto image = choose_edition(
        maker.media.images,
        maker.ask().edition,
        fmt::format("{} of {}", medium.install_file, medium.path)
    );
    if (!image) {
        return image.error();
    }
    if (image->arch == Arch::invalid) {
        return refuse(
            fmt::format("'{}' is for a processor that is neither i386 nor x86-64", image->name)
        );
    }
    maker.plan.system =
        system_of_version(image->version_major, image->version_minor, image->build, image->server);
    if (maker.plan.system == nullptr) {
        return refuse(fmt::format(
            "there is no recipe for {}.{}.{}, which is '{}'",
            image->version_major,
            image->version_minor,
            image->build,
            image->name
        ));
    }
    maker.facts.arch = image->arch;
    maker.facts.build = image->build;
    maker.facts.image_index = image->index;
    maker.plan.image = std::move(*image);
    return {};
}

result<void> choose_firmware(Maker& maker) {
    const WindowsSystem& system = maker.system();
    const MediaInfo& medium = maker.media.medium;
    if (!has_arch(system, maker.facts.arch)) {
        return refuse(fmt::format("there is no recipe for {}", maker.title()));
    }
    const bool can_uefi = system.uefi && maker.facts.arch == Arch::x86_64;
    const Firmware firmware = maker.ask().firmware.value_or(
        system.bios && medium.bios_bootable ? Firmware::bios : Firmware::uefi
    );
    const bool can = firmware == Firmware::bios ? system.bios : can_uefi;
    if (!can) {
        return refuse(fmt::format(
            "{} is not installed with {} here: take --firmware {}",
            maker.title(),
            to_string(firmware),
            to_string(firmware == Firmware::bios ? Firmware::uefi : Firmware::bios)
        ));
    }
    const bool boots = firmware == Firmware::bios ? medium.bios_bootable : medium.uefi_bootable;
    if (!boots) {
        return refuse(fmt::format("{} does not boot by {}", medium.path, to_string(firmware)));
    }
    maker.facts.firmware = firmware;
    return {};
}

result<void> choose_language(Maker& maker) {
    const std::string& wanted = maker.ask().language;
    if (!wanted.empty() && !is_language_tag(wanted)) {
        return refuse(fmt::format("'{}' is no language: write it as in 'en-US'", wanted));
    }
    maker.facts.language = wanted;
    if (maker.is_text_mode()) {
        return {};  // winnt_sif() knows which it has; without one, setup takes the medium's own.
    }
    const auto& there = maker.plan.image->languages;
    if (wanted.empty()) {
        maker.facts.language = there.empty() ? "en-US" : there.front();
        return {};
    }
    if (!there.empty() && std::find(there.begin(), there.end(), wanted) == there.end()) {
        return refuse(fmt::format(
            "'{}' has no language {}; it has {}",
            maker.plan.image->name,
            wanted,
            fmt::join(there, ", ")
        ));
    }
    return {};
}

result<void> take_product_key(Maker& maker) {
    const std::string& key = maker.ask().product_key;
    if (!key.empty() && !is_product_key(key)) {
        // The key itself is not repeated: sentences end up in logs.
        return refuse(
            "the product key is not five groups of five letters and digits with '-' between"
        );
    }
    if (key.empty() && maker.is_text_mode()) {
        return refuse(fmt::format(
            "{} cannot be installed without a product key: give yours with --product-key",
            maker.title()
        ));
    }
    if (key.empty() && !maker.plan.image->evaluation) {
        maker.plan.warnings.push_back(fmt::format(
            "no product key was given: setup stops and asks for one unless '{}' comes from a "
            "volume "
            "or evaluation medium",
            maker.plan.image->name
        ));
    }
    maker.facts.product_key = key;
    return {};
}

}  // namespace rundown::image::windows
