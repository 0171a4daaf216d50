// SPDX-License-Identifier: MIT
// The RPC beside what it is made of: the UART's own echo, and the UART's own rate.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "bench/measurements.hpp"
#include "support/tiny_guest.hpp"

namespace rundown::bench {

namespace asio = boost::asio;

namespace {

constexpr double kEchoRatioTarget = 1.3;
constexpr double kLineShareTarget = 0.9;
constexpr std::size_t kRequestBytes = 64;
constexpr double kPauseSeconds = 0.002;
constexpr std::size_t kUploadBytes = 128 << 10;

double microseconds_since(TimePoint begin) {
    return seconds_since(begin) * 1e6;
}

/// A guest of a few instructions behind the same UART.
Task<std::unique_ptr<guest::Guest>> tiny_guest(Place& place, const guest::TinyGuest& code) {
    auto spec = place.spec({});
    spec.kernel = spec.directory + "/tiny.elf";
    spec.initrd.clear();
    spec.trace_window_mib = 0;
    std::ofstream(spec.kernel, std::ios::binary) << code.elf();
    co_return need(
        co_await guest::Guest::start(place.hypervisor, spec, place.soon("the tiny guest to start"))
    );
}

/// Round trips of one byte to a guest that does nothing but send back what it gets.
Task<std::vector<double>> raw_echo(Place& place, int rounds, double pause_seconds) {
    guest::TinyGuest code;
    code.echo_serial();
    auto guest = co_await tiny_guest(place, code);
    std::vector<double> times;
    std::array<char, 1> byte = {'x'};
    for (int round = 0; round < rounds; ++round) {
        if (pause_seconds > 0) {
            co_await sleep_for(pause_seconds);
        }
        const TimePoint begin = Clock::now();
        co_await asio::async_write(guest->serial(), asio::buffer(byte), asio::use_awaitable);
        co_await asio::async_read(guest->serial(), asio::buffer(byte), asio::use_awaitable);
        times.push_back(microseconds_since(begin));
    }
    need(co_await guest->stop(place.soon("the echo guest to be removed")));
    co_return times;
}

/// Bytes a second into a guest that does nothing but take them.
Task<double> raw_line_rate(Place& place) {
    guest::TinyGuest code;
    code.swallow_serial(kUploadBytes).halt();
    auto guest = co_await tiny_guest(place, code);
    const std::string bytes(kUploadBytes, 'x');
    std::array<char, 1> done{};
    co_await asio::async_read(guest->serial(), asio::buffer(done), asio::use_awaitable);
    const TimePoint begin = Clock::now();
    co_await asio::async_write(guest->serial(), asio::buffer(bytes), asio::use_awaitable);
    co_await asio::async_read(guest->serial(), asio::buffer(done), asio::use_awaitable);
    const double seconds = seconds_since(begin);
    need(co_await guest->stop(place.soon("the swallowing guest to be removed")));
    co_return static_cast<double>(kUploadBytes) / seconds;
}

Task<double> upload_rate(Place& place, BenchGuest& guest) {
    const std::string bytes(kUploadBytes, 'u');
    const TimePoint begin = Clock::now();
    need(co_await rpc::put_file(*guest.client, "upload.sys", bytes, place.soon("an upload")));
    co_return static_cast<double>(kUploadBytes) / seconds_since(begin);
}

struct RpcTimes {
    std::vector<double> requests;
    std::vector<double> requests_apart;  // The guest sleeps between them.
    double upload = 0;
};

Task<RpcTimes> measure_line(Place& place, int rounds, LineChoice choice) {
    auto guest = co_await BenchGuest::boot(place, std::vector<std::string>(), choice);
    co_await requests(place, *guest, rounds / 10);  // Code that is translated the first time.
    RpcTimes times;
    times.requests = co_await requests(place, *guest, rounds);
    times.requests_apart = co_await requests(place, *guest, rounds / 4, kPauseSeconds);
    times.upload = co_await upload_rate(place, *guest);
    const bool over_memory = guest->client->statistics().memory_frames_sent != 0;
    if (over_memory != (choice == LineChoice::memory)) {
        throw std::runtime_error("the frames took the other line than the one to be measured");
    }
    co_await guest->end(place);
    co_return times;
}

}  // namespace

Task<void> sleep_for(double seconds) {
    asio::steady_timer timer(
        co_await asio::this_coro::executor,
        std::chrono::microseconds(static_cast<long>(seconds * 1e6))
    );
    co_await timer.async_wait(asio::use_awaitable);
}

Task<std::vector<double>> requests(
    Place& place, BenchGuest& guest, int rounds, double pause_seconds
) {
    std::vector<double> times;
    const std::string contents(kRequestBytes, 'r');
    for (int round = 0; round < rounds; ++round) {
        if (pause_seconds > 0) {
            co_await sleep_for(pause_seconds);
        }
        rpc::Request request;
        request.set_echo(contents);
        const TimePoint begin = Clock::now();
        const auto answer =
            need(co_await guest.client->call(std::move(request), place.soon("an echo's answer")));
        times.push_back(microseconds_since(begin));
        if (answer.data() != contents) {
            throw std::runtime_error("an echo came back changed");
        }
    }
    co_return times;
}

Task<void> measure_rpc(Place& place, int rounds, Figures& figures) {
    const auto echo = co_await raw_echo(place, rounds, 0);
    const auto echo_apart = co_await raw_echo(place, rounds / 4, kPauseSeconds);
    const auto memory = co_await measure_line(place, rounds, LineChoice::memory);
    const auto serial = co_await measure_line(place, rounds / 4, LineChoice::serial);
    const double rate = co_await raw_line_rate(place);
    figures.push_back({"raw one-byte echo, p50", median(echo), "us"});
    figures.push_back({"raw one-byte echo, p99", percentile99(echo), "us"});
    figures.push_back({"64-byte request, p50", median(memory.requests), "us"});
    figures.push_back({"64-byte request, p99", percentile99(memory.requests), "us"});
    figures.push_back(
        {"64-byte request, p50 by the raw echo's",
         median(memory.requests) / median(echo),
         "",
         at_most(kEchoRatioTarget)}
    );
    figures.push_back({"raw one-byte echo after 2 ms, p50", median(echo_apart), "us"});
    figures.push_back({"64-byte request after 2 ms, p50", median(memory.requests_apart), "us"});
    figures.push_back({"64-byte request, serial line only, p50", median(serial.requests), "us"});
    figures.push_back({"raw line rate into the guest", rate / 1024, "KiB/s"});
    figures.push_back({"upload, serial line only", serial.upload / 1024, "KiB/s"});
    figures.push_back({"upload", memory.upload / 1024, "KiB/s"});
    figures.push_back(
        {"upload, serial line only, by the raw rate",
         serial.upload / rate,
         "",
         at_least(kLineShareTarget)}
    );
    figures.push_back(
        {"upload by the raw line rate", memory.upload / rate, "", at_least(kLineShareTarget)}
    );
}

}  // namespace rundown::bench
