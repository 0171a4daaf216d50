// SPDX-License-Identifier: MIT
#include "run/deterministic_pace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace rundown::run {

namespace {

constexpr std::uint64_t kNanoseconds = 1000000000;
/// As the free-running far ends do: 100 frames a second.
constexpr GuestTime kLightPeriod = std::chrono::milliseconds(10);
/// 20,000 frames a second to each NIC: more than a driver that holds some of them takes without a
/// queue in the device, and few enough for the queue to end soon after the traffic does.
constexpr GuestTime kHeavyPeriod = std::chrono::microseconds(50);
constexpr std::size_t kBurst = 32;

/// Ticks as time; exact for the counters of a deterministic guest, which runs at 1 GHz.
GuestTime as_time(std::uint64_t ticks, std::uint64_t frequency) {
    const std::uint64_t seconds = ticks / frequency;
    const auto part = static_cast<std::uint64_t>(
        static_cast<unsigned __int128>(ticks % frequency) * kNanoseconds / frequency
    );
    return GuestTime(static_cast<std::int64_t>(seconds * kNanoseconds + part));
}

}  // namespace

result<void> GuestClock::meet(std::span<const std::byte> line_area) {
    rd_rendezvous block;
    if (line_area.size() < RD_RENDEZVOUS_OFFSET + sizeof(block))
        return fail(ErrorKind::protocol, "the guest's window has no room for a rendezvous");
    std::memcpy(&block, line_area.data() + RD_RENDEZVOUS_OFFSET, sizeof(block));
    // A day's worth of seconds bounds what follows; a counter beyond that is none.
    constexpr std::uint64_t kSecondsMax = 86400;
    if (block.magic != RD_RENDEZVOUS_MAGIC || block.frequency_hz == 0 ||
        block.time / block.frequency_hz >= kSecondsMax)
        return fail(ErrorKind::protocol, "the guest stopped without having made a rendezvous");
    const GuestTime now = as_time(block.time, block.frequency_hz);
    if (block.count != meetings_ + 1 || now < now_)
        return fail(
            ErrorKind::protocol,
            fmt::format(
                "the guest says that this is rendezvous {} at {} ns, after rendezvous {} at {} ns",
                static_cast<std::uint64_t>(block.count),
                now.count(),
                meetings_,
                now_.count()
            )
        );
    ++meetings_;
    now_ = now;
    return {};
}

GuestWaits::Ticket GuestWaits::add(GuestTime due) {
    const Ticket ticket = ++last_;
    waits_.emplace(std::pair(due, ticket), ticket);
    return ticket;
}

void GuestWaits::remove(Ticket ticket) {
    std::erase_if(waits_, [ticket](const auto& wait) { return wait.second == ticket; });
}

std::vector<GuestWaits::Ticket> GuestWaits::over(GuestTime now) {
    std::vector<Ticket> tickets;
    while (!waits_.empty() && waits_.begin()->first.first <= now) {
        tickets.push_back(waits_.begin()->second);
        waits_.erase(waits_.begin());
    }
    return tickets;
}

std::vector<GuestWaits::Ticket> GuestWaits::all() {
    return over(GuestTime::max());
}

std::size_t FrameBudget::frames(witness::Pace pace, GuestTime now) {
    if (pace != pace_) {
        pace_ = pace;
        paid_until_ = now;
    }
    if (pace == witness::Pace::silent)
        return 0;
    const GuestTime period = pace == witness::Pace::heavy ? kHeavyPeriod : kLightPeriod;
    const auto due = static_cast<std::size_t>((now - paid_until_) / period);
    if (due > kBurst) {
        paid_until_ = now;
        return kBurst;
    }
    paid_until_ += period * static_cast<std::int64_t>(due);
    return due;
}

}  // namespace rundown::run
