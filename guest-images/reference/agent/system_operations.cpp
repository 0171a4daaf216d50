// SPDX-License-Identifier: MIT
// agent/system_operations.cpp
//
// The system as a whole: census, marks in the trace, power, and the ways to break it that tests of the harness need.
#include <rundown/ndis_control.h>

#include "agent.hpp"

namespace agent {

namespace {

/// The answer of ZwQuerySystemInformation in memory of the right size.
template <class T>
class Information {
  public:
    explicit Information(ULONG information_class) {
        ULONG needed = 0;
        status_ = ZwQuerySystemInformation(information_class, nullptr, 0, &needed);
        for (int i = 0; status_ == STATUS_INFO_LENGTH_MISMATCH && i < 4; ++i) {
            if (data_) ExFreePoolWithTag(data_, kTag);
            needed += 1024;  // what comes meanwhile
            data_ = static_cast<T*>(ExAllocatePoolWithTag(NonPagedPool, needed, kTag));
            status_ = data_ ? ZwQuerySystemInformation(information_class, data_, needed, &needed) : STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    ~Information() {
        if (data_) ExFreePoolWithTag(data_, kTag);
    }
    Information(const Information&) = delete;
    Information& operator=(const Information&) = delete;
    NTSTATUS status() const { return status_; }
    const T* operator->() const { return data_; }

  private:
    T* data_ = nullptr;
    NTSTATUS status_;
};

NTSTATUS count_ndis(rundown_rpc_Census& census) {
    rd_ndis_census ndis;
    Text device(RD_NDIS_DEVICE_NAME);
    ULONG_PTR filled;
    const NTSTATUS status = device_control(device.string(), RD_NDIS_IOCTL_CENSUS, nullptr, 0, &ndis, sizeof ndis, &filled);
    if (!NT_SUCCESS(status)) return status;
    census.protocols = ndis.protocols;
    census.opens = ndis.opens;
    census.filters = ndis.filters;
    census.adapters = ndis.adapters;
    census.packet_pools = ndis.packet_pools;
    census.packets_out = ndis.packets_out;
    census.buffer_pools = ndis.buffer_pools;
    census.buffers_out = ndis.buffers_out;
    census.requests_pending = ndis.requests_pending;
    census.sends_pending = ndis.sends_pending;
    census.receives_out = ndis.receives_out;
    return STATUS_SUCCESS;
}

NTSTATUS count_objects(rundown_rpc_Census& census) {
    RD_SYSTEM_COUNTS counts;
    ULONG needed;
    const NTSTATUS status = ZwQuerySystemInformation(RD_SYSTEM_COUNTS_CLASS, &counts, sizeof counts, &needed);
    if (!NT_SUCCESS(status)) return status;
    census.threads = counts.Threads;
    census.timers = counts.Timers;
    census.handles = counts.Handles;
    census.devices = counts.Devices;
    census.work_items = counts.WorkItems;
    return STATUS_SUCCESS;
}

NTSTATUS list_pool(rundown_rpc_Census& census) {
    const Information<RD_POOL_TAGS> tags(22);
    if (!NT_SUCCESS(tags.status())) return tags.status();
    for (ULONG i = 0; i < tags->Count; ++i) {
        const RD_POOL_TAG_INFORMATION& from = tags->TagInfo[i];
        const ULONG paged = from.PagedAllocs - from.PagedFrees, non_paged = from.NonPagedAllocs - from.NonPagedFrees;
        // The agent's own memory comes and goes with the question.
        if ((!paged && !non_paged) || from.Tag == kTag) continue;
        if (census.pool_count == RTL_NUMBER_OF(census.pool)) return STATUS_BUFFER_OVERFLOW;
        auto& to = census.pool[census.pool_count++];
        to.tag = from.Tag;
        to.bytes = from.PagedUsed + from.NonPagedUsed;
        to.blocks = non_paged;
        to.paged_blocks = paged;
    }
    return STATUS_SUCCESS;
}

NTSTATUS list_modules(rundown_rpc_Census& census) {
    const Information<RD_MODULES> modules(11);
    if (!NT_SUCCESS(modules.status())) return modules.status();
    if (modules->NumberOfModules > RTL_NUMBER_OF(census.module)) return STATUS_BUFFER_OVERFLOW;
    for (ULONG i = 0; i < modules->NumberOfModules; ++i) {
        const RD_MODULE_INFORMATION& from = modules->Modules[i];
        auto& to = census.module[census.module_count++];
        strncpy(to.name, from.FullPathName + from.OffsetToFileName, sizeof to.name - 1);
        to.base = reinterpret_cast<uint64_t>(from.ImageBase);
        to.bytes = from.ImageSize;
    }
    return STATUS_SUCCESS;
}

void census(void*, const Request&, Response& response) {
    response.which_result = rundown_rpc_Response_census_tag;
    auto& result = response.result.census;
    NTSTATUS status = count_ndis(result);
    if (NT_SUCCESS(status)) status = count_objects(result);
    if (NT_SUCCESS(status)) status = list_pool(result);
    if (NT_SUCCESS(status)) status = list_modules(result);
    if (NT_SUCCESS(status)) return;
    response.which_result = 0;
    refuse_with(response, status, "the census could not be taken");
}

/// What happens once the answer has left.
struct Later {
    void (*action)(ULONG argument);
    ULONG argument;
};

VOID NTAPI do_later(PVOID context) {
    const Later later = *static_cast<Later*>(context);
    ExFreePoolWithTag(context, kTag);
    LARGE_INTEGER pause = {.QuadPart = -20 * 10000};  // the answer is being written
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    drain_line();
    later.action(later.argument);
}

void after_the_answer(Response& response, void (*action)(ULONG), ULONG argument) {
    auto* later = static_cast<Later*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Later), kTag));
    HANDLE thread;
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    if (later) {
        *later = {action, argument};
        status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, do_later, later);
    }
    if (NT_SUCCESS(status)) return static_cast<void>(ZwClose(thread));
    if (later) ExFreePoolWithTag(later, kTag);
    refuse_with(response, status, "no memory for a thread");
}

