// SPDX-License-Identifier: MIT
// image/store_verify_io.cpp
//
// Everything about an image that can be looked at without booting it.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "guest/snapshot.hpp"
#include "image/base_stamp_io.hpp"
#include "image/calendar_io.hpp"
#include "image/hash_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/recipe.hpp"
#include "image/store.hpp"
#include "image/store_files.hpp"
#include "image/store_lock_io.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds kCheckPatience{std::chrono::minutes(30)};
constexpr std::int64_t kExpiryWarningDays = 30;

/// True when the call is to be ended rather than complained of.
bool note(const result<void>& outcome, Verification& verification) {
    if (!outcome) {
        verification.complaints.push_back(outcome.error().sentence);
    }
    return !outcome && outcome.error().kind == ErrorKind::cancelled;
}

void verify_certificate(const Manifest& manifest, Verification& verification) {
    if (!manifest.certificate) {
        return;
    }
    const auto& certificate = *manifest.certificate;
    if (certificate.not_after <= utc_now()) {
        verification.complaints.push_back(fmt::format(
            "the certificate {} that drivers are signed with ended at {}: build the image again",
            certificate.subject,
            certificate.not_after
        ));
    } else if (certificate.not_after <= utc_now(kExpiryWarningDays)) {
        verification.warnings.push_back(fmt::format(
            "the certificate {} that drivers are signed with ends at {}",
            certificate.subject,
            certificate.not_after
        ));
    }
}

result<void> verify_variables(const std::string& image, const ExtraFile& variables) {
    const std::string path = image + "/" + variables.file;
    const auto hash = sha256_of_file(path);
    if (!hash) {
        return hash.error();
    }
    if (*hash != variables.sha256) {
        return fail(ErrorKind::environment, fmt::format("{} has changed", path));
    }
    return {};
}

void verify_snapshots(const std::string& image, const Manifest& manifest, Verification& out) {
    for (const Snapshot& snapshot : manifest.snapshots) {
        std::uint64_t bytes = 0;
        std::error_code error;
        const std::string record = guest::snapshot_record_path(snapshot.state_file);
        if (!fs::exists(image + "/" + record, error)) {
            out.complaints.push_back(fmt::format("{}/{} is gone", image, record));
        }
        for (const auto& file : {snapshot.state_file, snapshot.disk_file}) {
            if (file.empty()) {
                continue;
            }
            const auto size = fs::file_size(image + "/" + file, error);
            if (error) {
                out.complaints.push_back(fmt::format("{}/{} is gone", image, file));
                break;
            }
            bytes += size;
        }
        if (!error && bytes != snapshot.bytes) {
            out.complaints.push_back(fmt::format(
                "the files of snapshot '{}' have {} bytes and had {}",
                snapshot.name,
                bytes,
                snapshot.bytes
            ));
        }
    }
}

/// The reference guest is built again and again; an image of it is not.
void verify_media(const Manifest& manifest, Verification& verification) {
    if (manifest.kind != ImageKind::reference) {
        return;
    }
    for (const Medium& medium : manifest.media) {
        const auto hash = sha256_of_file(medium.path);
        if (hash && *hash != medium.sha256) {
            verification.warnings.push_back(fmt::format(
                "{} has changed since: build the image again to run what is built now", medium.path
            ));
        }
    }
}

void verify_permissions(const std::string& base, Verification& verification) {
    struct stat status = {};
    if (::stat(base.c_str(), &status) == 0 && (status.st_mode & 0222) != 0) {
        verification.warnings.push_back(fmt::format("{} can be written to", base));
    }
}

}  // namespace

result<Verification> Store::verify(const std::string& name, const Watch& watch) const {
    const auto path = find(name);
    if (!path) {
        return path.error();
    }
    const auto lock = lock_file(lock_path(*path), LockMode::shared, kLookPatience);
    Verification verification;
    if (!lock) {
        verification.complaints.push_back(lock.error().sentence);
    } else if (!*lock) {
        return fail(ErrorKind::environment, fmt::format("the image '{}' is being removed", name));
    }
    const auto manifest = read_manifest_of(*path);
    if (!manifest) {
        verification.complaints.push_back(manifest.error().sentence);
        return verification;
    }
    note(check_recipe(*manifest), verification);
    const auto base = check_base(*path, *manifest, true, watch);
    if (note(base, verification)) {
        return base.error();
    }
    const std::string disk = *path + "/" + manifest->base.file;
    std::error_code error;
    if (fs::exists(disk, error)) {
        if (watch.status) {
            watch.status(fmt::format("checking {}", disk));
        }
        const auto complaint =
            check_disk(disk, Deadline::in(kCheckPatience, "qemu-img check"), watch);
        if (!complaint) {
            return complaint.error();
        }
        if (!complaint->empty()) {
            verification.complaints.push_back(*complaint);
        }
        verify_permissions(disk, verification);
    }
    if (manifest->uefi_variables) {
        note(verify_variables(*path, *manifest->uefi_variables), verification);
    }
    verify_snapshots(*path, *manifest, verification);
    verify_media(*manifest, verification);
    verify_certificate(*manifest, verification);
    return verification;
}

}  // namespace rundown::image
