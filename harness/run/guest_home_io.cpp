// SPDX-License-Identifier: MIT
#include "run/guest_home_io.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "image/store.hpp"
#include "run/divergence_file.hpp"

namespace rundown::run {
namespace {

image::ImageKind kind_of(GuestFamily family) {
    switch (family) {
        case GuestFamily::reference:
            return image::ImageKind::reference;
        case GuestFamily::reactos:
            return image::ImageKind::reactos;
        case GuestFamily::windows:
            return image::ImageKind::windows;
        case GuestFamily::invalid:
            break;
    }
    return image::ImageKind::invalid;
}

/// The variants of virtio-net that this program can offer are all driven by the same driver.
std::map<std::string, std::string> nic_drivers_of(const image::Manifest& manifest) {
    std::map<std::string, std::string> drivers;
    for (const auto& nic : manifest.nics) {
        drivers.emplace(nic.model, nic.driver);
        if (nic.model == "virtio-net") {
            for (const char* variant : {"-modern", "-transitional", "-legacy"}) {
                drivers.emplace(nic.model + variant, nic.driver);
            }
        }
    }
    return drivers;
}

}  // namespace

void learn_from(const image::Manifest& manifest, GuestHome& home) {
    home.choice.image = manifest.name;
    home.arch = std::string(to_string(manifest.arch));
    auto& capabilities = home.capabilities;
    capabilities.guest = fmt::format(
        "image '{}' ({} {}, {})", manifest.name, manifest.os_name, manifest.os_version, home.arch
    );
    capabilities.ndis = manifest.ndis;
    capabilities.nic_drivers = nic_drivers_of(manifest);
    home.manifest = manifest;
}

result<GuestHome> open_home(const GuestChoice& choice, const Assets& assets) {
    GuestHome home;
    home.choice = choice;
    home.capabilities = capabilities_of(choice);
    std::error_code error;
    if (choice.from_store || std::filesystem::exists(assets.divergences, error)) {
        auto divergences = read_divergences(assets.divergences);
        RUNDOWN_TRY(divergences);
        home.divergences = std::move(*divergences);
    }
    if (choice.from_store) {
        const auto store = image::Store::open_default();
        RUNDOWN_TRY(store);
        const auto image = store->use(kind_of(choice.family), choice.image);
        if (!image) {
            return image.error();
        }
        learn_from(image->manifest, home);
    }
    return home;
}

result<DriverFile> read_driver_for(
    const GuestHome& home, const Assets& assets, const std::string& path
) {
    const std::string& built = home.arch == "i386" ? assets.driver_i386 : assets.driver;
    auto driver = read_driver(path.empty() ? built : path);
    if (!driver) {
        // A file of ours that is missing is not the person's mistake.
        return path.empty() ? fail(
                                  ErrorKind::environment,
                                  driver.error().sentence + "; build the drivers with `make build`"
                              )
                            : driver.error();
    }
    if (driver->arch != home.arch) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "{} is an {} driver, and {} is {}",
                driver->path,
                driver->arch,
                home.capabilities.guest,
                home.arch
            )
        );
    }
    return driver;
}

}  // namespace rundown::run