void shut_down(ULONG action) {
    announce_shutdown(action == 1 ? "reboot" : "power off");
    drain_line();
    ZwShutdownSystem(action);
}
void power_off(void*, const Request&, Response& response) { after_the_answer(response, shut_down, 2); }
void reboot(void*, const Request&, Response& response) { after_the_answer(response, shut_down, 1); }

void stop_system(ULONG code) { KeBugCheckEx(code, 1, 2, 3, 4); }
void bug_check(void*, const Request& request, Response& response) { after_the_answer(response, stop_system, request.op.bug_check); }

/// Every logical processor spins at HIGH_LEVEL: the calling one does, and with interrupts shut out there is no other.
void spin(ULONG) {
    KIRQL irql;
    KeRaiseIrql(HIGH_LEVEL, &irql);
    for (;;) YieldProcessor();
}
void go_silent(ULONG) { fall_silent(); }

void hang(void*, const Request& request, Response& response) {
    if (request.op.hang != 1 && request.op.hang != 2) return refuse_with(response, STATUS_INVALID_PARAMETER, "a hang is 1 or 2");
    after_the_answer(response, request.op.hang == 1 ? spin : go_silent, 0);
}

using namespace rundown::agent;
constexpr Operation kOperations[] = {
    {rundown_rpc_Request_census_tag, kRepeatable, census},
    {rundown_rpc_Request_power_off_tag, kQuick, power_off},
    {rundown_rpc_Request_reboot_tag, kQuick, reboot},
    {rundown_rpc_Request_bug_check_tag, kQuick, bug_check},
    {rundown_rpc_Request_hang_tag, kQuick, hang},
};

}  // namespace

OperationTable system_operations() { return {kOperations, RTL_NUMBER_OF(kOperations)}; }

}  // namespace agent
