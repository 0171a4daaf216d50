// SPDX-License-Identifier: MIT
// image/reference_io.cpp
//
// The reference guest on a disk of its own, as an image. Nothing is installed and nothing booted:
// its files are put where its loader looks for them.
#include <fmt/format.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "guest/text_file_io.hpp"
#include "image/build.hpp"
#include "image/calendar_io.hpp"
#include "image/hash_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/recipe.hpp"
#include "image/reference_disk.hpp"
#include "image/store.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kRoom = 64 << 20;
constexpr std::uint32_t kMemoryMiB = 64;
constexpr Milliseconds kConvertPatience{60000};

/// A built file, whole. The error names what builds it.
result<std::string> built_file(const std::string& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
        return fail(
            ErrorKind::environment,
            fmt::format("{} is missing: build the reference guest with `make build`", path)
        );
    }
    return guest::read_text_file(path);
}

Medium medium_of(const std::string& role, const std::string& path, const std::string& bytes) {
    return Medium{role, path, bytes.size(), sha256(bytes), {}};
}

Manifest describe(const BuildRequest& request, const std::string& guest) {
    Manifest manifest;
    manifest.kind = ImageKind::reference;
    manifest.os_name = "rundown reference guest";
    manifest.os_version = RUNDOWN_VERSION;
    manifest.arch = Arch::x86_64;
    manifest.machine.memory_mib = request.memory_mib != 0 ? request.memory_mib : kMemoryMiB;
    manifest.machine.display = false;
    manifest.machine.local_time = false;
    manifest.ndis = {"5.1"};
    manifest.nics = {
        {"e1000", "e1000.sys", DriverSource::ours},
        {"virtio-net", "virtionet.sys", DriverSource::ours}};
    manifest.recipe = current_recipe(ImageKind::reference);
    manifest.base.file = "disk.qcow2";
    if (const auto agent = built_file(guest + "/images/agent.sys")) {
        manifest.agent = InstalledThing{"agent.sys", RUNDOWN_VERSION, sha256(*agent)};
    }
    manifest.created = utc_now();
    return manifest;
}

result<ReferenceDiskParts> read_parts(const std::string& guest, Manifest& manifest) {
    ReferenceDiskParts parts;
    const std::tuple<const char*, const char*, std::string&> files[] = {
        {"loader", "diskboot.bin", parts.loader},
        {"kernel", "boot.elf", parts.kernel},
        {"initrd", "initrd.tar", parts.initrd}};
    for (const auto& [role, name, bytes] : files) {
        const std::string path = guest + "/" + name;
        auto file = built_file(path);
        if (!file) {
            return file.error();
        }
        bytes = std::move(*file);
        manifest.media.push_back(medium_of(role, path, bytes));
    }
    parts.command_line = "seed=1";
    return parts;
}

}  // namespace

result<Manifest> build_reference(const BuildRequest& request, report::Progress& progress) {
    const auto began = Clock::now();
    const Watch watch{[&progress](const std::string& text) { progress.status(text); }, {}};
    const std::string guest = request.assets + "/guest";
    Manifest manifest = describe(request, guest);
    const auto parts = read_parts(guest, manifest);
    if (!parts) {
        return parts.error();
    }
    const auto disk = lay_out_reference_disk(*parts);
    if (!disk) {
        return disk.error();
    }
    const auto store = request.store.empty() ? Store::open_default() : Store::open(request.store);
    if (!store) {
        return store.error();
    }
    auto partial =
        store->begin(request.name.empty() ? "reference" : request.name, kRoom, request.replace);
    if (!partial) {
        return partial.error();
    }
    const std::string raw = (*partial)->directory() + "/disk.raw";
    RUNDOWN_TRY(write_whole_file(raw, *disk));
    RUNDOWN_TRY(convert_disk(
        raw,
        "raw",
        (*partial)->directory() + "/" + manifest.base.file,
        false,
        Deadline::in(kConvertPatience, "qemu-img convert"),
        watch
    ));
    std::error_code error;
    fs::remove(raw, error);
    const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - began);
    manifest.stages.push_back({"disk", static_cast<std::uint64_t>(took.count())});
    return store->add(**partial, std::move(manifest), request.replace, watch);
}

}  // namespace rundown::image
