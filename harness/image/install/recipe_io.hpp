// SPDX-License-Identifier: MIT
// image/install/recipe_io.hpp
//
// What a kind of guest says about its installation: phases, machines, what is done to the disk
// between them, what is in the image afterwards. install/build_installed_io.cpp does the rest. With
// Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "guest/spec.hpp"
#include "image/build.hpp"
#include "image/install/drive_io.hpp"
#include "image/install/phase.hpp"
#include "image/store.hpp"
#include "report/progress.hpp"
#include "rpc/client_io.hpp"

namespace rundown::image {

/// Where an image is made.
struct WorkPlace {
    std::string directory;  // For disk and media; gone afterwards.
    std::string logs;       // Stays.
    Watch watch;
};

/// The disk the system was installed on.
struct InstalledDisk {
    std::string path;
    std::string format;  // As qemu-img names it.
};

class InstallRecipe {
  public:
    virtual ~InstallRecipe() = default;

    /// Of the image, when the person gave it none.
    virtual std::string default_name() const = 0;
    /// Room for all that is made in WorkPlace::directory at once.
    virtual std::uint64_t bytes_needed() const = 0;
    virtual std::vector<Phase> phases() const = 0;

    /// Keys the first machine wants pressed; nothing: none.
    virtual std::optional<InstallKeys> keys() const { return std::nullopt; }

    /// What may go wrong and cannot be known before. Sentences.
    virtual std::vector<std::string> warnings() const { return {}; }

    /// How long the system must be quiet after its first hello, and how long that is waited for at
    /// most; see InstallJob. Shorter than the quiet time of the phase behind the hello.
    virtual std::pair<Milliseconds, Milliseconds> settling() const { return {}; }

    /// Once, before the first machine.
    virtual void work_in(WorkPlace place) = 0;
    /// Makes everything ready for machine `number` (0 first) and says what it is; accelerator and
    /// directory are the caller's. Blocking; no machine runs meanwhile.
    virtual result<guest::GuestSpec> prepare(std::size_t number) = 0;
    /// The agent said hello: checks that it is the right one, puts in what is missing, asks for
    /// power off.
    virtual boost::asio::awaitable<result<void>> on_hello(
        rpc::Client& client, const rpc::Hello& hello
    ) = 0;

    virtual InstalledDisk disk() const = 0;
    /// All of it but name, base, stages, creation and the media's hashes. Complete once the
    /// installation is over.
    virtual Manifest manifest() const = 0;
};

/// Installs, and adds the image to the store: build() of everything that must be booted.
result<Manifest> build_installed(
    const BuildRequest& request, InstallRecipe& recipe, report::Progress& progress
);

}  // namespace rundown::image
