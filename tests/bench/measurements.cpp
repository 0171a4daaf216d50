// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "bench/measurements.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "support/tiny_guest.hpp"

namespace rundown::bench {

namespace asio = boost::asio;

namespace {

constexpr double kBootTargetMs = 300;

double seconds_since(TimePoint begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double microseconds_since(TimePoint begin) {
    return seconds_since(begin) * 1e6;
}

/// Round trips of one byte to a guest that sends back what it gets.
Task<std::vector<double>> raw_echo(Place& place, int rounds) {
    auto spec = place.spec({});
    spec.kernel = spec.directory + "/echo.elf";
    spec.initrd.clear();
    spec.trace_window_mib = 0;
    std::ofstream(spec.kernel, std::ios::binary) << guest::TinyGuest().echo_serial().elf();
    auto guest = need(
        co_await guest::Guest::start(place.hypervisor, spec, place.soon("the echo guest to start"))
    );
    std::vector<double> times;
    std::array<char, 1> byte = {'x'};
    for (int round = 0; round < rounds; ++round) {
        const TimePoint begin = Clock::now();
        co_await asio::async_write(guest->serial(), asio::buffer(byte), asio::use_awaitable);
        co_await asio::async_read(guest->serial(), asio::buffer(byte), asio::use_awaitable);
        times.push_back(microseconds_since(begin));
    }
    need(co_await guest->stop(place.soon("the echo guest to be removed")));
    co_return times;
}

Task<std::vector<double>> pings(Place& place, BenchGuest& guest, int rounds) {
    std::vector<double> times;
    for (int round = 0; round < rounds; ++round) {
        rpc::Request request;
        request.mutable_ping();
        const TimePoint begin = Clock::now();
        need(co_await guest.client->call(std::move(request), place.soon("a ping's answer")));
        times.push_back(microseconds_since(begin));
    }
    co_return times;
}

Task<void> expect_success(Task<result<run::Answer>> step, const std::string& what) {
    const auto answer = need(co_await std::move(step));
    if (answer.status != 0) {
        throw std::runtime_error(what + " was refused: " + answer.message);
    }
}

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

Task<void> sleep_for(double seconds) {
    asio::steady_timer timer(
        co_await asio::this_coro::executor,
        std::chrono::microseconds(static_cast<long>(seconds * 1e6))
    );
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double percentile99(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    return values[values.size() * 99 / 100];
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
        {"QEMU started to hello, median", median(from_qemu), "ms", kBootTargetMs, "target"}
    );
    figures.push_back({"the same with libvirt's part", median(from_us), "ms"});
}

Task<void> measure_rpc(Place& place, int rounds, Figures& figures) {
    const auto echo = co_await raw_echo(place, rounds);
    auto guest = co_await BenchGuest::boot(place, std::vector<std::string>());
    const auto ping = co_await pings(place, *guest, rounds);
    co_await guest->end(place);
    figures.push_back({"raw one-byte echo, p50", median(echo), "us"});
    figures.push_back({"raw one-byte echo, p99", percentile99(echo), "us"});
    figures.push_back({"RPC ping, p50", median(ping), "us", median(echo), "raw echo"});
    figures.push_back({"RPC ping, p99", percentile99(ping), "us", percentile99(echo), "raw echo"});
}

Task<void> measure_cycles(Place& place, double seconds, Figures& figures) {
    const std::vector<std::string> virtio = {"virtio-net"};
    auto guest = co_await BenchGuest::boot(place, virtio);
    co_await guest->deploy(place);
    co_await expect_success(guest->agent->start_driver(place.soon("the driver")), "the start");
    need(co_await guest->agent->wait_for_bindings(place.soon("the bindings")));
    const double binds = co_await bind_cycles(place, *guest, seconds);
    const double loads = co_await load_cycles(place, *guest, seconds);
    figures.push_back({"unbind + bind", binds, "cycles/s"});
    figures.push_back({"unload + load (bound)", loads, "cycles/s"});
    co_await guest->end(place);
}

Task<void> measure_traffic(Place& place, const std::string& nic, double seconds, Figures& figures) {
    const std::vector<std::string> one = {nic};
    auto guest = co_await BenchGuest::boot(place, one);
    co_await guest->deploy(place);
    co_await expect_success(guest->agent->start_driver(place.soon("the driver")), "the start");
    need(co_await guest->agent->wait_for_bindings(place.soon("the bindings")));
    rd_p5_load load{};
    load.level = RD_P5_LOAD_HEAVY;
    need(co_await guest->agent->set_load(load, place.soon("the load")));
    guest->peers[0]->set_pace(witness::Pace::heavy);
    co_await sleep_for(0.3);  // Until the rings are full.
    const auto before = need(co_await guest->agent->counters(place.soon("the counters")));
    const auto sent_before = guest->peers[0]->statistics().frames_from_guest;
    const TimePoint begin = Clock::now();
    co_await sleep_for(seconds);
    const auto sent = guest->peers[0]->statistics().frames_from_guest - sent_before;
    const auto after = need(co_await guest->agent->counters(place.soon("the counters")));
    const double elapsed = seconds_since(begin);
    figures.push_back(
        {nic + ": frames from the guest", static_cast<double>(sent) / elapsed, "frames/s"}
    );
    figures.push_back(
        {nic + ": frames to the driver",
         static_cast<double>(after.received - before.received) / elapsed,
         "frames/s"}
    );
    co_await guest->end(place);
}

}  // namespace rundown::bench
