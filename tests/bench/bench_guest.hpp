// SPDX-License-Identifier: MIT
// bench/bench_guest.hpp
//
// A guest to be measured: the reference guest with its agent, or one that only echoes bytes. Errors
// end the benchmark: there is nothing to measure then.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "guest/guest_io.hpp"
#include "guest/hypervisor_io.hpp"
#include "run/agent_io.hpp"
#include "run/assets.hpp"
#include "witness/nic_peer_io.hpp"

namespace rundown::bench {

template <class T>
using Task = boost::asio::awaitable<T>;

inline double seconds_since(TimePoint begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The value, or an exception with the sentence.
template <class T>
T need(result<T> outcome) {
    if (!outcome) {
        throw std::runtime_error(outcome.error().sentence);
    }
    return std::move(*outcome);
}
inline void need(const result<void>& outcome) {
    if (!outcome) {
        throw std::runtime_error(outcome.error().sentence);
    }
}

/// Which way the RPC's frames take.
enum class LineChoice {
    memory,  // The window where the guest offers it, as in a run.
    serial,  // COM1 only, as to guests without the window.
};

/// What every measurement shares.
struct Place {
    guest::Hypervisor& hypervisor;
    run::Assets assets;
    std::string directory;  // For logs; removed by bench.sh.
    int guests = 0;

    Deadline soon(const std::string& what) const { return Deadline::in(Milliseconds(60000), what); }
    guest::GuestSpec spec(const std::vector<std::string>& nics);
};

/// The reference guest, up to its agent's hello.
struct BenchGuest {
    std::unique_ptr<guest::Guest> guest;
    std::vector<std::unique_ptr<witness::NicPeer>> peers;
    std::unique_ptr<rpc::Client> client;
    std::optional<run::Agent> agent;
    rpc::Hello hello;
    double qemu_to_hello_ms = 0;   // From QEMU's own start, to 10 ms (the kernel's tick).
    double start_to_hello_ms = 0;  // From our decision to start it: libvirt's time included.

    static Task<std::unique_ptr<BenchGuest>> boot(
        Place& place, std::vector<std::string> nics, LineChoice choice = LineChoice::memory
    );
    /// Puts protocol5.sys and installs it.
    Task<void> deploy(const Place& place);
    Task<void> end(const Place& place);
};

}  // namespace rundown::bench
