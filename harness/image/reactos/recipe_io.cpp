// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "image/reactos/recipe_io.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/file_io.hpp"
#include "guest/find_program_io.hpp"
#include "image/hash_io.hpp"
#include "image/install/power_off_io.hpp"
#include "image/media/media.hpp"
#include "image/program_io.hpp"
#include "image/reactos/answers.hpp"
#include "image/reactos/fat_disk_io.hpp"
#include "image/reactos/installed_disk_io.hpp"
#include "image/room_io.hpp"

namespace rundown::image::reactos {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kDiskGib = 4;
constexpr std::uint32_t kMemoryMib = 512;
constexpr std::uint64_t kWrittenAtMost = 1536ULL << 20;  // By an installation, and its base.
constexpr Milliseconds kSettled{20000};
constexpr Milliseconds kSettleMax{300000};
constexpr Milliseconds kConvertTime{600000};

struct SystemDriver {
    std::string_view model;
    std::string_view file;  // The system's.
    std::string_view ours;  // In the directory of the built i386 drivers; empty: none.
};
constexpr SystemDriver kNicDrivers[] = {
    {"e1000", "e1000.sys", "e1000.sys"},
    {"virtio-net", "netkvm.sys", "virtionet.sys"},
    {"rtl8139", "rtl8139.sys", ""},
};

class ReactosRecipe : public InstallRecipe {
  public:
    explicit ReactosRecipe(const BuildRequest& request) : request_(request) {}

    /// Looks at everything; see make_recipe().
    result<void> preflight();

    std::string default_name() const override;
    std::uint64_t bytes_needed() const override;
    std::vector<Phase> phases() const override { return reactos::phases(installed()); }
    /// The first logon installs devices and sets up the shell; the agent is there before that.
    std::pair<Milliseconds, Milliseconds> settling() const override {
        return {kSettled, kSettleMax};
    }
    void work_in(WorkPlace place) override { place_ = std::move(place); }
    result<guest::GuestSpec> prepare(std::size_t number) override;
    asio::awaitable<result<void>> on_hello(rpc::Client& client, const rpc::Hello& hello) override;
    InstalledDisk disk() const override { return {place_.directory + "/work.raw", "raw"}; }
    Manifest manifest() const override { return manifest_; }

  private:
    bool installed() const { return !request_.disk.empty(); }
    std::string cd() const { return place_.directory + "/boot.iso"; }
    result<void> look_at_medium();
    result<void> look_at_disk();
    result<void> read_agent();
    result<void> read_drivers();
    result<void> make_empty_disk();
    result<void> copy_installed_disk();
    void describe();
    guest::GuestSpec machine(bool from_cd, bool with_nics) const;

