// SPDX-License-Identifier: MIT
// guest/firmware_io.hpp
//
// Where the distribution keeps OVMF, the UEFI firmware for QEMU.
#pragma once

#include "base/result.hpp"
#include "guest/devices.hpp"

namespace rundown::guest {

/// The code and the template of the variables, without Secure Boot; $RUNDOWN_OVMF names another
/// directory that has OVMF_CODE_4M.fd and OVMF_VARS_4M.fd. Error: environment, with the package.
result<UefiSpec> find_ovmf();

}  // namespace rundown::guest
