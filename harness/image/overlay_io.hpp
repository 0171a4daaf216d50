// SPDX-License-Identifier: MIT
// image/overlay_io.hpp
//
// What one run writes to in place of its image: a qcow2 overlay of the base, and a copy of the
// UEFI variables, in the run's directory. Registered before they are made, so that a killed run
// leaves neither. Includes Asio.
#pragma once

#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/held_file_io.hpp"
#include "image/store.hpp"

namespace rundown::image {

class Overlay {
  public:
    /// Makes `directory`/overlay.qcow2 (and vars.fd). Keeps the image in use. `disk`: what to put
    /// it on in place of the base, such as a snapshot's disk; empty: the base. Blocking, some 20
    /// ms.
    static result<std::unique_ptr<Overlay>> create(
        guest::Hypervisor& hypervisor,
        ImageUse image,
        const std::string& directory,
        Deadline deadline,
        const std::string& disk = {}
    );

    const ImageUse& image() const { return image_; }
    const Manifest& manifest() const { return image_.manifest; }
    const std::string& disk() const { return disk_.path(); }
    const std::string& uefi_variables() const { return uefi_variables_.path(); }  // Empty: BIOS.
    /// The files stay, as evidence.
    void keep();

  private:
    explicit Overlay(ImageUse image) : image_(std::move(image)) {}
    ImageUse image_;
    guest::HeldFile disk_;
    guest::HeldFile uefi_variables_;
};

}  // namespace rundown::image
