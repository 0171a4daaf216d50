// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/guest_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <cstdlib>

#include "guest/guest_life_io.hpp"
#include "guest/initialize_io.hpp"
#include "guest/snapshot_io.hpp"

namespace rundown::guest {

namespace asio = boost::asio;

namespace {

/// QEMU's reply, or what it objected: {"error":{"class":...,"desc":...}}.
result<std::string> check_reply(const std::string& command, std::string reply) {
    boost::json::error_code malformed;
    const boost::json::value value = boost::json::parse(reply, malformed);
    const boost::json::object* object = malformed ? nullptr : value.if_object();
    if (!object)
        return fail(
            ErrorKind::hypervisor, fmt::format("QEMU answered {} with what is not JSON", command)
        );
    const boost::json::value* error = object->if_contains("error");
    if (!error)
        return reply;
    const boost::json::object* details = error->if_object();
    const boost::json::value* words = details ? details->if_contains("desc") : nullptr;
    return fail(
        ErrorKind::hypervisor,
        fmt::format(
            "QEMU refused {}: {}",
            command,
            words && words->is_string() ? words->as_string().c_str() : reply.c_str()
        )
    );
}

/// A copy of a file descriptor: its owner may give up waiting for the worker.
class Descriptor {
  public:
    explicit Descriptor(int original)
        : fd_(original < 0 ? -1 : ::fcntl(original, F_DUPFD_CLOEXEC, 0)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int fd() const { return fd_; }

  private:
    int fd_;
};

/// On the worker. `descriptor` negative: none.
result<std::string> monitor_command(DomainSlot& slot, const std::string& command, int descriptor) {
    if (!slot.domain)
        return fail(ErrorKind::hypervisor, "the guest is gone");
    char* reply = nullptr;
    const int sent =
        descriptor < 0
            ? virDomainQemuMonitorCommand(slot.domain, command.c_str(), &reply, 0)
            : virDomainQemuMonitorCommandWithFiles(
                  slot.domain, command.c_str(), 1, &descriptor, nullptr, nullptr, &reply, 0
              );
    if (sent != 0)
        return fail(
            ErrorKind::hypervisor,
            fmt::format("QEMU did not take {}: {}", command, last_libvirt_error())
        );
    std::string text = reply ? reply : "";
    std::free(reply);
    return check_reply(command, std::move(text));
}

}  // namespace

asio::awaitable<result<std::unique_ptr<Guest>>> Guest::start(
    Hypervisor& hypervisor, GuestSpec spec, Deadline deadline
) {
    RUNDOWN_CO_TRY(check(spec));
    if (!spec.resume_from.empty())
        RUNDOWN_CO_TRY(check_snapshot(spec, hypervisor.qemu_version()));
    auto life = std::make_shared<Life>(hypervisor.state().shared_from_this(), std::move(spec));
    // Made now, so that its destructor cleans up when this coroutine is abandoned half way.
    std::unique_ptr<Guest> guest(new Guest(life));
    const LifecycleEvent wanted{LifecycleEventKind::start_requested, {}};
    co_await life->drive(wanted, deadline);
    if (life->lifecycle.end() == GuestEnd::never_started)
        co_return life->lifecycle.error();
    if (life->spec.resume_from.empty())
        co_return guest;
    const TimePoint begin = Clock::now();
    const auto loaded = co_await load_state(*guest, deadline);
    life->timings.load = std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
    if (loaded)
        co_return guest;
    static_cast<void>(co_await guest->stop(deadline));
    co_return in_context("while resuming from " + life->spec.resume_from, loaded.error());
}

Guest::Guest(std::shared_ptr<Life> life) : life_(std::move(life)) {}

Guest::~Guest() {
    life_->handler = nullptr;
    life_->abandon();
}

Guest::SerialStream& Guest::serial() {
    return life_->wires->serial;
}
Guest::SerialStream& Guest::second_serial() {
    return life_->wires->second_serial;
}
std::vector<Guest::NicStream>& Guest::nics() {
    return life_->wires->nics;
}
std::string Guest::trace_window() const {
    return life_->names.trace_window.empty() ? std::string()
                                             : "/dev/shm/" + life_->names.trace_window;
}
const GuestFiles& Guest::files() const {
    return life_->files;
}
const GuestSpec& Guest::spec() const {
    return life_->spec;
}
const GuestNames& Guest::names() const {
    return life_->names;
}
const GuestTimings& Guest::timings() const {
    return life_->timings;
}
void Guest::on_event(EventHandler handler) {
    life_->handler = std::move(handler);
}
const std::vector<GuestEvent>& Guest::events() const {
    return life_->events;
}
const std::optional<Error>& Guest::evidence_error() const {
    return life_->evidence_error;
}
GuestEnd Guest::end() const {
    return life_->lifecycle.end();
}
LifecycleState Guest::state() const {
    return life_->lifecycle.state();
}

asio::awaitable<result<GuestEnd>> Guest::ended(Deadline deadline) {
    const auto life = life_;
    while (!life->lifecycle.over()) {
        if (deadline.passed(Clock::now()))
            co_return deadline.expired();
        asio::steady_timer patience(life->host->loop, deadline.at());
        patience.async_wait([life](boost::system::error_code error) {
            if (!error)
                life->changed.cancel();
        });
        co_await life->changed.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return life->lifecycle.end();
}

asio::awaitable<result<std::string>> Guest::qmp(std::string command, Deadline deadline) {
    co_return co_await qmp_with_file(std::move(command), -1, deadline);
}

asio::awaitable<result<std::string>> Guest::qmp_with_file(
    std::string command, int descriptor, Deadline deadline
) {
    const auto life = life_;
    if (life->lifecycle.state() != LifecycleState::running &&
        life->lifecycle.state() != LifecycleState::panicked)
        co_return fail(ErrorKind::hypervisor, "the guest is gone");
    const auto copy = std::make_shared<Descriptor>(descriptor);
    const std::function<result<std::string>()> work = [slot = life->slot, command, copy] {
        return monitor_command(*slot, command, copy->fd());
    };
    const Deadline answer =
        deadline.within(Clock::now(), deadline.left(Clock::now()), "QEMU's answer to " + command);
    co_return co_await life->host->worker->run<std::string>(work, answer);
}

asio::awaitable<result<void>> Guest::call_libvirt(
    std::string what, std::function<result<void>(_virDomain*)> call, Deadline deadline
) {
    const auto life = life_;
    if (life->lifecycle.state() != LifecycleState::running &&
        life->lifecycle.state() != LifecycleState::panicked)
        co_return fail(ErrorKind::hypervisor, "the guest is gone");
    const std::function<result<void>()> work = [slot = life->slot, call]() -> result<void> {
        if (!slot->domain)
            return fail(ErrorKind::hypervisor, "the guest is gone");
        return call(slot->domain);
    };
    const Deadline answer = deadline.within(Clock::now(), deadline.left(Clock::now()), what);
    co_return co_await life->host->worker->run<void>(work, answer);
}

asio::awaitable<result<void>> Guest::stop(Deadline deadline) {
    const auto life = life_;
    if (life->lifecycle.state() == LifecycleState::gone || std::exchange(life->stopping_now, true))
        co_return result<void>();
    const LifecycleEvent enough{LifecycleEventKind::stop_requested, {}};
    co_await life->drive(enough, deadline);
    life->changed.cancel();
    if (life->stop_error)
        co_return *life->stop_error;
    co_return result<void>();
}

}  // namespace rundown::guest
