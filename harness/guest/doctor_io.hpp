// SPDX-License-Identifier: MIT
// guest/doctor_io.hpp
//
// What this machine lacks to run guests, each with the fix. Looks only; changes nothing but the
// cached accelerator.
#pragma once

#include <string>
#include <vector>

#include "guest/places.hpp"
#include "guest/spec.hpp"

namespace rundown::guest {

enum class DoctorState {
    invalid,
    ok,       // Fine.
    warning,  // Works, slower or with less.
    missing,  // Guests cannot run.
};

struct DoctorFinding {
    DoctorState state = DoctorState::invalid;
    std::string name;      // "QEMU"
    std::string sentence;  // What was found, and what to do about it.
    std::string package;   // Debian package that would help; may be empty.
};

/// QEMU: found, and its version.
DoctorFinding check_qemu(const std::string& emulator);
/// libvirt: the library, its QEMU driver module, and their version.
DoctorFinding check_libvirt();
/// /dev/kvm: there, ours to open, and whether it was seen to run a guest (what choose_accelerator()
/// remembered).
DoctorFinding check_kvm(const Places& places, const std::string& emulator);
/// Room for trace windows in /dev/shm.
DoctorFinding check_shared_memory(unsigned window_mib);
/// The files of the guest's spec.
DoctorFinding check_boot_images(const std::string& kernel, const std::string& initrd);
/// What images of ReactOS and Windows need besides. The reference guest needs none of it, so what
/// is missing is a warning.
DoctorFinding check_image_tools();
/// The two directories of `places` can be written.
DoctorFinding check_places(const Places& places);

/// All of them, in this order.
std::vector<DoctorFinding> doctor(
    const Places& places,
    const std::string& emulator,
    const std::string& kernel,
    const std::string& initrd
);

}  // namespace rundown::guest