    BuildRequest request_;
    WorkPlace place_;
    Manifest manifest_;
    std::string answers_;
    std::string agent_;
    std::vector<ReplacedDriver> drivers_;
    std::string disk_format_;  // Of request_.disk.
};

result<void> ReactosRecipe::preflight() {
    for (const char* program : {"qemu-img", "mcopy"}) {
        RUNDOWN_TRY(guest::find_program(program));
    }
    if (::access("/usr/sbin/reged", X_OK) != 0 && !guest::find_program("reged")) {
        return fail(
            ErrorKind::environment,
            "reged was not found: install it with \"apt-get install chntpw\""
        );
    }
    RUNDOWN_TRY(installed() ? look_at_disk() : look_at_medium());
    auto answers = unattend_inf(request_.language);
    if (!answers) {
        return answers.error();
    }
    answers_ = std::move(*answers);
    RUNDOWN_TRY(read_agent());
    RUNDOWN_TRY(read_drivers());
    describe();
    return {};
}

result<void> ReactosRecipe::look_at_medium() {
    const auto medium = MediaImage::open(request_.iso);
    if (!medium) {
        return medium.error();
    }
    const auto info = inspect_media(**medium);
    if (!info) {
        return info.error();
    }
    RUNDOWN_TRY(require_media(*info, ImageKind::reactos, Arch::i386));
    for (const char* file : {"freeldr.ini", "reactos/unattend.inf"}) {
        if (!(*medium)->has_file(file)) {
            return fail(
                ErrorKind::environment,
                fmt::format("{} is not ReactOS's boot CD: it has no {}", request_.iso, file)
            );
        }
    }
    manifest_.os_version = info->os_version;
    manifest_.media.push_back({"install", request_.iso, info->bytes, {}, info->volume_id});
    return {};
}

result<void> ReactosRecipe::look_at_disk() {
    std::error_code error;
    const auto bytes = fs::file_size(request_.disk, error);
    if (error) {
        return fail(
            ErrorKind::environment,
            fmt::format("cannot read {}: {}", request_.disk, error.message())
        );
    }
    // A disk that says by its own first bytes that it is qcow2 is the person's, not a guest's.
    std::ifstream file(request_.disk, std::ios::binary);
    char magic[4] = {};
    file.read(magic, sizeof magic);
    disk_format_ = std::string_view(magic, sizeof magic) == "QFI\xFB" ? "qcow2" : "raw";
    manifest_.media.push_back({"disk", request_.disk, bytes, {}, {}});
    return {};
}

result<void> ReactosRecipe::read_agent() {
    const std::string path = request_.assets + "/drivers-i386/" + std::string(kAgentFile);
    auto program = read_whole_file(path);
    if (!program) {
        return fail(
            ErrorKind::environment, fmt::format("{} is missing: build it with `make build`", path)
        );
    }
    agent_ = std::move(*program);
    manifest_.agent = InstalledThing{std::string(kAgentFile), RUNDOWN_VERSION, sha256(agent_)};
    return {};
}

result<void> ReactosRecipe::read_drivers() {
    const bool ours = request_.nic_drivers == DriverSource::ours;
    if (!ours && request_.nic_drivers != DriverSource::system) {
        return fail(
            ErrorKind::usage, "ReactOS takes --nic-drivers system or ours; it has virtio-net's"
        );
    }
    for (const auto& driver : kNicDrivers) {
        const bool replaced = ours && !driver.ours.empty();
        manifest_.nics.push_back(
            {std::string(driver.model),
             std::string(driver.file),
             replaced ? DriverSource::ours : DriverSource::system}
        );
        if (!replaced) {
            continue;
        }
        const std::string path = request_.assets + "/drivers-i386/" + std::string(driver.ours);
        auto contents = read_whole_file(path);
        if (!contents) {
            return fail(
                ErrorKind::environment,
                fmt::format("{} is missing: build it with `make build`", path)
            );
        }
        manifest_.packages.push_back({std::string(driver.ours), RUNDOWN_VERSION, sha256(*contents)}
        );
        drivers_.push_back({std::string(driver.file), std::move(*contents)});
    }
    return {};
}

void ReactosRecipe::describe() {
    manifest_.kind = ImageKind::reactos;
    manifest_.os_name = "ReactOS";
    manifest_.arch = Arch::i386;
    manifest_.language = installed() ? "" : request_.language.empty() ? "en-US" : request_.language;
    manifest_.firmware = Firmware::bios;
    manifest_.machine.memory_mib = request_.memory_mib != 0 ? request_.memory_mib : kMemoryMib;
    manifest_.machine.processors = request_.processors != 0 ? request_.processors : 1;
    manifest_.machine.disk_bus = DiskBus::ide;
    manifest_.machine.com2 = PortRole::debug_log;
    // Lost ticks caught up (QEMU's driftfix=slew, part of the clock Windows wants) stop ReactOS in
    // its disk driver for ever.
    manifest_.machine.local_time = false;
    manifest_.ndis = {"5.0", "5.1"};
}

std::string ReactosRecipe::default_name() const {
    std::string name = "reactos";
    if (!manifest_.os_version.empty()) {
        name += "-" + manifest_.os_version;
    }
    if (request_.nic_drivers == DriverSource::ours) {
        name += "-our-nics";
    }
    std::replace_if(
        name.begin(),
        name.end(),
        [](char c) {
            return !is_image_name({&c, 1}) && c != '.';
        },
        '-'
    );
    return name;
}

std::uint64_t ReactosRecipe::bytes_needed() const {
    std::error_code error;
    const auto given = fs::file_size(installed() ? request_.disk : request_.iso, error);
    return (error ? 0 : given) + kWrittenAtMost;
}

result<void> ReactosRecipe::make_empty_disk() {
    const std::uint64_t gib = request_.disk_gib != 0 ? request_.disk_gib : kDiskGib;
    const std::string path = disk().path;
    RUNDOWN_TRY(write_whole_file(path, ""));
    std::error_code error;
    fs::resize_file(path, gib << 30, error);
    if (error) {
        return cannot_write(path, error.value());
    }
    return {};
}

result<void> ReactosRecipe::copy_installed_disk() {
    // mtools wants it raw.
    ProgramRun run;
    run.arguments = {
        "qemu-img", "convert", "-f", disk_format_, "-O", "raw", request_.disk, disk().path};
    run.cancelled = place_.watch.cancelled;
    const auto ended = run_program_well(run, Deadline::in(kConvertTime, "the disk to be copied"));
    if (!ended) {
        return ended.error();
    }
    return {};
}

guest::GuestSpec ReactosRecipe::machine(bool from_cd, bool with_nics) const {
    guest::GuestSpec spec;
    spec.firmware = guest::Firmware::bios;
    spec.machine = manifest_.machine.machine;
    spec.cpu = manifest_.machine.cpu;
    spec.memory_mib = manifest_.machine.memory_mib;
    spec.processors = manifest_.machine.processors;
    spec.display = guest::Display::vga;
    spec.second_serial = guest::SecondSerial::stream;
    spec.clock = guest::GuestClock::utc;
    spec.trace_window_mib = 0;
    spec.reboots = false;  // A reset ends a stage: the disk is worked on then.
    guest::DiskSpec disk_spec;
    disk_spec.file = disk().path;
    disk_spec.bus = guest::DiskBus::ide;
    disk_spec.format = guest::DiskFormat::raw;
    disk_spec.boot_order = from_cd ? 2 : 1;
    spec.disks.push_back(disk_spec);
    if (from_cd) {
        guest::CdromSpec cd_spec;
        cd_spec.file = cd();
        cd_spec.boot_order = 1;
        spec.cdroms.push_back(cd_spec);
    }
    if (with_nics) {
        for (const char* name : {"e1000", "virtio-net"}) {
            auto nic = guest::nic_from(name);
            nic.mac = guest::nic_mac(spec.nics.size());
            spec.nics.push_back(nic);
        }
    }
    return spec;
}

result<guest::GuestSpec> ReactosRecipe::prepare(std::size_t number) {
    const std::size_t stage = installed() ? 2 : number;
    if (stage == 0) {
        place_.watch.status("copying the boot CD");
        RUNDOWN_TRY(make_boot_cd(request_.iso, cd(), answers_));
        RUNDOWN_TRY(make_empty_disk());
        return machine(true, false);
    }
    if (installed()) {
        place_.watch.status("copying the disk");
        RUNDOWN_TRY(copy_installed_disk());
    }
    if (stage == 1 || installed()) {
        place_.watch.status("preparing the installed system");
        RUNDOWN_TRY(prepare_disk(disk().path, drivers_, place_.watch));
    }
    if (stage == 2) {
        place_.watch.status("putting the agent in");
        RUNDOWN_TRY(put_agent(disk().path, agent_, place_.watch));
    }
    return machine(false, true);
}

asio::awaitable<result<void>> ReactosRecipe::on_hello(
    rpc::Client& client, const rpc::Hello& hello
) {
    if (hello.guest() != "reactos" || hello.arch() != "i386") {
        co_return fail(
            ErrorKind::environment,
            fmt::format(
                "the disk holds no ReactOS for i386: its agent says {} on {}",
                hello.guest(),
                hello.arch()
            )
        );
    }
    if (manifest_.os_version.empty()) {
        manifest_.os_version = hello.os_version();
    }
    co_return co_await ask_for_power_off(client);
}

}  // namespace

result<std::unique_ptr<InstallRecipe>> make_recipe(const BuildRequest& request) {
    auto recipe = std::make_unique<ReactosRecipe>(request);
    RUNDOWN_TRY(recipe->preflight());
    return recipe;
}

}  // namespace rundown::image::reactos
