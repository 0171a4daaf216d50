// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/guest_life_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
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

Milliseconds since(TimePoint begin) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
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
        [host = host, slot = slot, xml, paused = spec.start_paused || !spec.resume_from.empty()] {
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
            // A guest that may go on writes its own dump now, and is not over.
            if (event.detail != "run")
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
