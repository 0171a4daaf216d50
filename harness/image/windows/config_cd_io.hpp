// SPDX-License-Identifier: MIT
// image/windows/config_cd_io.hpp
//
// Writes the disks of a plan: the configuration CD with xorriso, the floppy disk by ourselves. The
// same plan gives the same bytes. Blocking.
#pragma once

#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/windows/plan.hpp"

namespace rundown::image::windows {

/// Writes the configuration CD to `iso`. Its files are gathered below `directory`, which exists, in
/// a folder that is removed again. `virtio_iso`: where files of the virtio-win CD come from; may be
/// empty when the plan has none. Errors: environment, timeout.
result<void> write_config_cd(
    const WindowsPlan& plan,
    const std::string& virtio_iso,
    const std::string& directory,
    const std::string& iso,
    Deadline deadline
);

/// Writes the floppy disk to `path`; an error (internal) when the plan has none.
result<void> write_floppy(const WindowsPlan& plan, const std::string& path);

}  // namespace rundown::image::windows
