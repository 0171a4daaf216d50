// SPDX-License-Identifier: MIT
// agent/core/home.hpp
//
// What the server asks of the place it lives in (a kernel module, a Win32 service, a test): the
// line, memory, files, workers and the operations themselves. Plain functions with a context, so
// that it needs no run time.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/core/messages.hpp"

namespace rundown::agent
{

/// How an operation may be treated.
enum OperationFlags : uint32_t {
    kQuick = 0,      // Performed where the frame is received.
    kBlocks = 1,     // May take long: a worker performs it, and the line stays alive.
    kRepeatable = 2, // Performing it twice does no harm: asked again after its stored answer is
                     // gone, it is performed again.
};

/// One operation of rpc.proto. `perform` fills the response, whose status is 0 and whose fields are
/// empty at the call.
struct Operation {
    pb_size_t tag; // rundown_rpc_Request_*_tag
    uint32_t flags;
    void (*perform)(void *context, const Request &request, Response &response);
};

struct Home {
    void *context;
    /// Sends one frame, over the line in memory where the host has attached to it. One call at a
    /// time. Blocks until it is on its way.
    void (*transmit)(void *context, const uint8_t *bytes, size_t count);
    /// Zeroed memory or null; freed with release.
    void *(*allocate)(void *context, size_t bytes);
    void (*release)(void *context, void *memory);
    /// Guards the server's own state between the receiving thread and the workers; never held for
    /// long.
    void (*lock)(void *context);
    void (*unlock)(void *context);
    /// Keeps frames apart on the line; held while one is sent.
    void (*lock_line)(void *context);
    void (*unlock_line)(void *context);
    /// Has work(argument) called on a worker. False: none is free, and none will be called.
    bool (*start)(void *context, void (*work)(void *), void *argument);
    /// A session was opened anew over the serial line: whoever opened it has not attached to the
    /// line in memory, which begins anew. Called with lock_line held. Null: there is no such line.
    void (*restart_line)(void *context);
    /// Fills in what this guest is. protocol_version, session_id, operations and chunk_bytes_max
    /// are the server's.
    void (*describe)(void *context, Hello &hello);
    /// Creates or replaces a file. 0, or an NTSTATUS.
    uint32_t (*write_file)(void *context, const char *name, const uint8_t *bytes, size_t count);
    /// The whole of a file in memory of allocate(). 0, or an NTSTATUS.
    uint32_t (*read_file)(void *context, const char *name, uint8_t **bytes, size_t *count);

    const Operation *operations;
    size_t operation_count;
};

} // namespace rundown::agent
