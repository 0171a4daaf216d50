// SPDX-License-Identifier: MIT
// guest/hypervisor_state_io.hpp
//
// What Hypervisor and its Guests share. Internal to this folder.
#pragma once

#include <libvirt/libvirt.h>

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "guest/hypervisor_io.hpp"
#include "guest/reaper_io.hpp"
#include "guest/run_registry_io.hpp"
#include "guest/worker_io.hpp"

namespace rundown::guest {

/// Where a domain's events go. Called on the loop.
struct DomainListener {
    std::function<void(std::chrono::system_clock::time_point, std::string name, std::string data)>
        qmp;
    std::function<void(int event, int detail)> lifecycle;
};

struct Hypervisor::State : std::enable_shared_from_this<Hypervisor::State> {
    boost::asio::any_io_executor loop;
    HypervisorOptions options;
    bool embedded = true;
    std::string uri;
    std::string emulator;
    std::string root;  // Of the embedded driver.
    std::string libvirt_version;
    std::string qemu_version;
    std::unique_ptr<RunRegistry> registry;
    std::unique_ptr<Reaper> reaper;
    std::unique_ptr<Worker> worker;
    virConnectPtr connection = nullptr;
    int lifecycle_callback = -1;
    int qmp_callback = -1;
    std::map<std::string, DomainListener> listeners;  // By UUID; used on the loop.
};

}  // namespace rundown::guest
