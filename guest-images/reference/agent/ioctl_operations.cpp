// SPDX-License-Identifier: MIT
// agent/ioctl_operations.cpp
//
// IOCTLs to any device, and draining a driver's own trace ring through one.
#include <rundown/protocol5_ioctl.h>

#include "agent.hpp"
#include "agent/win32/mark_ring.hpp"

namespace agent {

NTSTATUS device_control(
    PUNICODE_STRING device, ULONG code, PVOID input, ULONG input_bytes, PVOID output, ULONG output_bytes, ULONG_PTR* information) {
    *information = 0;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, device, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    IO_STATUS_BLOCK io = {};
    Handle file;
    NTSTATUS status = ZwCreateFile(
        file.receive(), GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &io, nullptr, 0, FILE_SHARE_READ | FILE_SHARE_WRITE,
        FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, nullptr, 0);
    if (!NT_SUCCESS(status)) return status;
    status = ZwDeviceIoControlFile(file.get(), nullptr, nullptr, nullptr, &io, code, input, input_bytes, output, output_bytes);
    if (status == STATUS_PENDING) {
        ZwWaitForSingleObject(file.get(), FALSE, nullptr);
        status = io.Status;
    }
    if (!NT_ERROR(status)) *information = io.Information < output_bytes ? io.Information : output_bytes;
    return status;
}

namespace {

void ioctl(void*, const Request& request, Response& response) {
    const auto& wanted = request.op.ioctl;
    Text device(wanted.device);
    if (!device.good()) return refuse_with(response, STATUS_OBJECT_NAME_INVALID, "the device's name is none");
    if (wanted.output_bytes > sizeof response.data.bytes)
        return refuse_with(response, STATUS_INVALID_PARAMETER, "more output was asked for than an answer has room for");
    // The input is the request's own memory and may be written by METHOD_NEITHER drivers; nobody reads it afterwards.
    auto* input = const_cast<pb_byte_t*>(wanted.input.bytes);
    ULONG_PTR filled;
    const NTSTATUS status = device_control(
        device.string(), wanted.code, wanted.input.size ? input : nullptr, wanted.input.size, wanted.output_bytes ? response.data.bytes : nullptr,
        wanted.output_bytes, &filled);
    if (!NT_SUCCESS(status)) return refuse_with(response, status, "the device refused the request, or there is no such device");
    response.data.size = static_cast<pb_size_t>(filled);
}

// Marks made while there was no window and no driver to take them.
KSPIN_LOCK marks_lock;
rundown::win32::MarkRing marks;

/// Into the window, which the kernel shares; without one into the driver's own ring, and else kept here.
void mark(void*, const Request& request, Response&) {
    SIZE_T window_bytes;
    if (RdTraceWindow(&window_bytes)) {
        RdTraceWrite(RD_SOURCE_AGENT, RD_KIND_NOTE, RD_EV_MARK, 0, 0, 0, request.op.mark.mark, request.op.mark.value, 0);
        return;
    }
    rd_p5_mark wanted = {request.op.mark.mark, request.op.mark.value};
    UNICODE_STRING device;
    RtlInitUnicodeString(&device, RD_P5_DEVICE_NAME);
    ULONG_PTR filled;
    const NTSTATUS status = device_control(&device, RD_P5_IOCTL_MARK, &wanted, sizeof wanted, nullptr, 0, &filled);
    if (!NT_SUCCESS(status)) {
        const ULONG64 now = static_cast<ULONG64>(KeQueryPerformanceCounter(nullptr).QuadPart);
        KIRQL old;
        KeAcquireSpinLock(&marks_lock, &old);
        marks.add(now, static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(PsGetCurrentThreadId())), request.op.mark.mark, request.op.mark.value);
        KeReleaseSpinLock(&marks_lock, old);
    }
}

void drain_marks(Response& response) {
    constexpr ULONG kRoom = sizeof response.data.bytes / sizeof(rd_trace_record);
    KIRQL old;
    KeAcquireSpinLock(&marks_lock, &old);
    const size_t count = marks.drain(reinterpret_cast<rd_trace_record*>(response.data.bytes), kRoom, &response.value);
    response.data.size = static_cast<pb_size_t>(count * sizeof(rd_trace_record));
    response.lost = marks.lost();
    KeReleaseSpinLock(&marks_lock, old);
}

/// The driver's ring, as much as an answer holds: rd_p5_trace_chunk without its head in data, the head in value and lost.
void trace_drain(void*, const Request& request, Response& response) {
    if (!request.op.trace_drain.device[0]) return drain_marks(response);
    Text device(request.op.trace_drain.device);
    Memory<UCHAR> memory(sizeof(rd_p5_trace_chunk) + sizeof response.data.bytes);
    if (!memory) return refuse_with(response, STATUS_INSUFFICIENT_RESOURCES, "no memory");
    ULONG room = sizeof response.data.bytes / sizeof(rd_trace_record);
    if (request.op.trace_drain.records_max && request.op.trace_drain.records_max < room) room = request.op.trace_drain.records_max;
    ULONG_PTR filled;
    const NTSTATUS status = device_control(
        device.string(), RD_P5_IOCTL_DRAIN_TRACE, nullptr, 0, memory.get(),
        static_cast<ULONG>(sizeof(rd_p5_trace_chunk) + room * sizeof(rd_trace_record)), &filled);
    if (!NT_SUCCESS(status) || filled < sizeof(rd_p5_trace_chunk))
        return refuse_with(response, NT_SUCCESS(status) ? STATUS_UNSUCCESSFUL : status, "the driver does not give its trace");
    const auto* chunk = reinterpret_cast<const rd_p5_trace_chunk*>(memory.get());
    const ULONG_PTR bytes = filled - sizeof *chunk;
    memcpy(response.data.bytes, chunk + 1, bytes);
    response.data.size = static_cast<pb_size_t>(bytes);
    response.value = chunk->first_sequence;
    response.lost = chunk->lost;
    response.counter_hz = chunk->frequency_hz;
}

using namespace rundown::agent;
constexpr Operation kOperations[] = {
    {rundown_rpc_Request_ioctl_tag, kBlocks, ioctl},
    {rundown_rpc_Request_trace_drain_tag, kBlocks, trace_drain},
    {rundown_rpc_Request_mark_tag, kQuick, mark},
};

}  // namespace

OperationTable ioctl_operations() { return {kOperations, RTL_NUMBER_OF(kOperations)}; }

}  // namespace agent
