// SPDX-License-Identifier: MIT
// image/windows/media_io.hpp
//
// Reads what a plan needs: the person's media, and what was built to go into the guest. Blocking.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/media/media.hpp"
#include "image/windows/plan.hpp"

namespace rundown::image::windows {

/// Opens, inspects and lists the media; `virtio_iso` may be empty. Errors are sentences that name
/// the file.
result<WindowsMedia> read_windows_media(const std::string& iso, const std::string& virtio_iso);

/// The images of the WIM file at `path` on a medium: some kilobytes are read of it.
result<std::vector<WimImage>> read_wim(const MediaImage& medium, const std::string& path);

/// Every file of a medium, as paths from its root. Error: too deep or too many to be one of those
/// we know.
result<std::vector<std::string>> all_files(const MediaImage& medium);

/// A request with what the build directory `assets` holds: packages/<i386|x64>/<name>/,
/// drivers-<i386|x64>/rundown-agent.exe, packages/rundown-test.cer. What is not there stays empty
/// and is told by plan_windows(), once the architecture is known.
WindowsRequest read_built_things(const BuildRequest& ask, const std::string& assets);

}  // namespace rundown::image::windows
