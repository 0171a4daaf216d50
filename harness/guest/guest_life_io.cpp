// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/guest_life_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libvirt/virterror.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "guest/domain_xml.hpp"
#include "guest/initialize_io.hpp"
#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Kind = LifecycleEventKind;

namespace {

constexpr Milliseconds kKillPatience{3000};
constexpr Milliseconds kStopTimeMin{10000};

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

/// On the worker. QEMU's own words, when it refuses, are in libvirt's message.
result<void> create_domain(
    Hypervisor::State& host, DomainSlot& slot, const std::string& xml, bool paused
) {
    // Should this process be killed, a libvirt daemon destroys the domain with our connection.
    const unsigned flags =
        (host.embedded ? 0 : VIR_DOMAIN_START_AUTODESTROY) | (paused ? VIR_DOMAIN_START_PAUSED : 0);
    slot.domain = virDomainCreateXML(host.connection, xml.c_str(), flags);
    if (!slot.domain)
        return fail(ErrorKind::hypervisor, "QEMU did not start: " + last_libvirt_error());
    return {};
}

/// On the worker. A domain that is gone already is fine.
result<void> destroy_domain(DomainSlot& slot) {
    if (!slot.domain || virDomainDestroy(slot.domain) == 0)
        return {};
    const virErrorPtr error = virGetLastError();
    if (error && (error->code == VIR_ERR_NO_DOMAIN || error->code == VIR_ERR_OPERATION_INVALID))
        return {};
    return fail(ErrorKind::hypervisor, "libvirt could not end the guest: " + last_libvirt_error());
}

}  // namespace

Guest::Life::Life(std::shared_ptr<Hypervisor::State> host_, GuestSpec spec_)
    : host(std::move(host_)),
      spec(std::move(spec_)),
      wires(std::make_shared<Wires>(host->loop)),
      changed(host->loop, TimePoint::max()) {}

asio::awaitable<void> Guest::Life::drive(LifecycleEvent event, Deadline deadline) {
    for (LifecycleAction action = lifecycle.on_event(event);;) {
        if (action == LifecycleAction::none || action == LifecycleAction::announce ||
            action == LifecycleAction::keep_evidence)
            co_return;
        const LifecycleEvent outcome = co_await perform(action, deadline);
        action = lifecycle.on_event(outcome);
    }
}

asio::awaitable<LifecycleEvent> Guest::Life::perform(LifecycleAction action, Deadline deadline) {
    switch (action) {
        case LifecycleAction::claim_names:
            co_return claim_names();
        case LifecycleAction::start_domain:
            co_return co_await start_domain(deadline);
        case LifecycleAction::accept_wires:
            co_return co_await accept_wires(deadline);
        case LifecycleAction::stop_domain:
            co_return co_await stop_domain(deadline);
        case LifecycleAction::release:
            co_return release();
        case LifecycleAction::none:
        case LifecycleAction::announce:
        case LifecycleAction::keep_evidence:
            break;
    }
    co_return LifecycleEvent{};
}

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
    const auto steps = [&]() -> result<void> {
        RUNDOWN_TRY(hold(ResourceKind::domain, names.domain, names.uuid));
        const std::string socket = fmt::format("serial-{}", number);
        RUNDOWN_TRY(hold(ResourceKind::socket, socket));
        names.serial_socket = host->registry->directory() + "/" + socket;
        if (spec.determinism) {
            const std::string gdb = fmt::format("gdb-{}", number);
            RUNDOWN_TRY(hold(ResourceKind::socket, gdb));
            names.gdb_socket = host->registry->directory() + "/" + gdb;
        }
        if (spec.trace_window_mib != 0) {
            const std::string window =
                fmt::format("{}{}-{}", kWindowPrefix, process_directory_name(process), number);
            RUNDOWN_TRY(hold(ResourceKind::window, window));
            names.trace_window = window;
        }
        RUNDOWN_TRY(make_window());
        RUNDOWN_TRY(make_wires());
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
    RUNDOWN_TRY(wires->listen_serial(names.serial_socket, host->embedded ? 0600 : 0666));
    for (std::size_t index = 0; index < spec.nics.size(); ++index) {
        auto port = wires->listen_nic();
        if (!port)
            return port.error();
        names.nic_ports.push_back(*port);
    }
    return {};
}

