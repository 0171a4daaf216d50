// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "bench/measurements.hpp"

namespace rundown::bench {

namespace {

constexpr double kBootTargetMs = 300;
constexpr double kMemoryTargetMib = 64;
constexpr double kCyclesTarget = 50;

Task<double> bind_cycles(Place& place, BenchGuest& guest, double seconds) {
    const auto bindings = need(co_await guest.agent->bindings(place.soon("the bindings")));
    int cycles = 0;
    const TimePoint begin = Clock::now();
    while (seconds_since(begin) < seconds) {
        co_await expect_success(
            guest.agent->unbind(bindings.at(0), place.soon("an unbind")), "an unbind"
        );
        co_await expect_success(guest.agent->bind(bindings.at(0), place.soon("a bind")), "a bind");
        ++cycles;
    }
    co_return cycles / seconds_since(begin);
}

Task<double> load_cycles(Place& place, BenchGuest& guest, double seconds) {
    int cycles = 0;
    const TimePoint begin = Clock::now();
    while (seconds_since(begin) < seconds) {
        co_await expect_success(guest.agent->stop_driver(place.soon("a stop")), "a stop");
        co_await expect_success(guest.agent->start_driver(place.soon("a start")), "a start");
        need(co_await guest.agent->wait_for_bindings(place.soon("the bindings")));
        ++cycles;
    }
    co_return cycles / seconds_since(begin);
}

}  // namespace

Task<void> expect_success(Task<result<run::Answer>> step, const std::string& what) {
    const auto answer = need(co_await std::move(step));
    if (answer.status != 0) {
        throw std::runtime_error(what + " was refused: " + answer.message);
    }
}

Task<void> measure_boot(Place& place, int rounds, Figures& figures) {
    const std::vector<std::string> both = {"e1000", "virtio-net"};
    std::vector<double> from_qemu, from_us;
    for (int round = 0; round < rounds; ++round) {
        auto guest = co_await BenchGuest::boot(place, both);
        from_qemu.push_back(guest->qemu_to_hello_ms);
        from_us.push_back(guest->start_to_hello_ms);
        co_await guest->end(place);
    }
    figures.push_back(
        {"QEMU started to hello, median", median(from_qemu), "ms", at_most(kBootTargetMs)}
    );
    // QEMU's age is known to a tick of 10 ms, so the difference of the two would say nothing.
    figures.push_back({"start asked of libvirt to hello, median", median(from_us), "ms"});
    figures.push_back(
        {"guest's memory",
         static_cast<double>(place.spec(both).memory_mib),
         "MiB",
         at_most(kMemoryTargetMib)}
    );
}

Task<void> measure_cycles(Place& place, double seconds, Figures& figures) {
    const std::vector<std::string> virtio = {"virtio-net"};
    auto guest = co_await BenchGuest::boot(place, virtio);
    co_await guest->deploy(place);
    co_await expect_success(guest->agent->start_driver(place.soon("the driver")), "the start");
    need(co_await guest->agent->wait_for_bindings(place.soon("the bindings")));
    const double binds = co_await bind_cycles(place, *guest, seconds);
    const double loads = co_await load_cycles(place, *guest, seconds);
    figures.push_back({"unbind + bind", binds, "cycles/s", at_least(kCyclesTarget)});
    figures.push_back({"unload + load (bound)", loads, "cycles/s", at_least(kCyclesTarget)});
    co_await guest->end(place);
}

}  // namespace rundown::bench
