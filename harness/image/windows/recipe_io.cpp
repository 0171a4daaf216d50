// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "image/windows/recipe_io.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guest/firmware_io.hpp"
#include "image/install/iso_copy_io.hpp"
#include "image/install/power_off_io.hpp"
#include "image/machine.hpp"
#include "image/qemu_img_io.hpp"
#include "image/windows/config_cd_io.hpp"
#include "image/windows/media_io.hpp"
#include "image/windows/plan.hpp"

namespace rundown::image::windows {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds kDiskTime{60000};
constexpr Milliseconds kConfigTime{120000};
constexpr std::uint64_t kWrittenAtMost = 30ULL << 30;  // By the largest of them, and its base.
constexpr const char* kVariables = "vars.fd";

class WindowsRecipe : public InstallRecipe {
  public:
    explicit WindowsRecipe(const BuildRequest& request) : request_(request) {}

    result<void> preflight();

    std::string default_name() const override {
        return fmt::format("windows-{}-{}", plan_.system->id, to_string(plan_.manifest.arch));
    }
    std::uint64_t bytes_needed() const override {
        const std::uint64_t copy = plan_.no_prompt.empty() ? 0 : media_.medium.bytes;
        return copy + std::min(plan_.disk_bytes, kWrittenAtMost);
    }
    std::vector<Phase> phases() const override { return plan_.phases; }
    std::optional<InstallKeys> keys() const override {
        if (!plan_.keys) {
            return std::nullopt;
        }
        return InstallKeys{plan_.keys->key, plan_.keys->from, plan_.keys->until, plan_.keys->every};
    }
    std::vector<std::string> warnings() const override { return plan_.warnings; }
    void work_in(WorkPlace place) override { place_ = std::move(place); }
    result<guest::GuestSpec> prepare(std::size_t number) override;
    asio::awaitable<result<void>> on_hello(rpc::Client& client, const rpc::Hello& hello) override;
    InstalledDisk disk() const override { return {file("work.qcow2"), "qcow2"}; }
    Manifest manifest() const override { return manifest_; }

  private:
    bool is_uefi() const { return manifest_.firmware == Firmware::uefi; }
    std::string file(const std::string& name) const { return place_.directory + "/" + name; }
    result<void> make_disks();
    result<guest::GuestSpec> machine() const;

    BuildRequest request_;
    WorkPlace place_;
    WindowsMedia media_;
    WindowsPlan plan_;
    Manifest manifest_;
    std::string install_iso_;  // The person's, or a copy that asks for no key.
};

result<void> WindowsRecipe::preflight() {
    auto media = read_windows_media(request_.iso, request_.virtio_iso);
    if (!media) {
        return media.error();
    }
    media_ = std::move(*media);
    auto plan = plan_windows(read_built_things(request_, request_.assets), media_);
    if (!plan) {
        return plan.error();
    }
    plan_ = std::move(*plan);
    manifest_ = plan_.manifest;
    const MediaInfo& medium = media_.medium;
    manifest_.media = {{"install", request_.iso, medium.bytes, {}, medium.volume_id}};
    if (!request_.virtio_iso.empty()) {
        const auto virtio = MediaImage::open(request_.virtio_iso);
        if (!virtio) {
            return virtio.error();
        }
        manifest_.media.push_back(
            {"virtio-win", request_.virtio_iso, (*virtio)->bytes(), {}, (*virtio)->volume_id()}
        );
    }
    if (is_uefi()) {
        manifest_.uefi_variables = ExtraFile{kVariables, {}};
    }
    return {};
}

result<void> WindowsRecipe::make_disks() {
    place_.watch.status("making the configuration CD");
    RUNDOWN_TRY(
        create_disk(disk().path, plan_.disk_bytes, Deadline::in(kDiskTime, "the disk to be made"))
    );
    RUNDOWN_TRY(write_config_cd(
        plan_,
        request_.virtio_iso,
        place_.directory,
        file("config.iso"),
        Deadline::in(kConfigTime, "the configuration CD")
    ));
    if (!plan_.floppy.empty()) {
        RUNDOWN_TRY(write_floppy(plan_, file("floppy.img")));
    }
    install_iso_ = request_.iso;
    if (!plan_.no_prompt.empty()) {
        place_.watch.status("copying the medium");
        install_iso_ = file("install.iso");
        RUNDOWN_TRY(copy_iso(request_.iso, install_iso_, plan_.no_prompt));
    }
    return {};
}

result<guest::GuestSpec> WindowsRecipe::machine() const {
    guest::GuestSpec spec;
    apply_image(spec, manifest_, disk().path, is_uefi() ? file(kVariables) : std::string());
    if (is_uefi()) {
        const auto firmware = guest::find_ovmf();
        if (!firmware) {
            return firmware.error();
        }
        spec.uefi.code = firmware->code;
        spec.uefi.vars_template = firmware->vars_template;
    }
    spec.trace_window_mib = 0;
    if (!manifest_.nics.empty()) {
        auto nic = guest::nic_from(manifest_.nics.front().model);
        nic.mac = guest::nic_mac(0);
        spec.nics.push_back(nic);
    }
    return spec;
}

result<guest::GuestSpec> WindowsRecipe::prepare(std::size_t number) {
    if (number == 0) {
        RUNDOWN_TRY(make_disks());
    }
    auto spec = machine();
    if (!spec || number > 0) {
        return spec;
    }
    // The disk comes first: as long as nothing on it boots, the CD does.
    guest::CdromSpec install;
    install.file = install_iso_;
    install.bus = guest::is_q35(spec->machine) ? guest::DiskBus::sata : guest::DiskBus::ide;
    install.boot_order = 2;
    guest::CdromSpec config = install;
    config.file = file("config.iso");
    config.boot_order = 0;
    spec->cdroms = {install, config};
    if (!plan_.floppy.empty()) {
        spec->floppy = guest::FloppySpec{.file = file("floppy.img")};
    }
    return spec;
}

asio::awaitable<result<void>> WindowsRecipe::on_hello(
    rpc::Client& client, const rpc::Hello& hello
) {
    if (hello.guest() != "windows" || hello.arch() != to_string(manifest_.arch)) {
        co_return fail(
            ErrorKind::environment,
            fmt::format(
                "the disk holds no Windows for {}: its agent says {} on {}",
                to_string(manifest_.arch),
                hello.guest(),
                hello.arch()
            )
        );
    }
    if (!hello.os_version().empty()) {
        manifest_.os_version = hello.os_version();
    }
    co_return co_await ask_for_power_off(client);
}

}  // namespace

result<std::unique_ptr<InstallRecipe>> make_recipe(const BuildRequest& request) {
    auto recipe = std::make_unique<WindowsRecipe>(request);
    RUNDOWN_TRY(recipe->preflight());
    return recipe;
}

}  // namespace rundown::image::windows