result<void> Guest::Life::make_files() {
    RUNDOWN_TRY(readable(spec.kernel, "kernel"));
    if (!spec.initrd.empty())
        RUNDOWN_TRY(readable(spec.initrd, "initrd"));
    std::error_code error;
    fs::create_directories(spec.directory, error);
    if (error)
        return environment(
            fmt::format("cannot make the run directory {}: {}", spec.directory, error.message())
        );
    files.domain_xml = spec.directory + "/domain.xml";
    files.debug_console = spec.directory + "/debug-console.log";
    files.qmp_events = spec.directory + "/qmp-events.jsonl";
    files.qemu_log = spec.directory + "/qemu.log";
    names.debug_console = files.debug_console;
    RUNDOWN_TRY(write_whole_file(files.debug_console, ""));
    RUNDOWN_TRY(write_whole_file(files.domain_xml, domain_xml(spec, names)));
    return qmp_log_.open(files.qmp_events);
}

void Guest::Life::listen_to_events() {
    const std::weak_ptr<Life> weak = weak_from_this();
    host->listeners[names.uuid] = DomainListener{
        [weak](auto time, std::string name, std::string data) {
            if (const auto life = weak.lock())
                life->on_qmp(time, name, data);
        },
        [weak](int event, int detail) {
            if (const auto life = weak.lock())
                life->on_libvirt(event, detail);
        },
    };
}

asio::awaitable<LifecycleEvent> Guest::Life::start_domain(Deadline deadline) {
    const TimePoint begin = Clock::now();
    const std::string xml = domain_xml(spec, names);
    const std::function<result<void>()> work =
        [host = host, slot = slot, xml, paused = spec.start_paused] {
            return create_domain(*host, *slot, xml, paused);
        };
    const auto created = co_await host->worker->run<void>(work, deadline);
    timings.libvirt = since(begin);
    if (!created)
        co_return LifecycleEvent{Kind::step_failed, created.error()};
    find_process();
    co_return LifecycleEvent{Kind::domain_started, {}};
}

/// The QEMU to be watched and, at the end, killed: from libvirt's pid file, and checked by its
/// command line.
void Guest::Life::find_process() {
    if (!host->embedded)
        return;
    int pid = 0;
    std::ifstream(host->root + "/run/qemu/" + names.domain + ".pid") >> pid;
    ProcessHandle process = pid > 0 ? ProcessHandle::open(pid) : ProcessHandle();
    if (process && is_domain_process(command_line_of(pid), names.domain, names.uuid))
        process_ = std::move(process);
}

asio::awaitable<LifecycleEvent> Guest::Life::accept_wires(Deadline deadline) {
    const TimePoint begin = Clock::now();
    if (process_end_seen_ && !lifecycle.over())
        co_return LifecycleEvent{Kind::process_ended, {}};
    const auto accepted = co_await wires->accept_all(deadline);
    timings.connect = since(begin);
    if (accepted)
        co_return LifecycleEvent{Kind::wires_accepted, {}};
    if (process_end_seen_ && !lifecycle.over())
        co_return LifecycleEvent{Kind::process_ended, {}};
    co_return LifecycleEvent{Kind::step_failed, accepted.error()};
}

/// Kills QEMU and buries it. True when it is gone for certain.
asio::awaitable<bool> Guest::Life::kill_process(Deadline deadline) {
    if (!process_)
        co_return false;
    process_.signal(SIGKILL
    );  // Nothing in QEMU is worth an orderly end, and a QEMU that hangs has none.
    const auto ended = std::make_shared<asio::posix::stream_descriptor>(
        host->loop, ::fcntl(process_.fd(), F_DUPFD_CLOEXEC, 0)
    );
    asio::steady_timer patience(host->loop, std::min(deadline.at(), Clock::now() + kKillPatience));
    patience.async_wait([ended](boost::system::error_code error) {
        if (!error)
            ended->cancel();
    });
    co_await ended->async_wait(ended->wait_read, asio::as_tuple(asio::use_awaitable));
    patience.cancel();
    reap_adopted_children();
    co_return process_.wait(Milliseconds(0));
}

