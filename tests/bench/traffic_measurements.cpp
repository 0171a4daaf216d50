// SPDX-License-Identifier: MIT
// Heavy load over one NIC: how fast, what is lost, and what the RPC is like meanwhile.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "bench/measurements.hpp"
#include "witness/traffic.hpp"

namespace rundown::bench {

namespace {

constexpr int kRequestsUnderLoad = 300;

Task<rd_p5_counters> counters(Place& place, BenchGuest& guest) {
    co_return need(co_await guest.agent->counters(place.soon("the counters")));
}

Task<void> start_load(Place& place, BenchGuest& guest) {
    rd_p5_load load{};
    load.level = RD_P5_LOAD_HEAVY;
    need(co_await guest.agent->set_load(load, place.soon("the load")));
    guest.peers[0]->set_pace(witness::Pace::heavy);
    co_await sleep_for(0.3);  // Until the rings are full.
}

/// Ends the load; returns the driver's counters when nothing is on its way any more.
Task<rd_p5_counters> end_load(Place& place, BenchGuest& guest) {
    const rd_p5_load load{};
    need(co_await guest.agent->set_load(load, place.soon("the load's end")));
    guest.peers[0]->set_pace(witness::Pace::silent);
    const Deadline deadline = place.soon("the wire to fall silent");
    auto before = co_await counters(place, guest);
    for (;;) {
        co_await guest.peers[0]->quiet(Milliseconds(200), deadline);
        const auto now = co_await counters(place, guest);
        if (now.sends_in_flight == 0 && now.sent == before.sent &&
            now.received == before.received) {
            co_return now;
        }
        if (deadline.passed(Clock::now())) {
            throw std::runtime_error(deadline.expired().sentence);
        }
        before = now;
    }
}

/// Of the frames the host has sent, those to an address the driver listens to: all but the ones to
/// a group nobody is in, which the guest may pass on or not.
std::uint64_t addressed(std::uint64_t frames) {
    witness::Traffic again(1, 0, {0x52, 0x54, 0, 0x72, 0x64, 1});
    std::uint64_t count = 0;
    for (; frames > 0; --frames) {
        count += again.next().destination != witness::kUnlistedGroup;
    }
    return count;
}

double missing(std::uint64_t from, std::uint64_t seen) {
    return from > seen ? static_cast<double>(from - seen) : 0;
}

}  // namespace

Task<void> measure_traffic(Place& place, const std::string& nic, double seconds, Figures& figures) {
    const std::vector<std::string> one = {nic};
    auto guest = co_await BenchGuest::boot(place, one);
    co_await guest->deploy(place);
    co_await expect_success(guest->agent->start_driver(place.soon("the driver")), "the start");
    need(co_await guest->agent->wait_for_bindings(place.soon("the bindings")));
    co_await start_load(place, *guest);
    const auto before = co_await counters(place, *guest);
    const auto sent_before = guest->peers[0]->statistics().frames_from_guest;
    const TimePoint begin = Clock::now();
    co_await sleep_for(seconds);
    const auto sent = guest->peers[0]->statistics().frames_from_guest - sent_before;
    const auto after = co_await counters(place, *guest);
    const double elapsed = seconds_since(begin);
    const auto times = co_await requests(place, *guest, kRequestsUnderLoad);
    const auto end = co_await end_load(place, *guest);
    const auto seen = guest->peers[0]->statistics();
    const auto out_per_second = static_cast<double>(sent) / elapsed;
    const auto in_per_second = static_cast<double>(after.received - before.received) / elapsed;
    figures.push_back({nic + ": frames from the guest", out_per_second, "frames/s"});
    figures.push_back({nic + ": frames to the driver", in_per_second, "frames/s"});
    figures.push_back(
        {nic + ": sent by the driver, not seen",
         missing(end.sent - end.send_failures, seen.frames_from_guest),
         "frames",
         at_most(0)}
    );
    figures.push_back(
        {nic + ": sent to the driver, not seen",
         missing(addressed(guest->peers[0]->frames_to_guest()), end.received),
         "frames",
         nic == "virtio-net" ? std::optional(at_most(0)) : std::nullopt}
    );
    figures.push_back(
        {nic + ": damaged on the way",
         static_cast<double>(end.receive_bad + seen.frames_bad),
         "frames",
         at_most(0)}
    );
    figures.push_back({nic + ": 64-byte request meanwhile, p50", median(times), "us"});
    figures.push_back({nic + ": 64-byte request meanwhile, p99", percentile99(times), "us"});
    co_await guest->end(place);
}

}  // namespace rundown::bench
