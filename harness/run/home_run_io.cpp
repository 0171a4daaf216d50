// SPDX-License-Identifier: MIT
// What a run does differently with an image's guest: its overlay, its debug line, what its agent
// can do, and how the test driver has to behave on a kernel that is not ours.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "guest/firmware_io.hpp"
#include "image/store.hpp"
#include "run/aside_io.hpp"
#include "run/scenario_run_io.hpp"
#include "rundown/protocol5_ioctl.h"

namespace rundown::run {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPackage = "protocol5";

image::ImageKind kind_of(GuestFamily family) {
    return image::image_kind_from(to_string(family));
}

/// Opens the image for this run. Blocks: a base that was never verified is hashed.
result<image::ImageUse> use_image(const GuestHome& home) {
    const auto store = image::Store::open_default();
    if (!store) {
        return store.error();
    }
    return store->use(kind_of(home.choice.family), home.choice.image);
}

/// "packages/x64/protocol5", as the driver packages are built.
std::string package_directory(const Assets& assets, const std::string& arch) {
    return fmt::format("{}/{}/{}", assets.packages, arch == "i386" ? "i386" : "x64", kPackage);
}

}  // namespace

Awaitable<MachineFiles> ScenarioRun::prepare_machine() {
    MachineFiles files;
    files.directory = evidence_.directory;
    if (!context_.home.manifest) {
        co_return files;
    }
    std::optional<result<image::ImageUse>> used;
    const std::function<void()> use = [&] { used.emplace(use_image(context_.home)); };
    co_await aside(use);
    if (!*used) {
        co_return used->error();
    }
    auto overlay = image::Overlay::create(
        context_.hypervisor,
        std::move(**used),
        evidence_.directory,
        wait("the image's overlay to be made")
    );
    if (!overlay) {
        co_return overlay.error();
    }
    overlay_ = std::move(*overlay);
    files.disk = overlay_->disk();
    files.uefi_variables = overlay_->uefi_variables();
    if (!files.uefi_variables.empty()) {
        const auto firmware = guest::find_ovmf();
        RUNDOWN_CO_TRY(firmware);
        files.uefi_code = firmware->code;
    }
    co_return files;
}

result<void> ScenarioRun::open_debug_line() {
    if (guest_->spec().second_serial != guest::SecondSerial::stream) {
        return {};
    }
    auto line = DebugLine::start(std::move(guest_->second_serial()), evidence_.com2_log(), [this] {
        interrupt();
    });
    if (!line) {
        return line.error();
    }
    debug_line_ = std::move(*line);
    return {};
}

result<void> ScenarioRun::hear_of_the_guest() {
    outcome_.operations.assign(hello_.operations().begin(), hello_.operations().end());
    const GuestHome& home = context_.home;
    if (hello_.arch() != context_.driver.arch) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "the guest's agent says it is {}, and the driver is for {}",
                hello_.arch(),
                context_.driver.arch
            )
        );
    }
    if (hello_.guest() != to_string(home.choice.family)) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "the guest's agent says it is '{}', and {} was asked for",
                hello_.guest(),
                to_string(home.choice)
            )
        );
    }
    GuestCapabilities capabilities = home.capabilities;
    restrict_to_operations(capabilities, outcome_.operations);
    outcome_.skipped = why_not(capabilities, spec_.scenario, spec_.load, spec_.nics, spec_.ndis);
    own_marks_ = hello_.trace_bytes() == 0;
    return {};
}

/// A system with INetCfg installs a protocol by its INF, if that has been put before the driver is
/// installed; there the .sys is the package's own, whose signature the catalog knows.
Awaitable<void> ScenarioRun::put_package() {
    if (context_.home.choice.family != GuestFamily::windows) {
        co_return result<void>{};
    }
    const std::string directory = package_directory(context_.assets, context_.home.arch);
    std::error_code error;
    for (const char* name : {"protocol5.inf", "protocol5.cat"}) {
        const std::string path = fmt::format("{}/{}", directory, name);
        if (!fs::exists(path, error)) {
            co_return fail(
                ErrorKind::environment, path + " is missing: build the packages with `make build`"
            );
        }
        auto bytes = read_file(path);
        RUNDOWN_CO_TRY(bytes);
        RUNDOWN_CO_TRY(co_await rpc::put_file(
            *client_, name, std::move(*bytes), wait("the driver's package to arrive in the guest")
        ));
    }
    co_return result<void>{};
}

/// The scenario's, and what the driver has to know of a system that is not the reference guest.
std::map<std::string, std::uint32_t> ScenarioRun::driver_parameters() const {
    auto parameters = spec_.scenario.driver_parameters;
    if (hello_.trace_bytes() == 0) {
        // Nobody tells it where the window is. Its own ring, if it comes to that, has to outlive
        // it: the records of Unload are what the run is about.
        parameters.emplace("FindWindow", spec_.no_window ? 0 : 1);
        parameters.emplace("KeepRing", 1);
    }
    if (!context_.home.is_ours()) {
        // What NDIS leaves open the driver closes, so that the guest lives to tell.
        parameters.emplace("CloseBindings", RD_P5_CLOSE_LEFT);
    }
    return parameters;
}

}  // namespace rundown::run
