// SPDX-License-Identifier: MIT
// image/overlay_io.hpp
//
// What one run writes to in place of its image: a qcow2 overlay of the base, and a copy of the
// UEFI variables, in the run's directory. Thrown away with their owner.
#pragma once

#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/store.hpp"

namespace rundown::image {

class Overlay {
  public:
    /// Makes `directory`/overlay.qcow2 (and vars.fd). Keeps the image in use. `disk`: what to put
    /// it on in place of the base, such as a snapshot's disk; empty: the base.
    static result<std::unique_ptr<Overlay>> create(
        ImageUse image,
        const std::string& directory,
        Deadline deadline,
        const std::string& disk = {}
    );
    Overlay(const Overlay&) = delete;
    Overlay& operator=(const Overlay&) = delete;
    /// Removes the files, unless keep() was called.
    ~Overlay();

    const ImageUse& image() const { return image_; }
    const Manifest& manifest() const { return image_.manifest; }
    const std::string& disk() const { return disk_; }
    const std::string& uefi_variables() const { return uefi_variables_; }  // Empty: BIOS.
    /// The files stay, as evidence.
    void keep() { kept_ = true; }

  private:
    explicit Overlay(ImageUse image) : image_(std::move(image)) {}
    ImageUse image_;
    std::string disk_;
    std::string uefi_variables_;
    bool kept_ = false;
};

}  // namespace rundown::image
