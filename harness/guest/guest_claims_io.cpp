// SPDX-License-Identifier: MIT
// What a guest claims before its QEMU exists: names, the trace window, its wires, its files.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "guest/domain_xml.hpp"
#include "guest/guest_life_io.hpp"
#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace fs = std::filesystem;
using Kind = LifecycleEventKind;

namespace {

Error environment(std::string sentence) {
    return fail(ErrorKind::environment, std::move(sentence));
}

Milliseconds since(TimePoint begin) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
}

std::string new_uuid() {
    std::ifstream file("/proc/sys/kernel/random/uuid");
    std::string uuid;
    file >> uuid;
    return uuid;
}

result<void> readable(const std::string& path, const char* what) {
    if (::access(path.c_str(), R_OK) == 0)
        return {};
    return environment(
        fmt::format("the guest's {} {} cannot be read: {}", what, path, std::strerror(errno))
    );
}

/// Every file of the spec that must be there before QEMU starts.
result<void> check_readable(const GuestSpec& spec) {
    if (spec.firmware == Firmware::kernel)
        RUNDOWN_TRY(readable(spec.kernel, "kernel"));
    if (!spec.initrd.empty())
        RUNDOWN_TRY(readable(spec.initrd, "initrd"));
    if (spec.firmware == Firmware::uefi)
        RUNDOWN_TRY(readable(spec.uefi.code, "UEFI"));
    for (const DiskSpec& disk : spec.disks)
        RUNDOWN_TRY(readable(disk.file, "disk"));
    for (const CdromSpec& cdrom : spec.cdroms)
        if (!cdrom.file.empty())
            RUNDOWN_TRY(readable(cdrom.file, "CD"));
    if (spec.floppy && !spec.floppy->file.empty())
        RUNDOWN_TRY(readable(spec.floppy->file, "floppy"));
    if (!spec.resume_from.empty())
        RUNDOWN_TRY(readable(spec.resume_from, "snapshot"));
    return {};
}

result<void> make_directory(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (!error)
        return {};
    return environment(fmt::format("cannot make the run directory {}: {}", path, error.message()));
}

}  // namespace

result<void> Guest::Life::hold(ResourceKind kind, std::string name, std::string uuid) {
    Resource resource{kind, std::move(name), std::move(uuid)};
    RUNDOWN_TRY(host->registry->hold(resource));
    held_.push_back(std::move(resource));
    return {};
}

/// Names first, each written down before the thing of that name is made.
LifecycleEvent Guest::Life::claim_names() {
    const TimePoint begin = Clock::now();
    const ProcessIdentity process = this_process();
    // Never reused in a process: libvirt forgets a domain a moment after its QEMU has ended.
    static std::atomic<unsigned> guests = 0;
    const unsigned number = ++guests;
    names.domain = fmt::format("rd-{}-{}", process.pid, number);
    names.uuid = new_uuid();
    names.emulator = host->emulator;
    const auto claim_socket = [&](const char* what, std::string& path) -> result<void> {
        const std::string socket = fmt::format("{}-{}", what, number);
        RUNDOWN_TRY(hold(ResourceKind::socket, socket));
        path = host->registry->directory() + "/" + socket;
        return {};
    };
    const auto steps = [&]() -> result<void> {
        RUNDOWN_TRY(hold(ResourceKind::domain, names.domain, names.uuid));
        RUNDOWN_TRY(claim_socket("serial", names.serial_socket));
        if (spec.second_serial == SecondSerial::stream)
            RUNDOWN_TRY(claim_socket("com2", names.second_serial_socket));
        if (spec.determinism)
            RUNDOWN_TRY(claim_socket("gdb", names.gdb_socket));
        if (spec.trace_window_mib != 0) {
            const std::string window =
                fmt::format("{}{}-{}", kWindowPrefix, process_directory_name(process), number);
            RUNDOWN_TRY(hold(ResourceKind::window, window));
            names.trace_window = window;
        }
        RUNDOWN_TRY(make_window());
        RUNDOWN_TRY(make_wires());
        RUNDOWN_TRY(make_uefi_vars());
        return make_files();
    };
    const result<void> made = steps();
    timings.claim = since(begin);
    if (!made)
        return {Kind::step_failed, made.error()};
    listen_to_events();
    return {Kind::names_claimed, {}};
}

