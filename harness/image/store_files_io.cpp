// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file_io.hpp"
#include "guest/text_file_io.hpp"
#include "image/store_files.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {
constexpr std::uintmax_t kManifestMax = 4 << 20;
}

result<Manifest> read_manifest_of(const std::string& image) {
    const std::string path = manifest_path(image);
    std::error_code error;
    const auto bytes = fs::file_size(path, error);
    if (error) {
        return fail(
            ErrorKind::environment,
            fmt::format("{} is no image: it has no manifest.json ({})", image, error.message())
        );
    }
    if (bytes > kManifestMax) {
        return fail(ErrorKind::environment, fmt::format("{} is too large for a manifest", path));
    }
    auto manifest = manifest_from_json(guest::read_text_file(path), path);
    if (manifest && manifest->name != fs::path(image).filename().string()) {
        return fail(
            ErrorKind::environment,
            fmt::format("{}: name is '{}', not its directory's", path, manifest->name)
        );
    }
    return manifest;
}

result<void> write_manifest_of(const std::string& image, const Manifest& manifest) {
    const std::string path = manifest_path(image);
    const std::string draft = path + ".draft";
    RUNDOWN_TRY(write_whole_file(draft, to_json(manifest)));
    RUNDOWN_TRY(sync_path(draft));
    if (::rename(draft.c_str(), path.c_str()) != 0) {
        return cannot_write(path, errno);
    }
    return sync_path(image);
}

std::vector<std::string> image_names(const std::string& store) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(store, error)) {
        const std::string name = entry.path().filename().string();
        if (is_image_name(name) && entry.is_directory(error)) {
            names.push_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string passing_name(std::string_view prefix, const std::string& name) {
    static std::atomic<unsigned> count = 0;
    return fmt::format("{}{}-{}-{}", prefix, ::getpid(), ++count, name);
}

result<void> sync_path(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cannot_read(path, errno);
    }
    const int error_number = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    // Some file systems cannot sync a directory; they say EINVAL.
    if (error_number != 0 && error_number != EINVAL) {
        return cannot_write(path, error_number);
    }
    return {};
}

result<void> remove_tree(const std::string& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) {
        return fail(
            ErrorKind::environment, fmt::format("cannot remove {}: {}", path, error.message())
        );
    }
    return {};
}

}  // namespace rundown::image
