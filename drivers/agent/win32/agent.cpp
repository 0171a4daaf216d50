// SPDX-License-Identifier: MIT
#include "agent/win32/agent.hpp"

#include <new>
#include <string.h>

#include "agent/core/server.hpp"
#include "agent/win32/answer.hpp"
#include "agent/win32/file_store.hpp"
#include "agent/win32/line_writer.hpp"
#include "agent/win32/log.hpp"
#include "agent/win32/port.hpp"
#include "agent/win32/system.hpp"
#include "agent/win32/text.hpp"
#include "agent/win32/workers.hpp"

namespace rundown::win32
{

namespace
{

constexpr DWORD kPortRetryMs = 500;
constexpr size_t kOperationsMax = 64;

Options options;
Port *port;
LineWriter *writer;
Workers workers;
Lock state_lock, line_lock;
Operation operations[kOperationsMax];
agent::Home home;
agent::Server *server;
HANDLE leaving; // Signalled: make_room() was called.

void *
allocate(void *, size_t bytes)
{
    return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
}

void
release(void *, void *memory)
{
    HeapFree(GetProcessHeap(), 0, memory);
}

size_t
gather_operations()
{
    const OperationTable tables[] = {
        driver_operations(),
        adapter_operations(),
        binding_operations(),
        ioctl_operations(),
        handle_operations(),
        census_operations(),
        power_operations(),
        verifier_operations(),
        dump_operations(),
        event_log_operations(),
        package_operations(),
        update_operations(),
    };
    size_t count = 0;
    for (const OperationTable &table : tables)
        for (size_t i = 0; i < table.count && count < kOperationsMax; ++i)
            operations[count++] = table.operations[i];
    return count;
}

void
fill_home()
{
    home.transmit = [](void *, const uint8_t *bytes, size_t count) { writer->push(bytes, count); };
    home.allocate = allocate;
    home.release = release;
    home.lock = [](void *) { state_lock.enter(); };
    home.unlock = [](void *) { state_lock.leave(); };
    home.lock_line = [](void *) { line_lock.enter(); };
    home.unlock_line = [](void *) { line_lock.leave(); };
    home.start = [](void *, void (*work)(void *), void *argument) {
        return workers.start(work, argument);
    };
    home.describe = [](void *, agent::Hello &hello) { describe_system(hello); };
    home.write_file = write_file;
    home.read_file = read_file;
    home.operations = operations;
    home.operation_count = gather_operations();
}

bool
bring_up()
{
    fill_home();
    port = &port_of_this_system(options.port);
    writer = new (std::nothrow) LineWriter(*port);
    server = new (std::nothrow) agent::Server(home);
    leaving = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    return writer && server && leaving && server->initialise() && workers.initialise() &&
           writer->start();
}

/// Opens the port, if it is there by now.
void
look_for_port(DWORD *last_error, bool *has_announced)
{
    const DWORD error = port->open(options.port);
    if (error && error != *last_error)
        log_notable(
            options.port + " cannot be opened yet: " + error_text(error), /*is_error=*/true);
    *last_error = error;
    if (error)
        return;
    log_line(options.port + " is open");
    if (!*has_announced)
        server->announce();
    *has_announced = true;
}

bool
is_over(HANDLE stop, DWORD patience_ms)
{
    const HANDLE events[] = {stop, leaving};
    return WaitForMultipleObjects(2, events, FALSE, patience_ms) != WAIT_TIMEOUT;
}

void
read_until(HANDLE stop)
{
    DWORD last_error = 0;
    bool has_announced = false;
    static uint8_t bytes[Port::kReadBytes];
    while (!is_over(stop, 0)) {
        if (!port->is_open())
            look_for_port(&last_error, &has_announced);
        const int count = port->is_open() ? port->read(bytes) : -1;
        if (count > 0) {
            server->feed(agent::Port::serial, bytes, static_cast<size_t>(count));
        } else if (count == 0) {
            server->line_is_silent();
        } else {
            if (port->is_open())
                log_notable("the port is gone: " + error_text(GetLastError()), true);
            port->close();
            is_over(stop, kPortRetryMs);
        }
    }
}

struct Later {
    void (*action)();
};

DWORD WINAPI
do_later(void *context)
{
    const Later later = *static_cast<Later *>(context);
    delete static_cast<Later *>(context);
    Sleep(50); // the answer is being written
    drain_line();
    later.action();
    return 0;
}

} // namespace

int
serve(const Options &wanted, HANDLE stop)
{
    options = wanted;
    if (!bring_up()) {
        log_notable("there is no memory for the agent", true);
        return 1;
    }
    const std::string where = narrow(prepare_file_store(options.files));
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_HIGHEST); // the host waits for it
    log_notable("serving " + options.port + ", files in " + where, false);
    read_until(stop);
    drain_line();
    port->close();
    log_notable("ended", false);
    return 0;
}

bool
after_the_answer(void (*action)())
{
    auto *later = new (std::nothrow) Later{action};
    HANDLE thread = later ? CreateThread(nullptr, 0, do_later, later, 0, nullptr) : nullptr;
    if (!thread) {
        delete later;
        return false;
    }
    CloseHandle(thread);
    return true;
}

void
announce_end(const char *why)
{
    agent::Event event = {};
    event.which_event = rundown_rpc_Event_shutting_down_tag;
    copy(event.event.shutting_down, why);
    if (server)
        server->send_event(event);
}

void
send_log_event(const std::string &line)
{
    agent::Event event = {};
    event.which_event = rundown_rpc_Event_log_tag;
    copy(event.event.log, line);
    if (server)
        server->send_event(event);
}

void
fall_silent()
{
    server->fall_silent();
}

void
drain_line()
{
    writer->drain(1000);
}

void
make_room()
{
    SetEvent(leaving);
}

const Options &
served_options()
{
    return options;
}

} // namespace rundown::win32
