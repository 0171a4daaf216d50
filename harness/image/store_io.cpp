// SPDX-License-Identifier: MIT
// image/store_io.cpp
//
// The store as its users see it: opened, listed, an image taken into use or removed.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/nearest.hpp"
#include "image/base_stamp_io.hpp"
#include "image/recipe.hpp"
#include "image/room_io.hpp"
#include "image/store.hpp"
#include "image/store_files.hpp"
#include "image/store_lock_io.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {

// A listing looks at each lock for a moment; that must not be taken for a removal or a use.

/// What builders and removers that died left behind. Nobody can lock it between its making and its
/// maker's lock, as both happen under the store's.
void remove_leftovers(const std::string& store) {
    std::vector<std::pair<std::string, FileLock>> dead;
    {
        const auto names_lock = lock_store(store);
        if (!names_lock) {
            return;  // Somebody else's store, or a read-only one: not ours to clean.
        }
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(store, error)) {
            const std::string name = entry.path().filename().string();
            if (!name.starts_with(kPartialPrefix) && !name.starts_with(kRemovedPrefix)) {
                continue;
            }
            const std::string path = entry.path().string();
            auto lock = lock_new_file(lock_path(path), LockMode::alone, Milliseconds(0));
            if (lock && *lock) {
                dead.emplace_back(path, std::move(*lock));
            }
        }
    }
    for (const auto& [path, lock] : dead) {
        static_cast<void>(remove_tree(path));  // What stays is tried again at the next opening.
    }
}

Error no_such_image(const std::string& store, const std::string& name) {
    const auto names = image_names(store);
    if (names.empty()) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "there is no image '{}': the store {} is empty; build one with `rundown image "
                "build`",
                name,
                store
            )
        );
    }
    return fail(
        ErrorKind::usage,
        fmt::format(
            "there is no image '{}' in {} (there are {}){}",
            name,
            store,
            fmt::join(names, ", "),
            did_you_mean(name, names)
        )
    );
}

/// Shares the lock of an image that is there. Between finding and locking it, it may have been
/// replaced, so that the lock is of what gave way: then the next is tried.
result<FileLock> lock_for_use(const std::string& path, const std::string& name) {
    constexpr int kTries = 3;
    for (int tries = 0; tries < kTries; ++tries) {
        auto lock = lock_file(lock_path(path), LockMode::shared, kLookPatience);
        if (!lock || (*lock && lock->is_of(lock_path(path)))) {
            return lock;
        }
    }
    return fail(ErrorKind::environment, fmt::format("the image '{}' is being removed", name));
}

ListedImage listed(const std::string& store, const std::string& name) {
    ListedImage image;
    image.name = name;
    const std::string path = store + "/" + name;
    image.bytes_on_disk = bytes_on_disk(path);
    const auto lock = lock_file(lock_path(path), LockMode::alone, Milliseconds(0));
    image.in_use = lock && !*lock;
    const auto manifest = read_manifest_of(path);
    if (!manifest) {
        image.complaint = manifest.error().sentence;
        return image;
    }
    image.manifest = *manifest;
    std::error_code error;
    const auto bytes = fs::file_size(path + "/" + manifest->base.file, error);
    if (const auto recipe = check_recipe(*manifest); !recipe) {
        image.complaint = recipe.error().sentence;
    } else if (error) {
        image.complaint = fmt::format("its disk {} is gone", manifest->base.file);
    } else if (bytes != manifest->base.bytes) {
        image.complaint =
            fmt::format("its disk has {} bytes and had {}", bytes, manifest->base.bytes);
    } else if (!lock) {
        image.complaint = lock.error().sentence;
    }
    return image;
}

}  // namespace

result<Store> Store::open(std::string directory) {
    std::error_code error;
    directory = fs::absolute(directory, error).lexically_normal().string();
    fs::create_directories(directory, error);
    if (!fs::is_directory(directory)) {
        return fail(
            ErrorKind::environment,
            fmt::format("cannot make the image store {}: {}", directory, error.message())
        );
    }
    remove_leftovers(directory);
    return Store(std::move(directory));
}

result<Store> Store::open_default() {
    return open(choose_store_directory([](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    }));
}

std::vector<ListedImage> Store::list() const {
    std::vector<ListedImage> images;
    for (const auto& name : image_names(directory_)) {
        images.push_back(listed(directory_, name));
    }
    return images;
}

result<std::string> Store::find(const std::string& name) const {
    std::error_code error;
    std::string path = directory_ + "/" + name;
    if (!is_image_name(name) || !fs::is_directory(path, error)) {
        return no_such_image(directory_, name);
    }
    return path;
}

result<ImageUse> Store::use(const std::string& name, const Watch& watch) const {
    const auto path = find(name);
    if (!path) {
        return path.error();
    }
    auto lock = lock_for_use(*path, name);
    if (!lock) {
        return lock.error();
    }
    auto manifest = read_manifest_of(*path);
    if (!manifest) {
        return manifest.error();
    }
    RUNDOWN_TRY(check_recipe(*manifest));
    RUNDOWN_TRY(check_base(*path, *manifest, false, watch));
    ImageUse use;
    use.directory = *path;
    use.base = *path + "/" + manifest->base.file;
    if (manifest->uefi_variables) {
        use.uefi_variables = *path + "/" + manifest->uefi_variables->file;
    }
    use.manifest = std::move(*manifest);
    use.lock = std::move(*lock);
    return use;
}

result<ImageUse> Store::use(ImageKind kind, const std::string& name, const Watch& watch) const {
    if (!name.empty()) {
        auto image = use(name, watch);
        if (image && image->manifest.kind != kind) {
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "the image '{}' is of kind {}, not {}",
                    name,
                    to_string(image->manifest.kind),
                    to_string(kind)
                )
            );
        }
        return image;
    }
    std::vector<std::string> names;
    for (const auto& image : list()) {
        if (image.manifest && image.manifest->kind == kind) {
            names.push_back(image.name);
        }
    }
    if (names.empty()) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "there is no {0} image in {1}: build one with `rundown image build {0}`",
                to_string(kind),
                directory_
            )
        );
    }
    if (names.size() > 1) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "which {0} image? There are {1}: name one as {0}:{2}",
                to_string(kind),
                fmt::join(names, ", "),
                names.front()
            )
        );
    }
    return use(names.front(), watch);
}

result<void> Store::remove(const std::string& name) const {
    const auto path = find(name);
    if (!path) {
        return path.error();
    }
    const std::string gone = directory_ + "/" + passing_name(kRemovedPrefix, name);
    FileLock lock;
    {
        const auto names_lock = lock_store(directory_);
        if (!names_lock) {
            return names_lock.error();
        }
        auto alone = lock_idle_image(lock_path(*path), name, "removed");
        if (!alone) {
            return alone.error();
        }
        lock = std::move(*alone);
        if (::rename(path->c_str(), gone.c_str()) != 0) {
            return fail(
                ErrorKind::environment,
                fmt::format("cannot remove {}: {}", *path, std::strerror(errno))
            );
        }
    }
    return remove_tree(gone);
}

}  // namespace rundown::image
