// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <tuple>

#include "base/file_io.hpp"
#include "base/stop_signals_io.hpp"
#include "guest/accelerator_io.hpp"
#include "guest/guardian_io.hpp"
#include "guest/hypervisor_io.hpp"
#include "image/calendar_io.hpp"
#include "image/hash_io.hpp"
#include "image/install/drive_io.hpp"
#include "image/install/guest_machine_io.hpp"
#include "image/install/host_speed_io.hpp"
#include "image/install/recipe_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/recipe.hpp"

namespace rundown::image {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

/// libvirt has to learn QEMU the first time, which takes seconds on a slow machine.
constexpr Milliseconds kOpenTime{60000};
constexpr Milliseconds kAcceleratorTime{30000};
constexpr Milliseconds kStartTime{60000};
constexpr Milliseconds kCompactTime{1800000};
constexpr const char* kBase = "disk.qcow2";

/// One build from its first directory to the store.
class Build {
  public:
    Build(const BuildRequest& request, InstallRecipe& recipe, report::Progress& progress)
        : request_(request), recipe_(recipe), progress_(progress), signals_(loop_, stop_) {}

    result<Manifest> go();

  private:
    result<void> make_places();
    result<void> hash_media();
    asio::awaitable<result<void>> install();
    asio::awaitable<result<void>> open_hypervisor();
    asio::awaitable<result<std::unique_ptr<InstallMachine>>> next_machine(std::size_t number);
    result<Manifest> finish();
    Error failed(const Error& error);
    result<void> run_to_end(asio::awaitable<result<void>> work);
    void stage(const std::string& name, TimePoint began);
    Watch watch();

    const BuildRequest& request_;
    InstallRecipe& recipe_;
    report::Progress& progress_;
    asio::io_context loop_{1};
    StopRequest stop_;
    StopSignals signals_;
    std::optional<Store> store_;
    std::unique_ptr<PartialImage> partial_;
    std::string logs_;
    std::unique_ptr<guest::Hypervisor> hypervisor_;
    guest::Accelerator accelerator_ = guest::Accelerator::invalid;
    std::vector<Medium> media_;
    std::vector<StageTime> stages_;
    InstallOutcome outcome_;
};

/// Asked by everything that blocks: looks for Ctrl-C, which the loop is told of.
Watch Build::watch() {
    return {
        [this](const std::string& text) { progress_.status(text); },
        [this] {
            if (loop_.stopped()) {
                loop_.restart();
            }
            loop_.poll();
            return stop_.requested();
        }};
}

void Build::stage(const std::string& name, TimePoint began) {
    const auto taken = std::chrono::duration_cast<Milliseconds>(Clock::now() - began);
    stages_.push_back({name, static_cast<std::uint64_t>(taken.count())});
}

result<void> Build::make_places() {
    auto store = request_.store.empty() ? Store::open_default() : Store::open(request_.store);
    if (!store) {
        return store.error();
    }
    store_ = std::move(*store);
    const std::string name = request_.name.empty() ? recipe_.default_name() : request_.name;
    auto partial = store_->begin(name, recipe_.bytes_needed(), request_.replace);
    if (!partial) {
        return partial.error();
    }
    partial_ = std::move(*partial);
    const std::string out = request_.out.empty() ? request_.assets + "/image-builds" : request_.out;
    std::string moment = utc_now();
    std::replace(moment.begin(), moment.end(), ':', '-');
    logs_ = fmt::format("{}/{}-{}", out, moment, name);
    std::error_code error;
    fs::create_directories(logs_, error);
    if (error) {
        return cannot_write(logs_, error.value());
    }
    for (const auto& warning : recipe_.warnings()) {
        progress_.print(fmt::format("warning: {}\n", warning));
    }
    recipe_.work_in({partial_->directory(), logs_, watch()});
    return {};
}

result<void> Build::hash_media() {
    const TimePoint began = Clock::now();
    media_ = recipe_.manifest().media;
    for (auto& medium : media_) {
        progress_.status(fmt::format("hashing {}", medium.path));
        const auto hash = sha256_of_file(medium.path, watch());
        if (!hash) {
            return hash.error();
        }
        medium.sha256 = *hash;
    }
    stage("hashing the media", began);
    return {};
}

asio::awaitable<result<void>> Build::open_hypervisor() {
    progress_.status("connecting to libvirt");
    guest::HypervisorOptions wanted;
    wanted.uri = request_.connect == "embedded" ? "" : request_.connect;
    const Deadline patience = Deadline::in(kOpenTime, "libvirt to connect");
    auto hypervisor = co_await guest::Hypervisor::open(wanted, patience);
    if (!hypervisor) {
        co_return hypervisor.error();
    }
    hypervisor_ = std::move(*hypervisor);
    // The guest that proves an accelerator is the reference guest.
    guest::GuestSpec proof;
    proof.kernel = request_.assets + "/guest/boot.elf";
    proof.initrd = request_.assets + "/guest/initrd.tar";
    proof.command_line = "seed=1";
    proof.directory = logs_ + "/accelerator";
    proof.trace_window_mib = 0;
    proof.reboots = false;
    const Deadline proof_patience = Deadline::in(kAcceleratorTime, "the accelerator to be chosen");
    const auto choice = co_await guest::choose_accelerator(
        *hypervisor_, guest::accelerator_wish_from(request_.accelerator), proof, proof_patience
    );
    if (!choice) {
        co_return choice.error();
    }
    accelerator_ = choice->accelerator;
    co_return result<void>();
}

asio::awaitable<result<std::unique_ptr<InstallMachine>>> Build::next_machine(std::size_t number) {
    const TimePoint began = Clock::now();
    auto spec = recipe_.prepare(number);
    if (!spec) {
        co_return spec.error();
    }
    stage(fmt::format("preparing machine {}", number + 1), began);
    spec->accelerator = accelerator_;
    spec->directory = fmt::format("{}/machine-{}", logs_, number + 1);
    std::error_code error;
    fs::create_directories(spec->directory, error);
    if (error) {
        co_return cannot_write(spec->directory, error.value());
    }
    const Deadline patience = Deadline::in(kStartTime, "the machine to start");
    co_return co_await start_guest_machine(*hypervisor_, std::move(*spec), patience);
}

asio::awaitable<result<void>> Build::install() {
    RUNDOWN_CO_TRY(co_await open_hypervisor());
    progress_.status("measuring this host");
    InstallJob job;
    job.phases = recipe_.phases();
    job.slowness = measure_slowness();
    job.keys = recipe_.keys();
    std::tie(job.settle_quiet, job.settle_max) = recipe_.settling();
    job.directory = logs_;
    job.next_machine = [this](std::size_t number) { return next_machine(number); };
    job.on_hello = [this](rpc::Client& client, const rpc::Hello& hello) {
        return recipe_.on_hello(client, hello);
    };
    job.show = [this](const std::string& text) { progress_.status(text); };
    job.phase_over = [this](const PhaseTime& phase) {
        progress_.print(fmt::format(
            "{:<40} {:>7.1f} s\n", phase.name, static_cast<double>(phase.taken.count()) / 1000
        ));
        stages_.push_back({phase.name, static_cast<std::uint64_t>(phase.taken.count())});
    };
    outcome_ = co_await drive_installation(job, stop_);
    hypervisor_.reset();
    if (outcome_.error) {
        co_return *outcome_.error;
    }
    co_return result<void>();
}

result<void> Build::run_to_end(asio::awaitable<result<void>> work) {
    std::optional<result<void>> ended;
    std::exception_ptr thrown;
    loop_.restart();
    asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr error, result<void> outcome) {
        thrown = error;
        ended = std::move(outcome);
        loop_.stop();
    });
    loop_.run();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    return *ended;
}

