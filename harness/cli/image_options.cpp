// SPDX-License-Identifier: MIT
#include "cli/image_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/nearest.hpp"
#include "cli/options.hpp"

namespace rundown::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  rundown image build reactos --iso ReactOS-0.4.15.iso
  rundown image build windows --iso Win10.iso --edition "Windows 10 Pro" --virtio-iso virtio-win.iso --name win10
  rundown image build reference                          the reference guest on a disk of its own
  rundown image list
  rundown image verify --all
  rundown run --all --guest windows:win10
)";

/// A CLI11 check that a word is one of `choices`, with the nearest in its complaint; empty when so.
CLI::Validator one_of(const std::string& what, std::vector<std::string> choices) {
    const auto judge = [what, choices = std::move(choices)](std::string& word) -> std::string {
        if (std::find(choices.begin(), choices.end(), word) != choices.end()) {
            return {};
        }
        return fmt::format(
            "unknown {} '{}'{}; choose from {}",
            what,
            word,
            did_you_mean(word, choices),
            fmt::join(choices, ", ")
        );
    };
    return CLI::Validator(judge, "");
}

void add_media(CLI::App& build, image::BuildRequest& request) {
    build
        .add_option_function<std::string>(
            "KIND",
            [&request](const std::string& word) { request.kind = image::image_kind_from(word); },
            "reactos, windows, or reference"
        )
        ->required()
        ->check(one_of("kind of image", {"reactos", "windows", "reference"}));
    build.add_option("--iso", request.iso, "The system's installation medium");
    build.add_option(
        "--disk", request.disk, "A disk the system is installed on, in place of --iso (reactos)"
    );
    build.add_option("--virtio-iso", request.virtio_iso, "The virtio-win ISO (windows)");
    build.add_option("--edition", request.edition, "Which of the medium's editions (windows)");
    build.add_option("--language", request.language, "Such as en-US");
    build.add_option(
        "--product-key", request.product_key, "Your own key (windows); it is written down nowhere"
    );
}

void add_wishes(CLI::App& build, image::BuildRequest& request) {
    build
        .add_option_function<std::string>(
            "--firmware",
            [&request](const std::string& word) { request.firmware = image::firmware_from(word); },
            "bios or uefi"
        )
        ->check(one_of("firmware", {"bios", "uefi"}));
    build
        .add_option_function<std::string>(
            "--disk-bus",
            [&request](const std::string& word) { request.disk_bus = image::disk_bus_from(word); },
            "ide, sata, virtio or scsi"
        )
        ->check(one_of("disk bus", {"ide", "sata", "virtio", "scsi"}));
    build
        .add_option_function<std::string>(
            "--nic-drivers",
            [&request](const std::string& word) {
                request.nic_drivers =
                    word == "ours" ? image::DriverSource::ours : image::DriverSource::system;
            },
            "system: those the system brings; ours: e1000.sys and virtionet.sys in their place"
        )
        ->check(one_of("source of NIC drivers", {"system", "ours"}));
    build.add_option("--memory", request.memory_mib, "MiB of memory");
    build.add_option("--processors", request.processors, "Processors")->check(CLI::Range(1, 16));
    build.add_option("--disk-size", request.disk_gib, "GiB of the disk")
        ->check(CLI::Range(1, 2048));
}

void add_build(CLI::App& image, Options& options) {
    auto* build = image.add_subcommand("build", "Install a system from your media into an image");
    auto& request = options.image.build;
    add_media(*build, request);
    add_wishes(*build, request);
    build->add_option(
        "--name", request.name, "Of the image (default: from kind, version and architecture)"
    );
    build->add_flag("--replace", request.replace, "An image of that name gives way");
    build->add_flag("--keep", request.keep, "Keep the disk of a build that failed");
    build->add_option(
        "--out",
        request.out,
        "Directory for logs and screenshots (default: image-builds/ beside the program)"
    );
    build->add_option("--connect", request.connect, "libvirt: 'embedded', or the URI of a daemon")
        ->capture_default_str();
    build->add_option("--accel", request.accelerator, "auto (by proof), kvm or tcg")
        ->check(one_of("accelerator", {"auto", "kvm", "tcg"}))
        ->capture_default_str();
    build->callback([&options] { options.command = Command::image_build; });
}

void add_store(CLI::App& image, Options& options) {
    auto& wanted = options.image;
    auto* list = image.add_subcommand("list", "List the images of the store");
    list->add_flag("--json", options.json, "Print one JSON document on standard output");
    list->callback([&options] { options.command = Command::image_list; });

    auto* verify =
        image.add_subcommand("verify", "Look for damage: hashes, disks, certificates, recipes");
    auto* name = verify->add_option("NAME", wanted.name, "An image");
    verify->add_flag("--all", wanted.all, "Every image of the store")->excludes(name);
    verify->callback([&options] {
        if (options.image.name.empty() && !options.image.all) {
            throw CLI::ValidationError("name an image, or say --all");
        }
        options.command = Command::image_verify;
    });

    auto* remove = image.add_subcommand("remove", "Remove an image that nobody uses");
    remove->add_option("NAME", wanted.name, "An image")->required();
    remove->callback([&options] { options.command = Command::image_remove; });
}

}  // namespace

void add_image(CLI::App& app, Options& options) {
    auto* image = app.add_subcommand("image", "Build, list, verify and remove images of systems");
    image->require_subcommand(1);
    image->footer(kExamples);
    add_build(*image, options);
    add_store(*image, options);
}

}  // namespace rundown::cli
