// SPDX-License-Identifier: MIT
// image/build.hpp
//
// One `rundown image build`: from the user's media to an image in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "image/manifest.hpp"
#include "report/progress.hpp"

namespace rundown::image {

/// What the person asked for. Empty strings and zeros: the recipe chooses.
struct BuildRequest {
    ImageKind kind = ImageKind::invalid;
    std::string name;         // Of the image; empty: from kind, version and architecture.
    std::string iso;          // Installation medium.
    std::string disk;         // In place of it: a disk with the system installed (reactos).
    std::string virtio_iso;   // virtio-win.
    std::string edition;      // Name or EDITIONID of one of the medium's images (windows).
    std::string language;     // "en-US"
    std::string product_key;  // From the person only; never kept in the manifest.
    std::optional<Firmware> firmware;
    std::optional<DiskBus> disk_bus;
    DriverSource nic_drivers = DriverSource::system;  // Or ours: e1000.sys and virtionet.sys.
    std::uint32_t memory_mib = 0;
    std::uint32_t processors = 0;
    std::uint32_t disk_gib = 0;
    bool replace = false;  // An image of that name gives way.
    bool keep = false;     // The disk of a build that failed is kept, and named.

    std::string assets;                // Directory of the built things (drivers, agent, guest).
    std::string out;                   // For logs and screenshots; empty: <assets>/image-builds.
    std::string store;                 // The store's directory; empty: this process's.
    std::string connect = "embedded";  // "embedded" or a libvirt URI.
    std::string accelerator = "auto";  // auto, kvm, tcg.
};

/// Refuses (usage) what contradicts itself or means nothing for the kind. build() begins with it.
result<void> check(const BuildRequest& request);

/// Builds the image and adds it to the store; gives back its manifest. However it ends, nothing is
/// left but what was asked for, logs and screenshots (the sentence of a failure names their
/// directory). Ctrl-C and SIGTERM end it (error: cancelled).
result<Manifest> build(const BuildRequest& request, report::Progress& progress);

/// build() of the reference guest: its built files put on a disk, nothing is booted.
result<Manifest> build_reference(const BuildRequest& request, report::Progress& progress);

}  // namespace rundown::image
