// SPDX-License-Identifier: MIT
// Files gathered in a folder, dates set, xorriso run over it.
#include "image/windows/config_cd_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <string_view>

#include "base/file_io.hpp"
#include "image/media/media.hpp"
#include "image/program_io.hpp"
#include "image/windows/floppy.hpp"

namespace rundown::image::windows {
namespace {

// 2026-01-01: xorriso takes it from the files and, for the volume, from SOURCE_DATE_EPOCH.
constexpr std::int64_t kDate = 1767225600;

/// A folder that is removed with its owner.
class GatheringFolder {
  public:
    explicit GatheringFolder(std::filesystem::path path) : path_(std::move(path)) {}
    GatheringFolder(const GatheringFolder&) = delete;
    GatheringFolder& operator=(const GatheringFolder&) = delete;
    ~GatheringFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

Error cannot_copy(const std::string& from, const std::error_code& error) {
    return fail(ErrorKind::environment, fmt::format("cannot copy {}: {}", from, error.message()));
}

result<void> gather(
    const PlannedFile& file, const MediaImage* virtio, const std::filesystem::path& to
) {
    std::error_code error;
    std::filesystem::create_directories(to.parent_path(), error);
    if (error) {
        return cannot_write(to.parent_path(), error.value());
    }
    if (!file.virtio_path.empty()) {
        if (virtio == nullptr) {
            return fail(
                ErrorKind::internal, fmt::format("no CD to take {} from", file.virtio_path)
            );
        }
        return virtio->extract(file.virtio_path, to);
    }
    if (!file.host_path.empty()) {
        std::filesystem::copy_file(file.host_path, to, error);
        return error ? result<void>(cannot_copy(file.host_path, error)) : result<void>();
    }
    return write_whole_file(to, file.bytes);
}

/// The same date for everything, and the same rights: they end up on the CD.
result<void> level(const std::filesystem::path& root) {
    const timespec date{.tv_sec = kDate, .tv_nsec = 0};
    const timespec times[] = {date, date};
    std::set<std::filesystem::path> all = {root};
    std::error_code error;
    std::filesystem::recursive_directory_iterator at(root, error);
    for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
        all.insert(at->path());
    }
    if (error) {
        return cannot_write(root, error.value());
    }
    for (auto path = all.rbegin(); path != all.rend(); ++path) {
        const bool folder = std::filesystem::is_directory(*path);
        if (chmod(path->c_str(), folder ? 0755 : 0644) != 0 ||
            utimensat(AT_FDCWD, path->c_str(), times, 0) != 0) {
            return cannot_write(*path, errno);
        }
    }
    return {};
}

}  // namespace

result<void> write_config_cd(
    const WindowsPlan& plan,
    const std::string& virtio_iso,
    const std::string& directory,
    const std::string& iso,
    Deadline deadline
) {
    const GatheringFolder folder(std::filesystem::path(directory) / "config-cd");
    std::unique_ptr<MediaImage> virtio;
    if (!virtio_iso.empty()) {
        auto opened = MediaImage::open(virtio_iso);
        if (!opened) {
            return opened.error();
        }
        virtio = std::move(*opened);
    }
    for (const auto& file : plan.config_cd) {
        RUNDOWN_TRY(gather(file, virtio.get(), folder.path() / file.path));
    }
    RUNDOWN_TRY(level(folder.path()));
    ProgramRun run;
    run.arguments = {
        "xorriso",
        "-as",
        "mkisofs",
        "-quiet",
        "-V",
        std::string(kConfigVolume),
        "-J",
        "-joliet-long",
        "--norock",
        "-o",
        iso,
        folder.path()};
    run.environment = {fmt::format("SOURCE_DATE_EPOCH={}", kDate)};
    if (const auto end = run_program_well(run, deadline); !end) {
        return in_context("while making the configuration CD", end.error());
    }
    return {};
}

result<void> write_floppy(const WindowsPlan& plan, const std::string& path) {
    if (plan.floppy.empty()) {
        return fail(ErrorKind::internal, "this installation has no floppy disk");
    }
    std::vector<FloppyFile> files;
    for (const auto& file : plan.floppy) {
        files.push_back({file.path, file.bytes});
    }
    const auto image = floppy_image(files, kConfigVolume);
    return image ? write_whole_file(path, *image) : result<void>(image.error());
}

}  // namespace rundown::image::windows
