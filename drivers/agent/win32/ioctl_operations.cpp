// SPDX-License-Identifier: MIT
// agent/win32/ioctl_operations.cpp
//
// IOCTLs to any device; the trace of a driver drained, and marks put into it.
#include <rundown/protocol5_ioctl.h>
#include <string.h>

#include "agent/win32/answer.hpp"
#include "agent/win32/lock.hpp"
#include "agent/win32/mark_ring.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr char kDriver[] = "\\Device\\RundownProtocol5";
constexpr uint32_t kRecordsMax =
    sizeof(rundown_rpc_Response_data_t::bytes) / sizeof(rd_trace_record);

Lock marks_lock;
MarkRing marks;

bool
check_device(const char *path, Response &response)
{
    if (is_device_path(path))
        return true;
    refuse_plainly(response, kStatusObjectNameInvalid, "devices are named as \\Device\\NAME");
    return false;
}

void
ioctl(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.ioctl;
    if (!check_device(wanted.device, response))
        return;
    if (wanted.output_bytes > sizeof response.data.bytes)
        return refuse_plainly(
            response,
            agent::kStatusInvalidParameter,
            "more output was asked for than an answer has room for");
    uint32_t filled = 0;
    const uint32_t status = device_control(
        wanted.device,
        wanted.code,
        wanted.input.bytes,
        wanted.input.size,
        response.data.bytes,
        wanted.output_bytes,
        &filled);
    response.data.size = static_cast<pb_size_t>(filled);
    if (!succeeded(status))
        refuse_status(response, status, std::string(wanted.device) + " refused the request");
}

uint64_t
counter_hz()
{
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    return static_cast<uint64_t>(frequency.QuadPart);
}

/// The marks no driver took.
void
drain_marks(uint32_t room, Response &response)
{
    const Guard guard(marks_lock);
    auto *records = reinterpret_cast<rd_trace_record *>(response.data.bytes);
    const size_t count = marks.drain(records, room, &response.value);
    response.data.size = static_cast<pb_size_t>(count * sizeof(rd_trace_record));
    response.lost = marks.lost();
    response.counter_hz = counter_hz();
}

/// The driver's ring, as much as an answer holds: rd_p5_trace_chunk without its head in data, the
/// head in value, lost and counter_hz.
void
trace_drain(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.trace_drain;
    uint32_t room = kRecordsMax;
    if (wanted.records_max && wanted.records_max < room)
        room = wanted.records_max;
    if (!wanted.device[0])
        return drain_marks(room, response);
    if (!check_device(wanted.device, response))
        return;
    std::vector<uint8_t> memory(sizeof(rd_p5_trace_chunk) + room * sizeof(rd_trace_record));
    uint32_t filled = 0;
    const uint32_t status = device_control(
        wanted.device,
        RD_P5_IOCTL_DRAIN_TRACE,
        nullptr,
        0,
        memory.data(),
        static_cast<uint32_t>(memory.size()),
        &filled);
    if (!succeeded(status))
        return refuse_status(response, status, "the driver does not give its trace");
    if (filled < sizeof(rd_p5_trace_chunk))
        return refuse_plainly(
            response, kStatusUnsuccessful, "the driver gave less than the head of a trace");
    const auto *chunk = reinterpret_cast<const rd_p5_trace_chunk *>(memory.data());
    response.data.size = static_cast<pb_size_t>(filled - sizeof *chunk);
    memcpy(response.data.bytes, chunk + 1, response.data.size);
    response.value = chunk->first_sequence;
    response.lost = chunk->lost;
    response.counter_hz = chunk->frequency_hz;
}

/// Into the driver's trace where it is loaded, else kept until it is asked for.
void
mark(void *, const Request &request, Response &response)
{
    rd_p5_mark wanted = {};
    wanted.mark = request.op.mark.mark;
    wanted.value = request.op.mark.value;
    uint32_t filled = 0;
    const uint32_t status =
        device_control(kDriver, RD_P5_IOCTL_MARK, &wanted, sizeof wanted, nullptr, 0, &filled);
    if (succeeded(status))
        return;
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    const Guard guard(marks_lock);
    marks.add(
        static_cast<uint64_t>(now.QuadPart),
        GetCurrentThreadId(),
        request.op.mark.mark,
        request.op.mark.value);
    response.value = 1; // the agent's own
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_ioctl_tag, agent::kBlocks, ioctl},
    {rundown_rpc_Request_trace_drain_tag, agent::kBlocks, trace_drain},
    {rundown_rpc_Request_mark_tag, agent::kBlocks, mark},
};

} // namespace

OperationTable
ioctl_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
