// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/hypervisor_io.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <thread>

#include "guest/doctor_io.hpp"
#include "guest/embedded_root_io.hpp"
#include "guest/event_loop_io.hpp"
#include "guest/find_program_io.hpp"
#include "guest/hypervisor_state_io.hpp"
#include "guest/initialize_io.hpp"
#include "guest/process_io.hpp"

namespace rundown::guest {

namespace asio = boost::asio;

namespace {

using StatePtr = std::shared_ptr<Hypervisor::State>;
using WeakState = std::weak_ptr<Hypervisor::State>;

/// What libvirt has begun is let finish for so long when everything is to end.
constexpr Milliseconds kWorkerPatience{5000};

std::string dotted(unsigned long version) {
    return fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
}

std::string uuid_of(virDomainPtr domain) {
    char text[VIR_UUID_STRING_BUFLEN] = "";
    virDomainGetUUIDString(domain, text);
    return text;
}

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
    const StatePtr state = static_cast<WeakState*>(opaque)->lock();
    if (!state)
        return 0;
    const auto found = state->listeners.find(uuid_of(domain));
    if (found == state->listeners.end())
        return 0;
    const auto listener = found->second.lifecycle;  // A copy: the call may remove it.
    listener(event, detail);
    return 0;
}

void on_qmp(
    virConnectPtr,
    virDomainPtr domain,
    const char* name,
    long long seconds,
    unsigned micros,
    const char* data,
    void* opaque
) {
    const StatePtr state = static_cast<WeakState*>(opaque)->lock();
    if (!state)
        return;
    const auto found = state->listeners.find(uuid_of(domain));
    if (found == state->listeners.end())
        return;
    const auto listener = found->second.qmp;  // A copy: the call may remove it.
    using std::chrono::system_clock;
    const auto time = seconds < 0
                          ? system_clock::now()
                          : system_clock::time_point(
                                std::chrono::seconds(seconds) + std::chrono::microseconds(micros)
                            );
    listener(time, name, data ? data : "");
}

void free_opaque(void* opaque) {
    delete static_cast<WeakState*>(opaque);
}

/// On the worker. The embedded driver lives as long as the process, and libvirt registers it anew
/// at each opening until its table is full at the twentieth: so its connection is opened once and
/// kept.
virConnectPtr open_connection(const Hypervisor::State& state) {
    static virConnectPtr embedded = nullptr;
    static std::string embedded_uri;
    if (!state.embedded || (embedded && embedded_uri != state.uri))
        return virConnectOpen(state.uri.c_str());  // libvirt refuses a second root by itself.
    if (!embedded)
        embedded = virConnectOpen(state.uri.c_str());
    embedded_uri = state.uri;
    if (embedded)
        virConnectRef(embedded);
    return embedded;
}

/// On the worker: connects and asks for versions and events. Blocks for seconds when libvirt has to
/// learn QEMU first.
result<void> connect(const StatePtr& state) {
    const auto failed = [&state](const char* what) {
        const std::string words = last_libvirt_error();  // First: every other call forgets it.
        const DoctorFinding libvirt = check_libvirt();
        if (libvirt.state == DoctorState::missing)
            return fail(ErrorKind::environment, libvirt.sentence);
        return fail(ErrorKind::hypervisor, fmt::format("{} {}: {}", what, state->uri, words));
    };
    state->connection = open_connection(*state);
    if (!state->connection)
        return failed("cannot connect to libvirt at");
    unsigned long libvirt = 0, qemu = 0;
    if (virConnectGetLibVersion(state->connection, &libvirt) != 0 ||
        virConnectGetVersion(state->connection, &qemu) != 0)
        return failed("cannot learn the versions at");
    state->libvirt_version = dotted(libvirt);
    state->qemu_version = dotted(qemu);
    state->lifecycle_callback = virConnectDomainEventRegisterAny(
        state->connection,
        nullptr,
        VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
        new WeakState(state),
        free_opaque
    );
    state->qmp_callback = virConnectDomainQemuMonitorEventRegister(
        state->connection, nullptr, nullptr, on_qmp, new WeakState(state), free_opaque, 0
    );
    if (state->lifecycle_callback < 0 || state->qmp_callback < 0)
        return failed("cannot subscribe to events at");
    return {};
}

/// On the worker. libvirt's own threads may still be at their books about guests that have just
/// ended, and would write them, directories and all, where we have removed everything.
void wait_until_forgotten(virConnectPtr connection) {
    constexpr Milliseconds kPatience{3000};
    constexpr std::chrono::milliseconds kBetween{2};
    const TimePoint until = Clock::now() + kPatience;
    while (virConnectListAllDomains(connection, nullptr, 0) > 0 && Clock::now() < until)
        std::this_thread::sleep_for(kBetween);
}

/// On the worker, last of all.
void disconnect(Hypervisor::State& state) {
    if (!state.connection)
        return;
    if (state.embedded)
        wait_until_forgotten(state.connection);
    if (state.qmp_callback >= 0)
        virConnectDomainQemuMonitorEventDeregister(state.connection, state.qmp_callback);
    if (state.lifecycle_callback >= 0)
        virConnectDomainEventDeregisterAny(state.connection, state.lifecycle_callback);
    virConnectClose(state.connection);
    state.connection = nullptr;
}

result<void> prepare(Hypervisor::State& state) {
    state.embedded = state.options.uri.empty();
    auto emulator = find_program(
        state.options.emulator.empty() ? std::string(kDefaultEmulator) : state.options.emulator
    );
    if (!emulator)
        return emulator.error();
    state.emulator = *emulator;
    auto registry = RunRegistry::create(state.options.places);
    if (!registry)
        return registry.error();
    state.registry = std::move(*registry);
    RUNDOWN_TRY(initialize_libvirt(state.registry->directory() + "/libvirt.log"));
    if (!state.embedded) {
        // Another user's QEMU must reach our sockets by name, though not list the directories.
        ::chmod(state.options.places.runtime.c_str(), 0711);
        ::chmod(state.registry->directory().c_str(), 0711);
        state.uri = state.options.uri;
        return {};
    }
    state.root = state.registry->directory() +
                 "/v";  // Short: the monitor's socket lives seven levels below.
    state.uri = "qemu:///embed?root=" + state.root;
    RUNDOWN_TRY(prepare_embedded_root(state.root, ::geteuid() == 0));
    restore_capabilities(state.options.places.cache, state.root);
    state.reaper = std::make_unique<Reaper>(state.loop);
    return {};
}

}  // namespace