result<Manifest> Build::finish() {
    const InstalledDisk disk = recipe_.disk();
    const TimePoint began = Clock::now();
    progress_.status("compacting the disk");
    RUNDOWN_TRY(convert_disk(
        disk.path,
        disk.format,
        partial_->directory() + "/" + kBase,
        true,
        Deadline::in(kCompactTime, "the disk to be compacted"),
        watch()
    ));
    stage("compacting the disk", began);
    Manifest manifest = recipe_.manifest();
    // Only what the manifest names stays.
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(partial_->directory(), error)) {
        const std::string file = entry.path().filename();
        const bool stays = file == kBase || file == "lock" ||
                           (manifest.uefi_variables && file == manifest.uefi_variables->file);
        if (!stays) {
            fs::remove_all(entry.path(), error);
        }
    }
    manifest.name = partial_->name();
    manifest.base.file = kBase;
    manifest.recipe = current_recipe(manifest.kind);
    manifest.media = media_;
    manifest.created = utc_now();
    manifest.stages = stages_;
    return store_->add(*partial_, std::move(manifest), request_.replace, watch());
}

/// The sentence of a failure, with what is needed to act on it.
Error Build::failed(const Error& error) {
    std::string sentence = error.sentence;
    if (logs_.empty()) {
        return error;
    }
    std::string text = sentence + "\n";
    if (const auto what = advice(outcome_.culprit); !what.empty()) {
        text += fmt::format("{}\n", what);
        sentence += fmt::format(". {}", what);
    }
    for (const auto& note : outcome_.notes) {
        text += note + "\n";
    }
    text += "\nThe guest said last:\n";
    for (const auto& line : outcome_.last_lines) {
        text += line + "\n";
    }
    static_cast<void>(write_whole_file(logs_ + "/failure.txt", text));  // The sentence has it.
    sentence += fmt::format(". Logs and pictures of the screen are in {}", logs_);
    if (request_.keep && partial_) {
        const InstalledDisk disk = recipe_.disk();
        const std::string kept = fmt::format("{}/failed-disk.{}", logs_, disk.format);
        std::error_code problem;
        fs::rename(disk.path, kept, problem);
        if (problem) {
            fs::copy_file(disk.path, kept, problem);
        }
        sentence += problem ? "; the disk could not be kept: " + problem.message()
                            : "; the disk is " + kept;
    }
    return fail(error.kind, sentence);
}

result<Manifest> Build::go() {
    RUNDOWN_TRY(make_places());
    // Before anything makes a thread; the last to go.
    const auto guardian = guest::Guardian::start(guest::Places::of_this_process());
    if (!guardian) {
        return guardian.error();
    }
    if (const auto hashed = hash_media(); !hashed) {
        return failed(hashed.error());
    }
    if (const auto installed = run_to_end(install()); !installed) {
        return failed(installed.error());
    }
    auto manifest = finish();
    return manifest ? std::move(manifest) : failed(manifest.error());
}

}  // namespace

result<Manifest> build_installed(
    const BuildRequest& request, InstallRecipe& recipe, report::Progress& progress
) {
    Build build(request, recipe, progress);
    return build.go();
}

}  // namespace rundown::image
