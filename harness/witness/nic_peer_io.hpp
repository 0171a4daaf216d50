// SPDX-License-Identifier: MIT
// witness/nic_peer_io.hpp
//
// The far end of one NIC: reads always, so that the guest's sends never wait for us; sends at the
// pace it is told, and no faster than the guest takes (the socket holds us back). With Asio; on one
// loop, not thread-safe. Each turn on the loop handles one buffer, so no wire starves another.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "witness/nic_watch.hpp"

namespace rundown::witness {

/// How fast the host sends.
enum class Pace {
    silent,  // Nothing.
    light,   // 100 frames a second.
    heavy,   // As fast as the guest takes them.
};

struct NicPeerOptions {
    std::uint32_t index = 0;   // Of the NIC; the stream number of what we send.
    MacAddress nic_address{};  // Of the NIC, where unicast goes.
    std::uint32_t seed = 0;
    std::string capture;         // Path of the pcap file; empty: none.
    bool paced_outside = false;  // Sends nothing by itself: only what send() is told.
};

class NicPeer {
  public:
    using Stream = boost::asio::ip::tcp::socket;

    /// Takes over the wire and starts reading. Fails (environment) when the capture cannot be made.
    static result<std::unique_ptr<NicPeer>> start(Stream stream, const NicPeerOptions& options);

    NicPeer(const NicPeer&) = delete;
    NicPeer& operator=(const NicPeer&) = delete;
    /// Closes.
    ~NicPeer();

    void set_pace(Pace pace);
    Pace pace() const;

    /// Sends the next `count` frames now, and returns when QEMU has read them: nothing is on its
    /// way then. Errors: timeout, lost_contact. For peers that are paced outside.
    boost::asio::awaitable<result<void>> send(std::size_t count, Deadline deadline);

    /// Waits until nothing has come from the guest for `quiet`, or until `deadline`. True: it is
    /// quiet, so what was in the wire's buffers has arrived.
    boost::asio::awaitable<bool> quiet(Milliseconds quiet, Deadline deadline);

    /// See NicWatch. What comes from now on, comes after the teardown.
    void torn_down();
    void set_up_again();

    NicStatistics statistics() const;
    std::uint64_t frames_to_guest() const;
    std::uint64_t frames_not_captured() const;

    /// Closes wire and capture. Error: the first thing that went wrong with either, the guest's end
    /// not counted.
    result<void> close();

  private:
    struct Wire;
    explicit NicPeer(std::shared_ptr<Wire> wire);
    std::shared_ptr<Wire> wire_;
};

}  // namespace rundown::witness
