// SPDX-License-Identifier: MIT
// image/media/inspect.cpp
//
// Whose installation medium a CD image is: ReactOS's by its reactos/ tree, Windows's by
// TXTSETUP.SIF in a folder named after the processor (2000 to Server 2003) or by install.wim (Vista
// and later).
#include <fmt/format.h>

#include "base/nearest.hpp"
#include "image/media/ini_text.hpp"
#include "image/media/media.hpp"
#include "image/media/pe_probe.hpp"

namespace rundown::image {
namespace {

constexpr std::uint64_t kExecutableMax = 32 << 20;
constexpr std::uint64_t kSetupFileMax = 8 << 20;
constexpr std::size_t kVersionMax = 40;

/// "sources/INSTALL.WIM" as the medium spells it.
std::string spelt_on(const MediaImage& image, const std::string& folder, std::string_view name) {
    const auto entries = image.list(folder);
    if (entries) {
        for (const auto& entry : *entries) {
            std::string lower;
            for (const char letter : entry.name) {
                lower += static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
            }
            if (lower == name) {
                return folder.empty() ? entry.name : folder + "/" + entry.name;
            }
        }
    }
    return {};
}

/// What ReactOS's version looks like; whatever else a medium's file says there is not repeated.
bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= kVersionMax &&
           text.find_first_not_of(
               "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_+"
           ) == std::string_view::npos;
}

void inspect_reactos(const MediaImage& image, MediaInfo& info) {
    info.os_name = "ReactOS";
    if (!image.has_file("reactos/txtsetup.sif")) {
        info.why_not = "it is a ReactOS live CD, which installs nothing: take the boot CD";
        return;
    }
    for (const char* name :
         {"reactos/system32/smss.exe",
          "reactos/system32/ntoskrnl.exe",
          "reactos/system32/ntdll.dll",
          "reactos/ntoskrnl.exe"}) {
        if (!image.has_file(name)) {
            continue;
        }
        const auto file = image.read_file(name, kExecutableMax);
        if (!file) {
            info.why_not = file.error().sentence;
            return;
        }
        if (info.arch == Arch::invalid) {
            info.arch = arch_of_pe(*file);
        }
        // ntoskrnl.exe tells the version of Windows it stands for.
        const std::string version = product_version_of_pe(*file);
        if (info.os_version.empty() && version.starts_with("0.") && is_version(version)) {
            info.os_version = version;
        }
    }
    if (info.arch == Arch::invalid) {
        info.why_not = "its kernel is for neither i386 nor x86-64";
        return;
    }
    info.kind = ImageKind::reactos;
    info.style = InstallerStyle::reactos;
}

std::string text_mode_name(const std::string& version, std::string_view product_type, Arch arch) {
    const bool workstation = product_type == "0";
    if (version == "5.0") {
        return "Windows 2000";
    }
    if (version == "5.1") {
        return "Windows XP";
    }
    if (version == "5.2") {
        return workstation && arch == Arch::x86_64 ? "Windows XP x64" : "Windows Server 2003";
    }
    return {};
}

void inspect_text_mode(const MediaImage& image, MediaInfo& info, const std::string& folder) {
    info.arch = info.source_folder.size() == 5 ? Arch::x86_64 : Arch::i386;
    const auto sif = image.read_file(folder + "/txtsetup.sif", kSetupFileMax);
    if (!sif) {
        info.why_not = sif.error().sentence;
        return;
    }
    const std::string major = ini_value(*sif, "SetupData", "MajorVersion");
    const std::string minor = ini_value(*sif, "SetupData", "MinorVersion");
    if (major.empty() || minor.empty()) {
        info.why_not = "its TXTSETUP.SIF does not tell the version of Windows";
        return;
    }
    info.os_version = fmt::format("{}.{}", major, minor);
    info.os_name =
        text_mode_name(info.os_version, ini_value(*sif, "SetupData", "ProductType"), info.arch);
    if (info.os_name.empty()) {
        info.why_not = "its TXTSETUP.SIF tells a version of Windows that we do not know";
        return;
    }
    info.kind = ImageKind::windows;
    info.style = InstallerStyle::text_mode;
}

/// Where TXTSETUP.SIF is; x64 media have an I386 folder as well.
std::string text_mode_folder(const MediaImage& image) {
    for (const char* folder : {"amd64", "i386"}) {
        if (image.has_file(std::string(folder) + "/txtsetup.sif")) {
            return folder;
        }
    }
    return {};
}

void inspect_answer_xml(const MediaImage& image, MediaInfo& info) {
    if (!image.has_file("sources/boot.wim")) {
        info.why_not = "it has an install.wim but no sources/boot.wim to install it with";
        return;
    }
    // Cut short, it would be found out an hour into the installation.
    for (const std::string& file : {info.install_file, std::string("sources/boot.wim")}) {
        if (const auto opened = image.open_file(file); !opened) {
            info.why_not = opened.error().sentence;
            return;
        }
    }
    if (image.has_file("efi/boot/bootx64.efi")) {
        info.arch = Arch::x86_64;
    }
    info.kind = ImageKind::windows;
    info.style = InstallerStyle::answer_xml;
}

std::string install_file_of(const MediaImage& image) {
    for (const char* name : {"install.wim", "install.esd", "install.swm"}) {
        if (const auto spelt = spelt_on(image, "sources", name); !spelt.empty()) {
            return spelt;
        }
    }
    return {};
}

std::string_view word_for(ImageKind kind) {
    return kind == ImageKind::reactos ? "a ReactOS boot CD" : "a Windows installation medium";
}

}  // namespace

