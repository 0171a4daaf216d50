// SPDX-License-Identifier: MIT
// The folders of a virtio-win CD.
#include "image/windows/virtio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace rundown::image::windows {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::span<const std::string_view> folders_of(const WindowsSystem& system, Arch arch) {
    return arch == Arch::x86_64 && !system.virtio_folders_x64.empty() ? system.virtio_folders_x64
                                                                      : system.virtio_folders;
}

/// The driver in <name>/<folder>/<arch>; nothing unless there is one INF, and a .sys beside it.
std::optional<VirtioDriver> driver_in(
    const std::vector<std::string>& files, const std::string& name, const std::string& folder
) {
    VirtioDriver driver;
    driver.name = name;
    bool has_image = false;
    unsigned infs = 0;
    const std::string prefix = lower(folder) + "/";
    for (const auto& file : files) {
        const std::string path = lower(file);
        if (!path.starts_with(prefix) || path.find('/', prefix.size()) != std::string::npos ||
            path.ends_with(".pdb")) {
            continue;
        }
        driver.folder = file.substr(0, prefix.size() - 1);
        driver.files.push_back(file);
        has_image = has_image || path.ends_with(".sys");
        if (path.ends_with(".inf")) {
            driver.inf = file.substr(prefix.size());
            ++infs;
        }
    }
    if (infs != 1 || !has_image) {
        return std::nullopt;
    }
    std::sort(driver.files.begin(), driver.files.end());
    return driver;
}

std::optional<VirtioDriver> find_driver(
    const std::vector<std::string>& files,
    const std::string& name,
    const WindowsSystem& system,
    Arch arch
) {
    for (const auto folder : folders_of(system, arch)) {
        if (auto driver =
                driver_in(files, name, fmt::format("{}/{}/{}", name, folder, windows_arch(arch)))) {
            return driver;
        }
    }
    return std::nullopt;
}

}  // namespace

result<std::vector<VirtioDriver>> find_virtio_drivers(
    const std::vector<std::string>& files,
    const std::string& cd,
    const WindowsSystem& system,
    Arch arch,
    const std::vector<std::string>& needed,
    const std::vector<std::string>& useful
) {
    std::vector<VirtioDriver> drivers;
    for (const auto& name : needed) {
        auto driver = find_driver(files, name, system, arch);
        if (!driver) {
            std::string looked;
            for (const auto folder : folders_of(system, arch)) {
                looked += fmt::format(
                    "{}{}/{}/{}", looked.empty() ? "" : ", ", name, folder, windows_arch(arch)
                );
            }
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "{} has no driver {} for {}: {} is not there or has no INF with a .sys",
                    cd,
                    name,
                    system.title,
                    looked
                )
            );
        }
        drivers.push_back(std::move(*driver));
    }
    for (const auto& name : useful) {
        if (auto driver = find_driver(files, name, system, arch)) {
            drivers.push_back(std::move(*driver));
        }
    }
    return drivers;
}

}  // namespace rundown::image::windows
