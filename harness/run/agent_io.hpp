// SPDX-License-Identifier: MIT
// run/agent_io.hpp
//
// What a run asks of the agent, as one function per sentence: each builds the request, waits no
// longer than it is told, and turns a refusal (an NTSTATUS and a sentence) into an Error that says
// what was asked, or into an Answer where the oracle is to judge it. With Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "oracle/run_record.hpp"
#include "rpc/client_io.hpp"
#include "run/trace_pieces.hpp"
#include "rundown/protocol5_ioctl.h"
#include "rundown/trace_abi.h"

namespace rundown::run {

template <class T>
using Awaitable = boost::asio::awaitable<result<T>>;

/// The service the driver under test is installed as. The protocol registers under the same name.
inline constexpr const char* kService = "protocol5";

/// What the guest answered to an operation whose refusal is a result, not a failure of the harness.
struct Answer {
    std::uint32_t status = 0;  // NTSTATUS; 0 is success.
    std::string message;       // The guest's sentence, when it gave one.
};

/// The test drivers' control device.
inline constexpr const char* kControlDevice = "\\Device\\RundownProtocol5";

/// One adapter, as NDIS sees it.
struct AdapterState {
    std::string name;
    bool started = false;
    bool link_up = false;
};

/// One bound adapter, as NDIS sees it.
struct BindingState {
    std::string adapter;
    std::string protocol;
};

class Agent {
  public:
    explicit Agent(rpc::Client& client) : client_(client) {}

    /// Sends one request and refuses a response whose status is a failure. `what` completes "the
    /// guest refused to ...".
    Awaitable<rpc::Response> ask(rpc::Request request, const std::string& what, Deadline deadline);

    Awaitable<void> install(
        const std::string& file,
        const std::map<std::string, std::uint32_t>& parameters,
        const rpc::Hello& hello,
        Deadline deadline
    );
    Awaitable<Answer> start_driver(Deadline deadline);
    /// Answered when the driver's Unload has returned.
    Awaitable<Answer> stop_driver(Deadline deadline);
    Awaitable<void> wait_for_bindings(Deadline deadline);
    Awaitable<std::vector<BindingState>> bindings(Deadline deadline);
    Awaitable<Answer> bind(const BindingState& binding, Deadline deadline);
    Awaitable<Answer> unbind(const BindingState& binding, Deadline deadline);
    Awaitable<std::vector<AdapterState>> adapters(Deadline deadline);
    Awaitable<Answer> disable(const std::string& adapter, Deadline deadline);
    Awaitable<Answer> enable(const std::string& adapter, Deadline deadline);
    /// A handle to a device, kept until it is closed; the agent's number of it.
    Awaitable<std::uint64_t> open_handle(const std::string& device, Deadline deadline);
    Awaitable<Answer> close_handle(std::uint64_t handle, Deadline deadline);
    /// Has so many handles to a device open, each closed and opened anew all the time; 0: none any
    /// more when it is answered.
    Awaitable<void> churn_handles(
        const std::string& device, std::uint32_t count, Deadline deadline
    );
    Awaitable<void> mark(rd_trace_mark mark, std::uint64_t value, Deadline deadline);
    Awaitable<void> set_load(const rd_p5_load& load, Deadline deadline);
    /// Keeps an OID request in flight on each binding, or (0) no longer.
    Awaitable<void> hold_request(std::uint32_t count, Deadline deadline);
    /// Keeps so many receives on each binding until told otherwise.
    Awaitable<void> hold_receives(std::uint32_t count, Deadline deadline);
    Awaitable<rd_p5_counters> counters(Deadline deadline);
    /// Arms a sync point of the driver's.
    Awaitable<void> hold_at(const rd_p5_sync_hold& hold, Deadline deadline);
    /// Where the driver's records go.
    Awaitable<rd_p5_trace_place> trace_place(Deadline deadline);
    /// The next records of the driver's own ring, through its device; of the agent's own marks with
    /// an empty device. No records: there are no more for now.
    Awaitable<TracePiece> drain_trace(const std::string& device, Deadline deadline);
    /// NdisDeregisterProtocol from the driver's device-control routine; its status, or the IOCTL's.
    Awaitable<Answer> deregister(Deadline deadline);
    Awaitable<oracle::Census> census(Deadline deadline);
    Awaitable<oracle::DriverQuery> query_driver(Deadline deadline);
    /// Answered before it happens.
    Awaitable<Answer> power_off(Deadline deadline);
    Awaitable<Answer> reboot(Deadline deadline);

  private:
    Awaitable<Answer> try_to(rpc::Request request, const std::string& what, Deadline deadline);
    Awaitable<rpc::Response> ioctl(
        std::uint32_t code,
        std::string input,
        std::uint32_t output_bytes,
        const std::string& what,
        Deadline deadline
    );

    rpc::Client& client_;
};

}  // namespace rundown::run
