// SPDX-License-Identifier: MIT
// image/store_add_io.cpp
//
// How an image comes into the store: in a directory nobody sees, and then at once.
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/file_io.hpp"
#include "guest/snapshot.hpp"
#include "image/base_stamp_io.hpp"
#include "image/hash_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/room_io.hpp"
#include "image/store.hpp"
#include "image/store_files.hpp"
#include "image/store_lock_io.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSnapshotFolder = "snapshots";

Error name_taken(const std::string& name) {
    return fail(
        ErrorKind::usage,
        fmt::format(
            "there is an image '{}' already: choose another --name, or give it up with --replace",
            name
        )
    );
}

/// What the base really is, into the manifest; and read-only from now on.
result<void> describe_base(const std::string& directory, BaseFile& base, const Watch& watch) {
    const std::string path = directory + "/" + base.file;
    const auto header = read_qcow2_header(path);
    if (!header) {
        return header.error();
    }
    if (header->has_backing_file || header->corrupt || header->dirty) {
        return fail(
            ErrorKind::internal,
            fmt::format("{} cannot be a base: it has a backing file, or was not closed", path)
        );
    }
    if (::chmod(path.c_str(), 0444) != 0) {
        return cannot_write(path, errno);
    }
    RUNDOWN_TRY(sync_path(path));
    std::error_code error;
    base.format = "qcow2";
    base.bytes = fs::file_size(path, error);
    base.virtual_bytes = header->virtual_bytes;
    if (watch.status) {
        watch.status(fmt::format("hashing the disk ({})", size_text(base.bytes)));
    }
    auto hash = sha256_of_file(path, watch);
    if (!hash) {
        return hash.error();
    }
    base.sha256 = *hash;
    return {};
}

Error cannot_rename(const std::string& from, const std::string& to) {
    return fail(
        ErrorKind::environment,
        fmt::format("cannot rename {} to {}: {}", from, to, std::strerror(errno))
    );
}

bool rename_by(const std::string& from, const std::string& to, unsigned how) {
    return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), how) == 0;
}

/// An image gives way to another. The two change places in one step, so that there is one of the
/// name at any moment; where the file system cannot do that (NFS), in two.
result<void> change_places(
    const std::string& from, const std::string& to, const std::string& name
) {
    const auto old = lock_idle_image(lock_path(to), name, "replaced");
    if (!old) {
        return old.error();
    }
    if (rename_by(from, to, RENAME_EXCHANGE)) {
        return {};
    }
    const std::string aside = from + ".old";
    if (::rename(to.c_str(), aside.c_str()) != 0) {
        return cannot_rename(to, aside);
    }
    if (::rename(from.c_str(), to.c_str()) != 0) {
        const Error error = cannot_rename(from, to);
        ::rename(aside.c_str(), to.c_str());
        return error;
    }
    ::rename(aside.c_str(), from.c_str());
    return {};
}

/// Puts the finished directory `from` in the place of `to`; what was there is at `from` then. Under
/// the store's lock.
result<void> give_name(
    const std::string& from, const std::string& to, const std::string& name, bool replace
) {
    std::error_code error;
    if (fs::exists(to, error)) {
        return replace ? change_places(from, to, name) : result<void>(name_taken(name));
    }
    return rename_by(from, to, RENAME_NOREPLACE) ? result<void>() : cannot_rename(from, to);
}

/// Moves a file, across file systems too.
result<void> move_file(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) {
        return {};
    }
    std::error_code error;
    if (errno != EXDEV || !fs::copy_file(from, to, fs::copy_options::overwrite_existing, error)) {
        return cannot_write(to, error ? error.value() : errno);
    }
    fs::remove(from, error);
    return {};
}

}  // namespace

PartialImage::PartialImage(std::string directory, std::string name, FileLock lock)
    : directory_(std::move(directory)), name_(std::move(name)), lock_(std::move(lock)) {}

PartialImage::~PartialImage() {
    if (!directory_.empty()) {
        static_cast<void>(remove_tree(directory_));
    }
}

