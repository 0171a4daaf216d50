// SPDX-License-Identifier: MIT
#include "support/sample_manifest.hpp"

#include "image/recipe.hpp"

namespace rundown::test {

image::Manifest sample_manifest() {
    using namespace image;
    const std::string hash(64, 'a');
    Manifest manifest;
    manifest.name = "win10";
    manifest.kind = ImageKind::windows;
    manifest.os_name = "Windows 10 Pro";
    manifest.os_version = "10.0.19045";
    manifest.arch = Arch::x86_64;
    manifest.edition = "Windows 10 Pro";
    manifest.language = "en-US";
    manifest.firmware = Firmware::uefi;
    manifest.machine.machine = "q35";
    manifest.machine.memory_mib = 4096;
    manifest.machine.processors = 2;
    manifest.machine.disk_bus = DiskBus::sata;
    manifest.ndis = {"5.1", "6.50"};
    manifest.nics = {{"e1000e", "e1i65x64.sys", DriverSource::system}};
    manifest.recipe = current_recipe(ImageKind::windows);
    manifest.base = {"disk.qcow2", "qcow2", 1000, 64 << 20, hash};
    manifest.uefi_variables = ExtraFile{"vars.fd", hash};
    manifest.agent = InstalledThing{"rundown-agent.exe", "0.1.0", hash};
    manifest.packages = {{"protocol5", "0.1.0", hash}};
    manifest.certificate = Certificate{"CN=rundown test", hash, "2036-01-01T00:00:00Z"};
    manifest.media = {{"install", "/media/win10.iso", 5000000000, hash, "CCCOMA_X64FRE"}};
    manifest.created = "2026-01-31T12:00:00Z";
    manifest.stages = {{"winpe", 60000}};
    manifest.snapshots = {{"ready", "q35 e1000e", "snapshots/ready.state", "", 1234}};
    return manifest;
}

}  // namespace rundown::test
