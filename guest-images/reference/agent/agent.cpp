// SPDX-License-Identifier: MIT
// agent/agent.cpp
//
// agent.sys: the lines to the host and the RPC server core brought together. One thread reads them and performs what is quick; workers
// perform what may block, so that a driver that hangs does not make the agent deaf.
#include <agent/core/server.hpp>

#include <new>

#include "file_store.hpp"
#include "meeting.hpp"
#include "transport.hpp"
#include "workers.hpp"

extern "C" void __cxa_pure_virtual() { KeBugCheckEx(0xC4, 0x52440400, 0, 0, 0); }

namespace agent {

namespace {

constexpr ULONG kOperationsMax = 40;

Transport* transport;
Workers workers;
FAST_MUTEX state_mutex, line_mutex;
Operation operations[kOperationsMax];
rundown::agent::Server* server;
rundown::agent::Home home;

void* allocate(void*, size_t bytes) {
    PVOID memory = ExAllocatePoolWithTag(NonPagedPool, bytes, kTag);
    if (memory) RtlZeroMemory(memory, bytes);
    return memory;
}
/// An object that stays for the life of the system; null: no memory.
template <class T, class... Arguments>
T* make(Arguments&&... arguments) {
    PVOID memory = allocate(nullptr, sizeof(T));
    return memory ? new (memory) T(static_cast<Arguments&&>(arguments)...) : nullptr;
}
void release(void*, void* memory) { ExFreePoolWithTag(memory, kTag); }
void lock(void*) { ExAcquireFastMutex(&state_mutex); }
void unlock(void*) { ExReleaseFastMutex(&state_mutex); }
void lock_line(void*) { ExAcquireFastMutex(&line_mutex); }
void unlock_line(void*) { ExReleaseFastMutex(&line_mutex); }
void transmit(void*, const uint8_t* bytes, size_t count) { transport->write(bytes, count); }
void restart_line(void*) { transport->restart(); }
bool start(void*, void (*work)(void*), void* argument) { return workers.start(work, argument); }

template <size_t room>
void copy(char (&to)[room], const char* from) {
    strncpy(to, from, room - 1);
}

void describe(void*, rundown::agent::Hello& hello) {
    copy(hello.guest, "reference");
    copy(hello.os_version, "rundown reference guest (NT 5.2.3790)");
    copy(hello.arch, "x86-64");
    hello.processors = KeQueryActiveProcessorCount(nullptr);
    RD_KERNEL_COUNTS counts;
    RdQueryKernelCounts(&counts);
    hello.memory_bytes = counts.PhysicalPages * PAGE_SIZE;
    hello.scheduler_seed = static_cast<uint32_t>(RdCommandLineNumber("seed", 1));
    hello.ndis_versions[hello.ndis_versions_count++] = 5 << 8 | 1;
    SIZE_T bytes;
    if (PVOID window = RdTraceWindow(&bytes)) {
        hello.trace_base = static_cast<uint64_t>(MmGetPhysicalAddress(window).QuadPart);
        hello.trace_bytes = bytes;
        hello.boot_id = RdTraceRing()->boot_id;
    }
    hello.line_epoch = transport->epoch();
}

size_t gather_operations() {
    size_t count = 0;
    const OperationTable tables[] = {driver_operations(), ndis_operations(), ioctl_operations(), handle_operations(), system_operations()};
    for (const OperationTable& table : tables)
        for (size_t i = 0; i < table.count && count < kOperationsMax; ++i) operations[count++] = table.operations[i];
    return count;
}

VOID NTAPI serve(PVOID) {
    RdNameThread("agent");
    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);  // the host waits for it, whatever the load
    server->announce();
    UCHAR bytes[512];
    for (;;) {
        const Portion portion = transport->read(bytes, sizeof bytes, server->expects_more());
        if (portion.count)
            server->feed(portion.port, bytes, portion.count);
        else
            server->line_is_silent();
    }
}

NTSTATUS bring_up() {
    ExInitializeFastMutex(&state_mutex);
    ExInitializeFastMutex(&line_mutex);
    home = {nullptr,     transmit, allocate, release,    lock,      unlock, lock_line, unlock_line, start, restart_line,
            describe,    write_file, read_file, operations, gather_operations()};
    Uart* uart = make<Uart>();
    Meeting* meeting = RdIsDeterministic() ? make<Meeting>() : nullptr;
    if (uart) transport = make<Transport>(*uart, meeting ? static_cast<Doorbell&>(*meeting) : *uart, RdLineArea());
    server = make<rundown::agent::Server>(home);
    if (!transport || !server || !server->initialise()) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = workers.initialise();
    if (NT_SUCCESS(status)) status = start_handles();
    if (NT_SUCCESS(status)) status = uart->start();
    HANDLE thread;
    if (NT_SUCCESS(status)) status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, serve, nullptr);
    if (NT_SUCCESS(status)) ZwClose(thread);
    return status;
}

}  // namespace

void announce_shutdown(const char* why) {
    Memory<rundown::agent::Event> event;
    if (!event) return;  // The system goes either way; QEMU's own event tells the host too.
    event->which_event = rundown_rpc_Event_shutting_down_tag;
    copy(event->event.shutting_down, why);
    server->send_event(*event);
}
void fall_silent() { server->fall_silent(); }
void drain_line() { transport->drain(); }

void refuse_with(Response& response, NTSTATUS status, const char* what) { refuse(response, static_cast<uint32_t>(status), what); }

}  // namespace agent

/// The agent stays for the life of the system: it has no Unload. PASSIVE_LEVEL.
extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) { return agent::bring_up(); }
