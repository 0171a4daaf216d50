// SPDX-License-Identifier: MIT
#include "image/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "image/manifest_members.hpp"

namespace rundown::image {
namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
constexpr std::string_view kSnapshotFolder = "snapshots/";

template <class E>
E value_from(std::string_view text) {
    for (const E value : values_of(E{})) {
        if (to_string(value) == text) {
            return value;
        }
    }
    return E::invalid;
}

bool is_hash(std::string_view text) {
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// "2026-11-24T16:00:00Z", roughly: digits where digits belong.
bool is_time(std::string_view text) {
    constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
    return text.size() == kShape.size() &&
           std::equal(text.begin(), text.end(), kShape.begin(), [](char is, char shape) {
               return shape == '0' ? is >= '0' && is <= '9' : is == shape;
           });
}

/// A file's name inside the image's directory: leads nowhere else.
bool is_snapshot_file(std::string_view name) {
    return name.starts_with(kSnapshotFolder) && is_image_name(name.substr(kSnapshotFolder.size()));
}

/// Complains, once, about the first thing that does not hold.
class Complaints {
  public:
    explicit Complaints(const std::string& file) : file_(file) {}
    void require(bool holds, const std::string& sentence) {
        if (!holds && first_.empty()) {
            first_ = fmt::format("{}: {}", file_, sentence);
        }
    }
    void require_hash(const std::string& member, const std::string& value) {
        require(is_hash(value), fmt::format("{} is not a SHA-256 in hexadecimal digits", member));
    }
    result<void> outcome() const {
        if (first_.empty()) {
            return {};
        }
        return fail(ErrorKind::environment, first_);
    }

  private:
    const std::string& file_;
    std::string first_;
};

void check_files(const Manifest& manifest, Complaints& complaints) {
    const BaseFile& base = manifest.base;
    complaints.require(is_image_name(base.file), "base.file is not a file name");
    complaints.require(base.format == "qcow2", "base.format is not qcow2");
    complaints.require(base.bytes != 0, "base.bytes is 0");
    complaints.require(
        base.virtual_bytes != 0 && base.virtual_bytes % 512 == 0,
        "base.virtual_bytes is not a number of sectors"
    );
    complaints.require_hash("base.sha256", base.sha256);
    const bool uefi = manifest.firmware == Firmware::uefi;
    complaints.require(
        uefi == manifest.uefi_variables.has_value(),
        uefi ? "uefi_variables is null though firmware is uefi"
             : "uefi_variables is given though firmware is bios"
    );
    if (manifest.uefi_variables) {
        complaints.require(
            is_image_name(manifest.uefi_variables->file), "uefi_variables.file is not a file name"
        );
        complaints.require_hash("uefi_variables.sha256", manifest.uefi_variables->sha256);
    }
    std::vector<std::string> names;
    for (const Snapshot& snapshot : manifest.snapshots) {
        complaints.require(
            is_image_name(snapshot.name) &&
                std::find(names.begin(), names.end(), snapshot.name) == names.end(),
            fmt::format("the snapshot name '{}' is none, or is there twice", snapshot.name)
        );
        names.push_back(snapshot.name);
        complaints.require(
            is_snapshot_file(snapshot.state_file) &&
                (snapshot.disk_file.empty() || is_snapshot_file(snapshot.disk_file)),
            fmt::format("the files of snapshot '{}' are not in snapshots/", snapshot.name)
        );
    }
}

void check_machine(const Manifest& manifest, Complaints& complaints) {
    const Machine& machine = manifest.machine;
    complaints.require(!machine.machine.empty(), "machine.machine is empty");
    complaints.require(!machine.cpu.empty(), "machine.cpu is empty");
    complaints.require(machine.memory_mib != 0, "machine.memory_mib is 0");
    complaints.require(machine.processors != 0, "machine.processors is 0");
    complaints.require(
        (machine.com1 == PortRole::rpc) != (machine.com2 == PortRole::rpc),
        "one of machine.com1 and machine.com2 must be rpc, and one only"
    );
    for (std::size_t i = 0; i < manifest.nics.size(); ++i) {
        complaints.require(
            !manifest.nics[i].model.empty() && !manifest.nics[i].driver.empty(),
            fmt::format("nics[{}] lacks its model or its driver", i)
        );
    }
}

void check_contents(const Manifest& manifest, Complaints& complaints) {
    complaints.require(!manifest.ndis.empty(), "ndis is empty");
    complaints.require(!manifest.recipe.name.empty(), "recipe.name is empty");
    complaints.require(manifest.recipe.version != 0, "recipe.version is 0");
    complaints.require(
        is_time(manifest.created), "created is not a time such as 2026-01-31T12:00:00Z"
    );
    if (manifest.agent) {
        complaints.require_hash("agent.sha256", manifest.agent->sha256);
    }
    for (std::size_t i = 0; i < manifest.packages.size(); ++i) {
        complaints.require_hash(fmt::format("packages[{}].sha256", i), manifest.packages[i].sha256);
    }
    for (std::size_t i = 0; i < manifest.media.size(); ++i) {
        complaints.require_hash(fmt::format("media[{}].sha256", i), manifest.media[i].sha256);
    }
    if (manifest.certificate) {
        complaints.require_hash("certificate.sha256", manifest.certificate->sha256);
        complaints.require(
            is_time(manifest.certificate->not_after),
            "certificate.not_after is not a time such as 2026-01-31T12:00:00Z"
        );
    }
}

}  // namespace

std::string_view to_string(ImageKind kind) {
    switch (kind) {
        case ImageKind::invalid:
            break;
        case ImageKind::reference:
            return "reference";
        case ImageKind::reactos:
            return "reactos";
        case ImageKind::windows:
            return "windows";
    }
    return "invalid";
}

std::string_view to_string(Arch arch) {
    switch (arch) {
        case Arch::invalid:
            break;
        case Arch::i386:
            return "i386";
        case Arch::x86_64:
            return "x86-64";
    }
    return "invalid";
}

std::string_view to_string(PortRole role) {
    switch (role) {
        case PortRole::invalid:
            break;
        case PortRole::none:
            return "none";
        case PortRole::rpc:
            return "rpc";
        case PortRole::debug_log:
            return "debug-log";
    }
    return "invalid";
}

std::string_view to_string(DriverSource source) {
    switch (source) {
        case DriverSource::invalid:
            break;
        case DriverSource::system:
            return "system";
        case DriverSource::ours:
            return "ours";
        case DriverSource::virtio_win:
            return "virtio-win";
    }
    return "invalid";
}

ImageKind image_kind_from(std::string_view text) {
    return value_from<ImageKind>(text);
}
Arch arch_from(std::string_view text) {
    return value_from<Arch>(text);
}
Firmware firmware_from(std::string_view text) {
    return value_from<Firmware>(text);
}
DiskBus disk_bus_from(std::string_view text) {
    return value_from<DiskBus>(text);
}

bool is_image_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameMax && name.front() != '.' &&
           name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

result<void> check(const Manifest& manifest, const std::string& file) {
    Complaints complaints(file);
    complaints.require(is_image_name(manifest.name), "name is not one an image can have");
    complaints.require(manifest.kind != ImageKind::invalid, "kind is not given");
    complaints.require(manifest.arch != Arch::invalid, "arch is not given");
    complaints.require(manifest.firmware != Firmware::invalid, "firmware is not given");
    check_machine(manifest, complaints);
    check_contents(manifest, complaints);
    check_files(manifest, complaints);
    return complaints.outcome();
}

}  // namespace rundown::image
