// SPDX-License-Identifier: MIT
// guest/guest_io.hpp
//
// One running guest: its wires (serial line, NICs, trace window), what the host sees of it (events,
// QMP log) and its end. Includes Asio: for harness/run and tests only. Everything runs on the loop
// of the Hypervisor it came from; not thread-safe. However a Guest is let go of, stop() or
// destructor, it leaves no process, socket or window behind.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/guest_event.hpp"
#include "guest/lifecycle.hpp"
#include "guest/spec.hpp"

struct _virDomain;

namespace rundown::guest {

class Hypervisor;

/// Files a guest leaves in its run directory (absolute paths).
struct GuestFiles {
    std::string domain_xml;     // What libvirt was given.
    std::string debug_console;  // Bytes the guest wrote to port 0xE9 (DbgPrint).
    std::string qmp_events;     // One JSON line an event, as qmp_log_line() writes it.
    std::string qemu_log;       // QEMU's command line and what it said; complete after stop().
};

/// How long the steps of a start took.
struct GuestTimings {
    Milliseconds claim{0};    // Names registered, sockets and window made.
    Milliseconds libvirt{0};  // libvirt's call, QEMU's own start included.
    Milliseconds connect{0};  // From there until every wire was accepted.
    Milliseconds load{0};     // With resume_from: from there until the machine goes on.
    Milliseconds stop{0};     // stop(), from its call to nothing left.
};

class Guest {
  public:
    using EventHandler = std::function<void(const GuestEvent&)>;
    using SerialStream = boost::asio::local::stream_protocol::socket;
    using NicStream = boost::asio::ip::tcp::socket;

    /// Starts a guest and waits until its wires are connected. When this fails nothing is left of
    /// it but its files. Errors: usage (the spec), environment (a file or package is missing),
    /// hypervisor, timeout. `hypervisor` must outlive the guest.
    static boost::asio::awaitable<result<std::unique_ptr<Guest>>> start(
        Hypervisor& hypervisor, GuestSpec spec, Deadline deadline
    );

    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    ~Guest();

    /// COM1, connected. Nothing the guest wrote since its first instruction is lost. The caller may
    /// move it away.
    SerialStream& serial();
    /// COM2, with SecondSerial::stream; likewise. Must be read: what is not stalls the guest.
    SerialStream& second_serial();
    /// The far ends of the NICs, in the spec's order: frames are preceded by their length as 4
    /// bytes, big endian. What is not read in time stalls the guest's NIC (flow control), nothing
    /// is dropped.
    std::vector<NicStream>& nics();
    /// Path of the trace window, /dev/shm/...; empty without one. Removed at the end: map or copy
    /// it before stop().
    std::string trace_window() const;
    const GuestFiles& files() const;
    const GuestSpec& spec() const;
    const GuestNames& names() const;
    const GuestTimings& timings() const;

    /// Called for each event, on the loop, from now on; those before are in events(). One handler
    /// at a time.
    void on_event(EventHandler handler);
    const std::vector<GuestEvent>& events() const;
    /// How the guest ended; none while it can still make progress.
    GuestEnd end() const;
    LifecycleState state() const;

    /// Waits until the guest has panicked, powered off or died. Error: timeout.
    boost::asio::awaitable<result<GuestEnd>> ended(Deadline deadline);

    /// Sends one QMP command, e.g. {"execute":"query-status"}, and gives back QEMU's reply. Works
    /// after a panic too. Errors: hypervisor (QEMU refused: the sentence has its words; or is
    /// gone), timeout. Names of the devices: NIC i is "net<i>", its back end "hostnet<i>", the
    /// serial line "serial0".
    boost::asio::awaitable<result<std::string>> qmp(std::string command, Deadline deadline);

    /// The same with a file descriptor, which QEMU gets a copy of (the command getfd).
    boost::asio::awaitable<result<std::string>> qmp_with_file(
        std::string command, int descriptor, Deadline deadline
    );

    /// Calls libvirt about this guest, on the thread for that; such calls wait for each other.
    /// `what` completes "gave up waiting for ...". Errors: the call's; hypervisor (the guest is
    /// gone), timeout: then the call goes on, and others wait behind it until stop().
    boost::asio::awaitable<result<void>> call_libvirt(
        std::string what, std::function<result<void>(_virDomain*)> call, Deadline deadline
    );

    /// Why a file of files() is not whole (a full disk, say); nothing when all are. Known after
    /// stop().
    const std::optional<Error>& evidence_error() const;

    /// Ends QEMU at once, saves its log, removes everything but the run directory. May be called
    /// again.
    boost::asio::awaitable<result<void>> stop(Deadline deadline);

  private:
    struct Life;
    explicit Guest(std::shared_ptr<Life> life);
    std::shared_ptr<Life> life_;
};

}  // namespace rundown::guest
