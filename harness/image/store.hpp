// SPDX-License-Identifier: MIT
// image/store.hpp
//
// Where images are kept: $RUNDOWN_IMAGES, else $XDG_DATA_HOME/rundown/images, else
// ~/.local/share/rundown/images. One directory an image, named as the image:
//
//     NAME/manifest.json  NAME/disk.qcow2  NAME/vars.fd  NAME/snapshots/...  NAME/lock
//     .partial-<pid>-<n>-NAME/   being built; renamed to NAME at the end, or removed
//     .lock                      held while names come and go
//
// Users of an image hold its lock shared, remove() takes it alone. Everything blocks; hashing a
// large base takes seconds, which `Watch` tells of and can end. Errors are sentences; kind usage
// for a name that is not there, environment for the rest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/manifest.hpp"

namespace rundown::image {

/// What a long call tells and asks meanwhile. Both may be empty.
struct Watch {
    std::function<void(const std::string&)> status;  // What is being done now; no full stop.
    std::function<bool()> cancelled;                 // True ends the call (error: cancelled).
};

/// The store's directory by the rule above. `environment`: getenv, or a test's.
std::string choose_store_directory(
    const std::function<std::optional<std::string>(const char*)>& environment
);

/// A lock on a file, let go of with its owner, however that ends.
class FileLock {
  public:
    FileLock() = default;
    explicit FileLock(int fd) : fd_(fd) {}
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();
    explicit operator bool() const { return fd_ >= 0; }
    /// True when the file locked is the one that now has this path.
    bool is_of(const std::string& path) const;

  private:
    int fd_ = -1;
};

/// An image in use: it cannot be removed meanwhile. Paths are absolute.
struct ImageUse {
    Manifest manifest;
    std::string directory;
    std::string base;            // The base's path.
    std::string uefi_variables;  // To be copied, never used itself; empty: BIOS.
    FileLock lock;
};

/// An image being made: a directory nobody sees, removed unless it is given to Store::add().
class PartialImage {
  public:
    PartialImage(const PartialImage&) = delete;
    PartialImage& operator=(const PartialImage&) = delete;
    ~PartialImage();
    /// Put the base and the other files here, under the names the manifest gives.
    const std::string& directory() const { return directory_; }
    const std::string& name() const { return name_; }

  private:
    friend class Store;
    PartialImage(std::string directory, std::string name, FileLock lock);
    std::string directory_;
    std::string name_;
    FileLock lock_;
};

/// One line of `image list`: an image, or why a directory of the store is none.
struct ListedImage {
    std::string name;
    std::optional<Manifest> manifest;
    std::uint64_t bytes_on_disk = 0;
    bool in_use = false;
    std::string complaint;  // Empty: can be used.
};

/// What verify() found wrong; `warnings` do not keep an image from being used.
struct Verification {
    std::vector<std::string> complaints;
    std::vector<std::string> warnings;
};

class Store {
  public:
    /// Opens (and makes) the store, and removes what dead builders left in it.
    static result<Store> open(std::string directory);
    /// The one of this process's environment.
    static result<Store> open_default();

    const std::string& directory() const { return directory_; }

    /// All images, by name; those that cannot be used with why.
    std::vector<ListedImage> list() const;

    /// The directory of an image. Error (usage) with the nearest name when there is none.
    result<std::string> find(const std::string& name) const;

    /// Opens an image for use. Refused: no such image (with the nearest name), an image from
    /// another recipe, a base that is missing or is not the file that was added. The whole base is
    /// hashed when its size or time stamps are not those it was last verified with.
    result<ImageUse> use(const std::string& name, const Watch& watch = {}) const;

    /// use(), by kind and name: the name may be empty when there is one image of that kind only.
    result<ImageUse> use(ImageKind kind, const std::string& name, const Watch& watch = {}) const;

    /// Begins an image. Refused: a name that cannot be one or is taken, less than `bytes_needed`
    /// free (the sentence has both figures). `replace`: that the name is taken is no reason.
    result<std::unique_ptr<PartialImage>> begin(
        const std::string& name, std::uint64_t bytes_needed, bool replace = false
    ) const;

    /// Makes a partial image one of the store: fills in size, hash and format of its base and of
    /// the UEFI variables (those members of `manifest` need names only), makes the base read-only,
    /// checks and writes the manifest, renames. `replace`: an image of that name that nobody uses
    /// gives way. On error the partial image is as it was.
    result<Manifest> add(
        PartialImage& partial, Manifest manifest, bool replace = false, const Watch& watch = {}
    ) const;

    /// Looks at everything that can be looked at without booting it.
    result<Verification> verify(const std::string& name, const Watch& watch = {}) const;

    /// Removes an image. Refused while somebody uses it.
    result<void> remove(const std::string& name) const;

    /// Adds a live snapshot: moves its files (paths outside the image; the state's record beside
    /// it, guest::snapshot_record_path(), comes along) into the image and names them in the
    /// manifest; one of the same name is replaced.
    result<Snapshot> add_snapshot(
        const std::string& name,
        Snapshot snapshot,
        const std::string& state_path,
        const std::string& disk_path
    ) const;

  private:
    explicit Store(std::string directory) : directory_(std::move(directory)) {}
    std::string directory_;
};

}  // namespace rundown::image
