// SPDX-License-Identifier: MIT
// image/manifest_members.hpp
//
// The members of a manifest and their names in manifest.json, once for both directions: a visitor
// v(name, member) writes each into an object or reads each out of one. Only manifest_json.cpp
// includes it.
#pragma once

#include <span>
#include <string_view>

#include "image/manifest.hpp"

namespace rundown::image {

inline constexpr ImageKind kImageKinds[] = {
    ImageKind::reference, ImageKind::reactos, ImageKind::windows};
inline constexpr Arch kArchs[] = {Arch::i386, Arch::x86_64};
inline constexpr Firmware kFirmwares[] = {Firmware::bios, Firmware::uefi};
inline constexpr DiskBus kDiskBuses[] = {
    DiskBus::ide, DiskBus::sata, DiskBus::virtio, DiskBus::scsi};
inline constexpr PortRole kPortRoles[] = {PortRole::none, PortRole::rpc, PortRole::debug_log};
inline constexpr DriverSource kDriverSources[] = {
    DriverSource::system, DriverSource::ours, DriverSource::virtio_win};

inline std::span<const ImageKind> values_of(ImageKind) {
    return kImageKinds;
}
inline std::span<const Arch> values_of(Arch) {
    return kArchs;
}
inline std::span<const Firmware> values_of(Firmware) {
    return kFirmwares;
}
inline std::span<const DiskBus> values_of(DiskBus) {
    return kDiskBuses;
}
inline std::span<const PortRole> values_of(PortRole) {
    return kPortRoles;
}
inline std::span<const DriverSource> values_of(DriverSource) {
    return kDriverSources;
}

template <class V>
void members(V& v, Machine& machine) {
    v("machine", machine.machine);
    v("cpu", machine.cpu);
    v("memory_mib", machine.memory_mib);
    v("processors", machine.processors);
    v("disk_bus", machine.disk_bus);
    v("com1", machine.com1);
    v("com2", machine.com2);
    v("display", machine.display);
    v("local_time", machine.local_time);
}

template <class V>
void members(V& v, NicSupport& nic) {
    v("model", nic.model);
    v("driver", nic.driver);
    v("source", nic.source);
}

template <class V>
void members(V& v, Recipe& recipe) {
    v("name", recipe.name);
    v("version", recipe.version);
}

template <class V>
void members(V& v, BaseFile& base) {
    v("file", base.file);
    v("format", base.format);
    v("bytes", base.bytes);
    v("virtual_bytes", base.virtual_bytes);
    v("sha256", base.sha256);
}

template <class V>
void members(V& v, ExtraFile& extra) {
    v("file", extra.file);
    v("sha256", extra.sha256);
}

template <class V>
void members(V& v, InstalledThing& thing) {
    v("name", thing.name);
    v("version", thing.version);
    v("sha256", thing.sha256);
}

template <class V>
void members(V& v, Certificate& certificate) {
    v("subject", certificate.subject);
    v("sha256", certificate.sha256);
    v("not_after", certificate.not_after);
}

template <class V>
void members(V& v, Medium& medium) {
    v("role", medium.role);
    v("path", medium.path);
    v("bytes", medium.bytes);
    v("sha256", medium.sha256);
    v("volume_id", medium.volume_id);
}

template <class V>
void members(V& v, StageTime& time) {
    v("stage", time.stage);
    v("milliseconds", time.milliseconds);
}

template <class V>
void members(V& v, Snapshot& snapshot) {
    v("name", snapshot.name);
    v("hardware", snapshot.hardware);
    v("state_file", snapshot.state_file);
    v("disk_file", snapshot.disk_file);
    v("bytes", snapshot.bytes);
}

template <class V>
void members(V& v, Manifest& manifest) {
    v("name", manifest.name);
    v("kind", manifest.kind);
    v("os_name", manifest.os_name);
    v("os_version", manifest.os_version);
    v("arch", manifest.arch);
    v("edition", manifest.edition);
    v("language", manifest.language);
    v("firmware", manifest.firmware);
    v("machine", manifest.machine);
    v("ndis", manifest.ndis);
    v("nics", manifest.nics);
    v("recipe", manifest.recipe);
    v("base", manifest.base);
    v("uefi_variables", manifest.uefi_variables);
    v("agent", manifest.agent);
    v("packages", manifest.packages);
    v("certificate", manifest.certificate);
    v("media", manifest.media);
    v("created", manifest.created);
    v("stages", manifest.stages);
    v("snapshots", manifest.snapshots);
}

}  // namespace rundown::image
