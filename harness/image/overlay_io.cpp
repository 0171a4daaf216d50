// SPDX-License-Identifier: MIT
#include "image/overlay_io.hpp"

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
    guest::Hypervisor& hypervisor,
    ImageUse image,
    const std::string& directory,
    Deadline deadline,
    const std::string& disk
) {
    std::error_code error;
    const std::string absolute = fs::absolute(directory, error).lexically_normal().string();
    std::unique_ptr<Overlay> overlay(new Overlay(std::move(image)));
    auto file = guest::HeldFile::claim(hypervisor, absolute + "/overlay.qcow2");
    if (!file) {
        return file.error();
    }
    overlay->disk_ = std::move(*file);
    RUNDOWN_TRY(
        create_overlay(disk.empty() ? overlay->image_.base : disk, overlay->disk_.path(), deadline)
    );
    if (!overlay->image_.uefi_variables.empty()) {
        auto variables = guest::HeldFile::claim(hypervisor, absolute + "/vars.fd");
        if (!variables) {
            return variables.error();
        }
        overlay->uefi_variables_ = std::move(*variables);
        RUNDOWN_TRY(copy_variables(overlay->image_.uefi_variables, overlay->uefi_variables_.path())
        );
    }
    return overlay;
}

void Overlay::keep() {
    disk_.keep();
    uefi_variables_.keep();
}

}  // namespace rundown::image
