// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "bench/bench_guest.hpp"

#include <time.h>
#include <unistd.h>

#include <filesystem>

#include "guest/process_io.hpp"
#include "guest/text_file_io.hpp"
#include "run/evidence.hpp"
#include "run/trace_window_io.hpp"

namespace rundown::bench {
namespace {

/// Age of a process, from field 22 of /proc/<pid>/stat (ticks since boot).
double age_ms(int pid) {
    const auto text = need(run::read_file("/proc/" + std::to_string(pid) + "/stat"));
    std::size_t at = text.rfind(')');
    for (int field = 2; field < 22; ++field) {
        at = text.find(' ', at + 1);
    }
    const double started = std::stod(text.substr(at)) / static_cast<double>(sysconf(_SC_CLK_TCK));
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 - started) *
           1e3;
}

double qemu_age_ms(const guest::Guest& guest) {
    const auto found = guest::find_processes([&guest](const std::vector<std::string>& arguments) {
        return guest::is_domain_process(arguments, guest.names().domain, guest.names().uuid);
    });
    return found.size() == 1 ? age_ms(found[0]) : 0;
}

}  // namespace

guest::GuestSpec Place::spec(const std::vector<std::string>& nics) {
    guest::GuestSpec spec;
    spec.kernel = assets.boot_elf;
    spec.initrd = assets.initrd;
    spec.command_line = "seed=1";
    for (const auto& model : nics) {
        spec.nics.push_back({guest::nic_model_from(model), guest::nic_mac(spec.nics.size())});
    }
    spec.accelerator = guest::Accelerator::tcg;  // What the targets are stated for.
    spec.directory = directory + "/" + std::to_string(++guests);
    spec.reboots = false;
    std::filesystem::create_directories(spec.directory);
    return spec;
}

Task<std::unique_ptr<BenchGuest>> BenchGuest::boot(
    Place& place, std::vector<std::string> nics, LineChoice choice
) {
    auto made = std::make_unique<BenchGuest>();
    const auto spec = place.spec(nics);
    const TimePoint begin = Clock::now();
    made->guest =
        need(co_await guest::Guest::start(place.hypervisor, spec, place.soon("a guest to start")));
    for (std::size_t nic = 0; nic < nics.size(); ++nic) {
        witness::NicPeerOptions options;
        options.index = static_cast<std::uint32_t>(nic);
        options.nic_address = {0x52, 0x54, 0, 0x72, 0x64, static_cast<std::uint8_t>(nic + 1)};
        options.seed = 1;
        made->peers.push_back(
            need(witness::NicPeer::start(std::move(made->guest->nics()[nic]), options))
        );
    }
    rpc::ClientOptions options{spec.directory + "/rpc.log", 1};
    if (choice == LineChoice::memory) {
        options.memory = need(run::open_line(made->guest->trace_window()));
    }
    made->client =
        std::make_unique<rpc::Client>(std::move(made->guest->serial()), std::move(options));
    made->hello = need(co_await made->client->open(place.soon("the agent's hello")));
    made->start_to_hello_ms = seconds_since(begin) * 1e3;
    made->qemu_to_hello_ms = qemu_age_ms(*made->guest);
    made->agent.emplace(*made->client);
    co_return made;
}

Task<void> BenchGuest::deploy(const Place& place) {
    const auto bytes = need(run::read_file(place.assets.driver));
    need(co_await rpc::put_file(*client, "protocol5.sys", bytes, place.soon("the driver's file")));
    need(co_await agent->install("protocol5.sys", {}, hello, place.soon("the installation")));
}

Task<void> BenchGuest::end(const Place& place) {
    peers.clear();
    client->close();
    need(co_await guest->stop(place.soon("the guest to be removed")));
}

}  // namespace rundown::bench
