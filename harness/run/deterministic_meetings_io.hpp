// SPDX-License-Identifier: MIT
// run/deterministic_meetings_io.hpp
//
// The host's part of a deterministic run. The guest stops at its rendezvous
// (rundown/rendezvous_abi.h), in QEMU's gdb stub; while its time stands still the host takes what
// the guest wrote, runs everything of its own that is ready until nothing is, lets in the frames
// that are due, and lets the guest go on. So all that the host does is a function of what the guest
// said and of the guest's time, however slow or busy this machine is. With Asio; on the loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/gdb_stub_io.hpp"
#include "run/deterministic_pace.hpp"
#include "witness/nic_peer_io.hpp"

namespace rundown::run {

/// What the meetings ask of the run they belong to.
struct MeetingHooks {
    /// The RPC client looks at its rings.
    std::function<void()> look;
    /// Blocking calls (libvirt's) whose results somebody on the loop waits for.
    std::function<std::size_t()> calls_under_way;
    /// A meeting begins; first thing, with the guest's time known.
    std::function<void(GuestTime)> met;
    /// The guest has come to no meeting for so long that it will come to none: it hangs.
    std::function<void()> silent;
    /// There will be no more meetings, and it was not the run that ended them.
    std::function<void(Error)> lost;
};

class Meetings {
  public:
    /// Connects to the gdb stub of a machine that has not run yet, and sets the watchpoint.
    /// `window`: the guest's whole window; must stay mapped. Errors: those of GdbStub.
    static boost::asio::awaitable<result<std::unique_ptr<Meetings>>> open(
        boost::asio::io_context& loop,
        std::string gdb_socket,
        std::span<const std::byte> window,
        Deadline deadline
    );
    Meetings(const Meetings&) = delete;
    Meetings& operator=(const Meetings&) = delete;
    /// No more meetings; the machine stays as it is.
    ~Meetings();

    /// Lets the machine run. `peers` are paced outside; they must outlive this.
    void begin(MeetingHooks hooks, std::vector<witness::NicPeer*> peers);
    /// Waits until the guest has come to its first meeting. Errors: timeout, or how the meetings
    /// ended.
    boost::asio::awaitable<result<void>> first(Deadline deadline);

    GuestTime now() const;
    /// Returns at the first meeting at least `time` of the guest's later; at once when there are no
    /// more meetings.
    boost::asio::awaitable<void> pause(GuestTime time);
    /// Has `then` called at the first meeting at least `time` later, unless set_alarm or
    /// cancel_alarm is called before.
    void set_alarm(GuestTime time, std::function<void()> then);
    void cancel_alarm();

    /// The machine stays where it is from the meeting on that is under way, or comes next.
    void hold();
    /// No more meetings: the machine runs by itself.
    void let_go();

    std::uint64_t count() const;

  private:
    struct State;
    explicit Meetings(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace rundown::run
