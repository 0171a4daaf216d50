// SPDX-License-Identifier: MIT
// guest/guest_life_io.hpp
//
// Performs what the Lifecycle machine decides for one guest, a function an action. Internal to this
// folder. On the loop.
#pragma once

#include <libvirt/libvirt.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_io.hpp"
#include "guest/guest_io.hpp"
#include "guest/hypervisor_state_io.hpp"
#include "guest/process_io.hpp"
#include "guest/wires_io.hpp"

namespace rundown::guest {

/// A domain pointer that is filled in on the worker, perhaps after its caller gave up waiting.
struct DomainSlot {
    virDomainPtr domain = nullptr;
    ~DomainSlot() {
        if (domain)
            virDomainFree(domain);
    }
};

struct Guest::Life : std::enable_shared_from_this<Guest::Life> {
    Life(std::shared_ptr<Hypervisor::State> host, GuestSpec spec);

    /// Performs actions until the machine waits for something that comes by itself, or the guest is
    /// the caller's.
    boost::asio::awaitable<void> drive(LifecycleEvent event, Deadline deadline);
    /// What a destructor can do: kill, remove, without waiting for libvirt.
    void abandon();

    void on_qmp(
        std::chrono::system_clock::time_point time, const std::string& name, const std::string& data
    );
    void on_libvirt(int event, int detail);

    std::shared_ptr<Hypervisor::State> host;
    GuestSpec spec;
    GuestNames names;
    GuestFiles files;
    GuestTimings timings;
    Lifecycle lifecycle;
    std::shared_ptr<Wires> wires;
    std::vector<GuestEvent> events;
    EventHandler handler;
    boost::asio::steady_timer changed;  // Cancelled at each event; never expires.
    std::shared_ptr<DomainSlot> slot = std::make_shared<DomainSlot>();
    bool stopping_now = false;  // A stop() is under way, or has been.
    std::optional<Error>
        stop_error;  // Why libvirt could not end the guest; its files are removed all the same.
    std::optional<Error> evidence_error;  // The first file that is not whole, once released.

  private:
    boost::asio::awaitable<LifecycleEvent> perform(LifecycleAction action, Deadline deadline);
    LifecycleEvent claim_names();
    boost::asio::awaitable<LifecycleEvent> start_domain(Deadline deadline);
    boost::asio::awaitable<LifecycleEvent> accept_wires(Deadline deadline);
    boost::asio::awaitable<LifecycleEvent> stop_domain(Deadline deadline);
    boost::asio::awaitable<bool> kill_process(Deadline deadline);
    LifecycleEvent release();

    result<void> make_files();
    result<void> make_window();
    result<void> make_wires();
    result<void> make_uefi_vars();
    result<void> hold(ResourceKind kind, std::string name, std::string uuid = {});
    void listen_to_events();
    void find_process();
    void save_logs();
    void handle(GuestEvent event);

    std::vector<Resource> held_;
    LogFile qmp_log_;
    ProcessHandle process_;
    bool process_end_seen_ = false;
};

}  // namespace rundown::guest
