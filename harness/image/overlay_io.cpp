// SPDX-License-Identifier: MIT
#include "image/overlay_io.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "image/qemu_img_io.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {

result<void> copy_variables(const std::string& from, const std::string& to) {
    std::error_code error;
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    if (error) {
        return cannot_write(to, error.value());
    }
    ::chmod(to.c_str(), 0644);  // The image's own is read-only.
    return {};
}

}  // namespace

result<std::unique_ptr<Overlay>> Overlay::create(
    ImageUse image, const std::string& directory, Deadline deadline, const std::string& disk
) {
    std::unique_ptr<Overlay> overlay(new Overlay(std::move(image)));
    const std::string base = disk.empty() ? overlay->image_.base : disk;
    overlay->disk_ = directory + "/overlay.qcow2";
    RUNDOWN_TRY(create_overlay(base, overlay->disk_, deadline));
    if (!overlay->image_.uefi_variables.empty()) {
        overlay->uefi_variables_ = directory + "/vars.fd";
        RUNDOWN_TRY(copy_variables(overlay->image_.uefi_variables, overlay->uefi_variables_));
    }
    return overlay;
}

Overlay::~Overlay() {
    if (kept_) {
        return;
    }
    std::error_code error;
    for (const auto& file : {disk_, uefi_variables_}) {
        if (!file.empty()) {
            fs::remove(file, error);
        }
    }
}

}  // namespace rundown::image