asio::awaitable<result<std::unique_ptr<Hypervisor>>> Hypervisor::open(
    HypervisorOptions options, Deadline deadline
) {
    auto state = std::make_shared<State>();
    state->loop = co_await asio::this_coro::executor;
    state->options = std::move(options);
    state->worker = std::make_unique<Worker>(state->loop);
    const Places places = state->options.places;
    // Named, as every closure that a co_await takes: GCC 12 destroys such temporaries twice.
    const std::function<result<void>()> clean = [places]() -> result<void> {
        clean_leftovers(places);
        return {};
    };
    const Deadline soon =
        deadline.within(Clock::now(), Milliseconds(60000), "the removal of what earlier runs left");
    RUNDOWN_CO_TRY(co_await state->worker->run<void>(clean, soon));
    // From here on the destructor undoes what was done, also when this coroutine is abandoned.
    std::unique_ptr<Hypervisor> hypervisor(new Hypervisor(state));
    RUNDOWN_CO_TRY(prepare(*state));
    attach_libvirt_events(state->loop);
    const std::function<result<void>()> connecting = [state] { return connect(state); };
    RUNDOWN_CO_TRY(co_await state->worker->run<void>(connecting, deadline));
    if (state->embedded)
        save_capabilities(state->root, state->options.places.cache);
    co_return hypervisor;
}

Hypervisor::Hypervisor(std::shared_ptr<State> state) : state_(std::move(state)) {}

Hypervisor::~Hypervisor() {
    State& state = *state_;
    state.worker->run_detached([state = state_] { disconnect(*state); });
    // The loop, which reaps otherwise, is waiting here; libvirt may be waiting for a QEMU to
    // vanish.
    // A QEMU that libvirt asks for its capabilities and that does not answer would keep it for
    // ever.
    const TimePoint began = Clock::now();
    const bool probes = state.embedded && !state.root.empty();
    state.worker->finish([&state, began, probes] {
        reap_adopted_children();
        if (probes && Clock::now() - began > kWorkerPatience)
            kill_processes(
                [&state](const auto& arguments) {
                    return is_process_of_directory(arguments, state.root);
                },
                kWorkerPatience
            );
    });
    state.worker.reset();
    detach_libvirt_events();
    if (state.embedded && !state.root.empty())
        save_capabilities(state.root, state.options.places.cache);
    state.registry.reset();
    state.reaper.reset();
}

bool Hypervisor::embedded() const {
    return state_->embedded;
}
const std::string& Hypervisor::uri() const {
    return state_->uri;
}
const std::string& Hypervisor::emulator() const {
    return state_->emulator;
}
const std::string& Hypervisor::libvirt_version() const {
    return state_->libvirt_version;
}
const std::string& Hypervisor::qemu_version() const {
    return state_->qemu_version;
}
std::size_t Hypervisor::calls_under_way() const {
    return state_->worker->under_way();
}
const Places& Hypervisor::places() const {
    return state_->options.places;
}

}  // namespace rundown::guest