result<MediaInfo> inspect_media(const std::string& path) {
    const auto image = MediaImage::open(path);
    if (!image) {
        return image.error();
    }
    return inspect_media(**image);
}

result<MediaInfo> inspect_media(const MediaImage& image) {
    MediaInfo info;
    info.path = image.path();
    info.bytes = image.bytes();
    info.volume_id = image.volume_id();
    info.file_system = image.file_system();
    info.bios_bootable = image.boots_bios();
    info.uefi_bootable = image.boots_uefi() || image.has_file("efi/boot/bootx64.efi");
    if (const auto root = image.list(""); !root) {
        return root.error();
    }
    info.install_file = install_file_of(image);
    const std::string folder = text_mode_folder(image);
    if (image.has_directory("reactos")) {
        inspect_reactos(image, info);
    } else if (!folder.empty()) {
        info.source_folder = spelt_on(image, "", folder);
        inspect_text_mode(image, info, folder);
    } else if (!info.install_file.empty()) {
        inspect_answer_xml(image, info);
    } else if (image.has_directory("netkvm") || image.has_directory("viostor")) {
        info.why_not = "it is a virtio-win ISO, which brings drivers only: give it as --virtio-iso";
    } else {
        info.why_not =
            "it has neither ReactOS's reactos/ nor Windows's sources/install.wim, "
            "i386/txtsetup.sif";
    }
    return info;
}

result<void> require_media(const MediaInfo& info, ImageKind kind, Arch arch) {
    if (info.kind != kind) {
        const std::string why = info.kind == ImageKind::invalid
                                    ? info.why_not
                                    : fmt::format("it is {}", word_for(info.kind));
        return fail(
            ErrorKind::usage, fmt::format("{} is not {}: {}", info.path, word_for(kind), why)
        );
    }
    if (arch != Arch::invalid && info.arch != Arch::invalid && info.arch != arch) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "{} is for {}, and {} was asked for",
                info.path,
                to_string(info.arch),
                to_string(arch)
            )
        );
    }
    if (!info.bios_bootable && !info.uefi_bootable) {
        return fail(
            ErrorKind::usage,
            fmt::format("{} cannot be booted from: it has no boot record", info.path)
        );
    }
    return {};
}

}  // namespace rundown::image
