// SPDX-License-Identifier: MIT
// image/build_request.cpp
//
// What is wrong with the wish for an image, before anything is looked at. Pure.
#include <fmt/format.h>

#include <utility>

#include "image/build.hpp"

namespace rundown::image {
namespace {

constexpr std::uint32_t kMemoryMiBMax = 65536;

Error usage(std::string sentence) {
    return fail(ErrorKind::usage, std::move(sentence));
}

/// Options that mean nothing for a kind are refused rather than passed over.
result<void> refuse_given(
    const BuildRequest& request, std::initializer_list<std::pair<const char*, bool>> given
) {
    for (const auto& [option, is_given] : given) {
        if (is_given) {
            return usage(
                fmt::format("{} means nothing for a {} image", option, to_string(request.kind))
            );
        }
    }
    return {};
}

result<void> check_reference(const BuildRequest& request) {
    return refuse_given(
        request,
        {{"--iso", !request.iso.empty()},
         {"--disk", !request.disk.empty()},
         {"--virtio-iso", !request.virtio_iso.empty()},
         {"--edition", !request.edition.empty()},
         {"--language", !request.language.empty()},
         {"--product-key", !request.product_key.empty()},
         {"--firmware uefi", request.firmware == Firmware::uefi},
         {"--disk-bus", request.disk_bus && request.disk_bus != DiskBus::ide},
         {"--nic-drivers", request.nic_drivers != DriverSource::system},
         {"--processors", request.processors > 1},
         {"--disk-size", request.disk_gib != 0}}
    );
}

result<void> check_reactos(const BuildRequest& request) {
    if (request.iso.empty() == request.disk.empty()) {
        return usage(
            request.iso.empty()
                ? "a reactos image needs --iso FILE (the boot CD), or --disk FILE (installed)"
                : "--iso and --disk exclude each other"
        );
    }
    return refuse_given(
        request,
        {{"--virtio-iso", !request.virtio_iso.empty()},
         {"--edition", !request.edition.empty()},
         {"--product-key", !request.product_key.empty()},
         {"--firmware uefi", request.firmware == Firmware::uefi}}
    );
}

result<void> check_windows(const BuildRequest& request) {
    if (request.iso.empty()) {
        return usage("a windows image needs --iso FILE, your own installation medium");
    }
    return refuse_given(request, {{"--disk", !request.disk.empty()}});
}

}  // namespace

result<void> check(const BuildRequest& request) {
    if (!request.name.empty() && !is_image_name(request.name)) {
        return usage(fmt::format(
            "'{}' cannot be the name of an image: take up to 64 letters, digits, '-', '_', '.'",
            request.name
        ));
    }
    if (request.memory_mib > kMemoryMiBMax) {
        return usage(
            fmt::format("--memory {} is more than {} MiB", request.memory_mib, kMemoryMiBMax)
        );
    }
    switch (request.kind) {
        case ImageKind::invalid:
            break;
        case ImageKind::reference:
            return check_reference(request);
        case ImageKind::reactos:
            return check_reactos(request);
        case ImageKind::windows:
            return check_windows(request);
    }
    return fail(ErrorKind::internal, "a build of no kind was asked for");
}

}  // namespace rundown::image
