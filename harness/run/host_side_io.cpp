// SPDX-License-Identifier: MIT
// The NICs' far ends during a run, and what is kept of what they saw.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <cstdio>

#include "run/receive_filter.hpp"
#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// A wire without a byte for so long has nothing left in its buffers.
constexpr Milliseconds kQuiet{20};
/// A driver that sends for ever does not keep the run from going on.
constexpr Milliseconds kQuietPatience{1000};
/// A teardown that has not returned by then will hardly do so: the trace ring holds some seconds of
/// heavy load, and how the hang began must not be overwritten while it is waited for.
constexpr Milliseconds kTrafficPatience{2500};

witness::MacAddress address_of(const std::string& text) {
    witness::MacAddress address{};
    for (std::size_t i = 0; i < address.size() && 3 * i < text.size(); ++i) {
        address[i] = static_cast<std::uint8_t>(std::stoul(text.substr(3 * i, 2), nullptr, 16));
    }
    return address;
}

}  // namespace

result<void> ScenarioRun::start_peers() {
    for (std::size_t nic = 0; nic < guest_->nics().size(); ++nic) {
        witness::NicPeerOptions options;
        options.index = static_cast<std::uint32_t>(nic);
        options.nic_address = address_of(guest::nic_mac(nic));
        options.seed = spec_.seed;
        options.capture = evidence_.capture(nic);
        options.paced_outside = spec_.deterministic;
        auto peer = witness::NicPeer::start(std::move(guest_->nics()[nic]), options);
        if (!peer) {
            return peer.error();
        }
        peers_.push_back(std::move(*peer));
    }
    return {};
}

void ScenarioRun::set_pace(witness::Pace pace) {
    for (const auto& peer : peers_) {
        peer->set_pace(pace);
    }
}

witness::Pace ScenarioRun::wanted_pace() const {
    switch (spec_.load) {
        case scenario::Load::light:
            return witness::Pace::light;
        case scenario::Load::heavy:
            return witness::Pace::heavy;
        default:
            return witness::Pace::silent;
    }
}

void ScenarioRun::fall_silent_later() {
    if (meetings_) {
        meetings_->set_alarm(kTrafficPatience, [this] { set_pace(witness::Pace::silent); });
        return;
    }
    silence_->expires_after(kTrafficPatience);
    silence_->async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) {
            set_pace(witness::Pace::silent);
        }
    });
}

void ScenarioRun::stay_loud() {
    silence_->cancel();
    if (meetings_) {
        meetings_->cancel_alarm();
    }
}

asio::awaitable<void> ScenarioRun::quieten_wires() {
    set_pace(witness::Pace::silent);
    const Deadline deadline =
        wait("the wires to be quiet").within(Clock::now(), kQuietPatience, "the wires to be quiet");
    if (meetings_) {
        co_await pause(kQuiet);  // At a meeting every wire has been read to its end.
    }
    for (const auto& peer : peers_) {
        if (!meetings_) {
            static_cast<void>(co_await peer->quiet(kQuiet, deadline));
        }
        peer->torn_down();
    }
}

/// virtio-net tells which filter it was given; a device without such a query leaves it absent.
asio::awaitable<void> ScenarioRun::ask_receive_filters(
    std::optional<oracle::ReceiveFilter> oracle::NicWitness::*kept
) {
    keep_witness();
    for (std::size_t nic = 0; nic < spec_.nics.size(); ++nic) {
        if (spec_.nics[nic].starts_with("virtio-net") &&
            !removed_.contains(fmt::format("net{}", nic))) {
            const auto reply =
                co_await guest_->qmp(receive_filter_command(nic), wait("QEMU's receive filter"));
            if (reply) {
                record_.nics[nic].*kept = receive_filter_in(*reply);
            }
        }
    }
}

void ScenarioRun::keep_witness() {
    record_.nics.resize(spec_.nics.size());
    const auto since_start = [this](TimePoint time) {
        return std::chrono::duration_cast<Milliseconds>(time - started_).count();
    };
    outcome_.frames_not_captured = 0;
    for (std::size_t nic = 0; nic < spec_.nics.size(); ++nic) {
        oracle::NicWitness& kept = record_.nics[nic];
        kept.model = spec_.nics[nic];
        if (nic >= peers_.size()) {
            continue;  // The guest never came up that far.
        }
        const auto seen = peers_[nic]->statistics();
        kept.frames_from_guest = seen.frames_from_guest;
        kept.frames_bad = seen.frames_bad;
        kept.frames_other = seen.frames_other;
        kept.sequence_gaps = seen.sequence_gaps;
        kept.sequence_repeats = seen.sequence_repeats;
        kept.frames_after_teardown = seen.frames_after_teardown;
        kept.frames_to_guest = peers_[nic]->frames_to_guest();
        kept.streams.clear();
        for (const auto& stream : seen.streams) {
            kept.streams.push_back({stream.stream, stream.frames, stream.last_sequence});
        }
        if (seen.first) {
            kept.first_ms = since_start(*seen.first);
            kept.last_ms = since_start(*seen.last);
        }
        outcome_.frames_not_captured += peers_[nic]->frames_not_captured();
    }
}

}  // namespace rundown::run