/// libvirt is not asked when its QEMU is ours to kill: it notices by itself, and its own stop would
/// look for the vanished process in steps of 0.2 s while everybody waits for the worker.
asio::awaitable<LifecycleEvent> Guest::Life::stop_domain(Deadline deadline) {
    const TimePoint begin = Clock::now();
    wires->close_listeners();
    result<void> stopped;
    // A run that is out of time still cleans up: what libvirt has begun, it must be let finish
    // before it can be undone.
    if (deadline.left(begin) < kStopTimeMin)
        deadline = Deadline(begin, kStopTimeMin, "the guest to be stopped");
    if (!co_await kill_process(deadline)) {
        // libvirt is still starting it, or failed to, or it is another's child: whatever has this
        // name goes.
        if (host->embedded)
            remove_resource(
                {ResourceKind::domain, names.domain, names.uuid}, host->registry->directory()
            );
        const std::function<result<void>()> work = [slot = slot] { return destroy_domain(*slot); };
        stopped = co_await host->worker->run<void>(work, deadline);
    }
    timings.stop = since(begin);
    if (!process_end_seen_)
        handle({GuestEventKind::stopped, "destroyed", std::chrono::system_clock::now()});
    if (stopped)
        co_return LifecycleEvent{Kind::domain_stopped, {}};
    stop_error = stopped.error();
    co_return LifecycleEvent{Kind::step_failed, stopped.error()};
}

/// QEMU's log to where the evidence is, and the first reason why some of the evidence is not there.
void Guest::Life::save_logs() {
    std::error_code ignored;
    qmp_log_.close();
    evidence_error = qmp_log_.error();
    const std::string log =
        (host->embedded ? host->root + "/log/qemu/" : std::string("/var/log/libvirt/qemu/")) +
        names.domain + ".log";
    // Without a log QEMU was never started; then somebody else says why.
    if (!files.qemu_log.empty() && fs::exists(log, ignored)) {
        const auto saved = write_whole_file(files.qemu_log, read_text_file(log));
        if (!saved && !evidence_error)
            evidence_error = saved.error();
    }
    // QEMU writes the debug console itself, and what it cannot write it drops without a word.
    if (!evidence_error && !files.debug_console.empty() && disk_is_full(spec.directory))
        evidence_error = cannot_write(files.debug_console, ENOSPC);
    if (host->embedded)
        fs::remove(log, ignored);
}

LifecycleEvent Guest::Life::release() {
    wires->close_listeners();
    host->listeners.erase(names.uuid);
    save_logs();
    while (!held_.empty()) {
        host->registry->release(held_.back());
        held_.pop_back();
    }
    return {Kind::released, {}};
}

void Guest::Life::abandon() {
    if (lifecycle.state() == LifecycleState::gone || lifecycle.state() == LifecycleState::idle)
        return;
    if (process_ && process_.signal(SIGKILL)) {
        process_.wait(kKillPatience);
        reap_adopted_children();
    }
    host->worker->run_detached([slot = slot] { static_cast<void>(destroy_domain(*slot)); });
    release();
}

void Guest::Life::on_qmp(
    std::chrono::system_clock::time_point time, const std::string& name, const std::string& data
) {
    qmp_log_.append(qmp_log_line(time, name, data) + "\n");
    GuestEvent event = from_qmp(name, data);
    event.time = time;
    handle(std::move(event));
}

void Guest::Life::on_libvirt(int event, int detail) {
    GuestEvent ended = from_libvirt_lifecycle(event, detail);
    ended.time = std::chrono::system_clock::now();
    if (ended.kind == GuestEventKind::died && lifecycle.state() == LifecycleState::stopping) {
        ended.kind = GuestEventKind::stopped;  // It was us.
        ended.detail = "destroyed";
    }
    handle(std::move(ended));
}

void Guest::Life::handle(GuestEvent event) {
    switch (event.kind) {
        case GuestEventKind::none:
            return;
        case GuestEventKind::panicked:
            lifecycle.on_event({Kind::guest_panicked, {}});
            break;
        case GuestEventKind::powering_off:
            lifecycle.on_event({Kind::guest_powered_off, {}});
            break;
        case GuestEventKind::stopped:
        case GuestEventKind::died:
            process_end_seen_ = true;
            if (lifecycle.state() == LifecycleState::running ||
                lifecycle.state() == LifecycleState::panicked)
                lifecycle.on_event({Kind::process_ended, {}});
            else if (!lifecycle.over())
                wires->close_listeners();  // Ends the wait in accept_wires(), which then says why.
            break;
        default:
            break;
    }
    events.push_back(event);
    if (const EventHandler call = handler)  // A copy: the handler may replace itself.
        call(event);
    changed.cancel();
}

}  // namespace rundown::guest