result<std::unique_ptr<PartialImage>> Store::begin(
    const std::string& name, std::uint64_t bytes_needed, bool replace
) const {
    if (!is_image_name(name)) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "'{}' cannot be the name of an image: take up to 64 letters, digits, '-', '_', '.'",
                name
            )
        );
    }
    std::error_code error;
    if (!replace && fs::exists(directory_ + "/" + name, error)) {
        return name_taken(name);
    }
    RUNDOWN_TRY(check_room(directory_, bytes_needed));
    const auto names_lock = lock_store(directory_);
    if (!names_lock) {
        return names_lock.error();
    }
    std::string path = directory_ + "/" + passing_name(kPartialPrefix, name);
    if (!fs::create_directory(path, error)) {
        return cannot_write(path, error ? error.value() : EEXIST);
    }
    auto lock = lock_new_file(lock_path(path), LockMode::alone, Milliseconds(0));
    if (!lock || !*lock) {
        static_cast<void>(remove_tree(path));
        return lock ? fail(ErrorKind::internal, path + " is locked already") : lock.error();
    }
    return std::unique_ptr<PartialImage>(new PartialImage(std::move(path), name, std::move(*lock)));
}

result<Manifest> Store::add(
    PartialImage& partial, Manifest manifest, bool replace, const Watch& watch
) const {
    manifest.name = partial.name();
    RUNDOWN_TRY(describe_base(partial.directory(), manifest.base, watch));
    if (manifest.uefi_variables) {
        const std::string path = partial.directory() + "/" + manifest.uefi_variables->file;
        const auto hash = sha256_of_file(path, watch);
        if (!hash) {
            return hash.error();
        }
        manifest.uefi_variables->sha256 = *hash;
        ::chmod(path.c_str(), 0444);
    }
    if (const auto fine = check(manifest, manifest_path(partial.directory())); !fine) {
        return fail(ErrorKind::internal, fine.error().sentence);
    }
    RUNDOWN_TRY(write_manifest_of(partial.directory(), manifest));
    stamp_base(partial.directory(), manifest.base);

    {
        const auto names_lock = lock_store(directory_);
        if (!names_lock) {
            return names_lock.error();
        }
        const std::string path = directory_ + "/" + manifest.name;
        RUNDOWN_TRY(give_name(partial.directory(), path, manifest.name, replace));
    }
    static_cast<void>(sync_path(directory_));  // It is in the store, come what may.
    // What is there now is what gave way, if anything; its rest is removed at the next opening.
    static_cast<void>(remove_tree(partial.directory_));
    partial.directory_.clear();
    partial.lock_ = FileLock();
    return manifest;
}

result<Snapshot> Store::add_snapshot(
    const std::string& name,
    Snapshot snapshot,
    const std::string& state_path,
    const std::string& disk_path
) const {
    const auto in_use = use(name);
    if (!in_use) {
        return in_use.error();
    }
    const auto names_lock = lock_store(directory_);  // One writer of manifests at a time.
    if (!names_lock) {
        return names_lock.error();
    }
    auto manifest = read_manifest_of(in_use->directory);
    if (!manifest) {
        return manifest.error();
    }
    std::error_code error;
    fs::create_directory(in_use->directory + "/" + kSnapshotFolder, error);
    snapshot.state_file = fmt::format("{}/{}.state", kSnapshotFolder, snapshot.name);
    snapshot.disk_file.clear();
    snapshot.bytes = fs::file_size(state_path, error);
    const std::string state = in_use->directory + "/" + snapshot.state_file;
    RUNDOWN_TRY(
        move_file(guest::snapshot_record_path(state_path), guest::snapshot_record_path(state))
    );
    RUNDOWN_TRY(move_file(state_path, state));
    if (!disk_path.empty()) {
        snapshot.disk_file = fmt::format("{}/{}.qcow2", kSnapshotFolder, snapshot.name);
        snapshot.bytes += fs::file_size(disk_path, error);
        RUNDOWN_TRY(move_file(disk_path, in_use->directory + "/" + snapshot.disk_file));
        ::chmod((in_use->directory + "/" + snapshot.disk_file).c_str(), 0444);
    }
    std::erase_if(manifest->snapshots, [&](const auto& one) { return one.name == snapshot.name; });
    manifest->snapshots.push_back(snapshot);
    RUNDOWN_TRY(check(*manifest, manifest_path(in_use->directory)));
    RUNDOWN_TRY(write_manifest_of(in_use->directory, *manifest));
    return snapshot;
}

}  // namespace rundown::image