result<void> Guest::Life::make_window() {
    if (names.trace_window.empty())
        return {};
    const auto bytes = static_cast<off_t>(spec.trace_window_mib) << 20;
    struct statvfs room = {};
    // A full /dev/shm would end QEMU with SIGBUS at some later write.
    if (::statvfs("/dev/shm", &room) == 0 &&
        static_cast<off_t>(room.f_bavail * room.f_frsize) < bytes)
        return environment(
            fmt::format("/dev/shm has no room for a trace window of {} MiB", spec.trace_window_mib)
        );
    const std::string path = "/dev/shm/" + names.trace_window;
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return environment(
            fmt::format("cannot make the trace window {}: {}", path, std::strerror(errno))
        );
    const bool sized = ::ftruncate(fd, bytes) == 0 && (host->embedded || ::fchmod(fd, 0666) == 0);
    ::close(fd);
    return sized ? result<void>()
                 : environment(fmt::format("cannot size {}: {}", path, std::strerror(errno)));
}

result<void> Guest::Life::make_wires() {
    const unsigned mode = host->embedded ? 0600 : 0666;
    RUNDOWN_TRY(wires->listen_serial(names.serial_socket, mode));
    if (spec.second_serial == SecondSerial::stream)
        RUNDOWN_TRY(wires->listen_second_serial(names.second_serial_socket, mode));
    for (std::size_t index = 0; index < spec.nics.size(); ++index) {
        auto port = wires->listen_nic();
        if (!port)
            return port.error();
        names.nic_ports.push_back(*port);
    }
    return {};
}

/// The variables are the guest's to write: a file of its own, thrown away unless it was named.
result<void> Guest::Life::make_uefi_vars() {
    if (spec.firmware != Firmware::uefi)
        return {};
    names.uefi_vars = spec.uefi.vars;
    std::error_code error;
    if (names.uefi_vars.empty()) {
        RUNDOWN_TRY(make_directory(spec.directory));
        names.uefi_vars = throw_away_path(spec.directory, names.domain + "-uefi-vars.fd");
        RUNDOWN_TRY(hold(ResourceKind::file, names.uefi_vars));
    } else if (fs::exists(names.uefi_vars, error)) {
        return {};
    }
    fs::copy_file(spec.uefi.vars_template, names.uefi_vars, error);
    if (error)
        return environment(fmt::format(
            "cannot copy UEFI's variables {} to {}: {}",
            spec.uefi.vars_template,
            names.uefi_vars,
            error.message()
        ));
    // The template is the distribution's, or an image's, and often read-only.
    return ::chmod(names.uefi_vars.c_str(), host->embedded ? 0600 : 0666) == 0
               ? result<void>()
               : environment(fmt::format(
                     "cannot make {} writable: {}", names.uefi_vars, std::strerror(errno)
                 ));
}

result<void> Guest::Life::make_files() {
    RUNDOWN_TRY(check_readable(spec));
    RUNDOWN_TRY(make_directory(spec.directory));
    files.domain_xml = spec.directory + "/domain.xml";
    files.debug_console = spec.directory + "/debug-console.log";
    files.qmp_events = spec.directory + "/qmp-events.jsonl";
    files.qemu_log = spec.directory + "/qemu.log";
    names.debug_console = files.debug_console;
    RUNDOWN_TRY(write_whole_file(files.debug_console, ""));
    RUNDOWN_TRY(write_whole_file(files.domain_xml, domain_xml(spec, names)));
    return qmp_log_.open(files.qmp_events);
}

}  // namespace rundown::guest
