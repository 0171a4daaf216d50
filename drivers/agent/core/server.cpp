// SPDX-License-Identifier: MIT
#include "agent/core/server.hpp"

#include <pb_decode.h>
#include <pb_encode.h>
#include <string.h>

#include "agent/core/status.hpp"

namespace rundown::agent
{

namespace
{

/// A lock of the home's for a scope.
class Guard
{
  public:
    Guard(void *context, void (*enter)(void *), void (*leave)(void *))
        : context_(context), leave_(leave)
    {
        enter(context);
    }
    ~Guard()
    {
        leave_(context_);
    }
    Guard(const Guard &) = delete;
    Guard &operator=(const Guard &) = delete;

  private:
    void *context_;
    void (*leave_)(void *);
};

/// Operations the core performs itself.
constexpr Operation kOwn[] = {
    {rundown_rpc_Request_ping_tag, kRepeatable, nullptr},
    {rundown_rpc_Request_echo_tag, kRepeatable, nullptr},
    {rundown_rpc_Request_file_put_begin_tag, kQuick, nullptr},
    {rundown_rpc_Request_file_put_chunk_tag, kRepeatable, nullptr},
    {rundown_rpc_Request_file_put_end_tag, kQuick, nullptr},
    {rundown_rpc_Request_file_get_begin_tag, kRepeatable, nullptr},
    {rundown_rpc_Request_file_get_chunk_tag, kRepeatable, nullptr},
};

/// Empties a response. It is some 20 KiB, most of it the union of results: the core's own
/// operations fill in what they need of that, so that only for the home's it is cleared.
void
clear(Response &response, const Operation *operation)
{
    response.status = 0;
    response.message[0] = '\0';
    response.value = 0;
    response.data.size = 0;
    response.lost = 0;
    response.which_result = 0;
    if (operation && operation->perform)
        memset(&response.result, 0, sizeof response.result);
}

void
echo(const Request &request, Response &response)
{
    if (request.which_op != rundown_rpc_Request_echo_tag)
        return;
    response.data.size = request.op.echo.size;
    memcpy(response.data.bytes, request.op.echo.bytes, request.op.echo.size);
}

} // namespace

Server::Server(const Home &home)
    : home_(home), transfers_(home), decoder_{FrameDecoder(nullptr), FrameDecoder(nullptr)}
{
}

bool
Server::initialise()
{
    input_ = static_cast<uint8_t *>(home_.allocate(home_.context, kPorts * kFrameBytesMax));
    output_ = static_cast<uint8_t *>(home_.allocate(home_.context, kFrameBytesMax));
    quick_ = static_cast<Job *>(home_.allocate(home_.context, sizeof(Job)));
    if (!input_ || !output_ || !quick_)
        return false;
    for (size_t port = 0; port < kPorts; ++port)
        decoder_[port] = FrameDecoder(input_ + port * kFrameBytesMax);
    return true;
}

Server::~Server()
{
    if (input_)
        home_.release(home_.context, input_);
    if (output_)
        home_.release(home_.context, output_);
    if (quick_)
        home_.release(home_.context, quick_);
}

void
Server::announce()
{
    send_hello(0);
}

void
Server::feed(Port port, const uint8_t *bytes, size_t count)
{
    while (count) {
        const size_t taken = decoder_[static_cast<size_t>(port)].feed(bytes, count);
        bytes += taken;
        count -= taken;
        take_frames(port);
    }
}

void
Server::line_is_silent()
{
    for (size_t port = 0; port < kPorts; ++port) {
        if (!decoder_[port].buffered())
            continue;
        decoder_[port].give_up_frame();
        take_frames(static_cast<Port>(port));
    }
}

void
Server::take_frames(Port port)
{
    FrameHead head;
    const uint8_t *payload;
    size_t length;
    while (decoder_[static_cast<size_t>(port)].next(&head, &payload, &length))
        take(port, head, payload, length);
}

void
Server::take(Port port, const FrameHead &head, const uint8_t *payload, size_t bytes)
{
    if (silent_)
        return;
    if (head.type == FrameType::hello_request)
        open_session(port, payload, bytes);
    if (head.type == FrameType::request && head.session == session_ && session_)
        take_request(head, payload, bytes);
}

void
Server::open_session(Port port, const uint8_t *payload, size_t bytes)
{
    HelloRequest hello = rundown_rpc_HelloRequest_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(payload, bytes);
    if (!pb_decode(&stream, rundown_rpc_HelloRequest_fields, &hello) || !hello.session_id)
        return;
    if (hello.session_id != session_) {
        {
            const Guard guard(home_.context, home_.lock, home_.unlock);
            session_ = hello.session_id;
            replies_.reset();
            transfers_.reset();
        }
        if (port == Port::serial && home_.restart_line) {
            const Guard guard(home_.context, home_.lock_line, home_.unlock_line);
            home_.restart_line(home_.context);
        }
    }
    send_hello(hello.session_id);
}

const Operation *
Server::find(pb_size_t tag) const
{
    for (const Operation &operation : kOwn)
        if (operation.tag == tag)
            return &operation;
    for (size_t i = 0; i < home_.operation_count; ++i)
        if (home_.operations[i].tag == tag)
            return &home_.operations[i];
    return nullptr;
}

/// `never`: it is begun now, for the caller to perform. `answered`: the stored answer is in
/// quick_->frame.
Seen
Server::look_up_and_begin(const FrameHead &head, const Operation *operation, size_t *stored_bytes)
{
    const Guard guard(home_.context, home_.lock, home_.unlock);
    const uint8_t *frame = nullptr;
    Seen seen = replies_.look_up(head.sequence, &frame, stored_bytes);
    if (seen == Seen::answered)
        memcpy(quick_->frame, frame, *stored_bytes);
    const bool harmless = operation && (operation->flags & kRepeatable);
    if ((seen == Seen::forgotten || seen == Seen::too_old) && harmless)
        seen = Seen::never;
    // With every entry taken by a request in progress this one waits: the host sends it again.
    if (seen == Seen::never && !replies_.begin(head.sequence))
        seen = Seen::in_progress;
    return seen;
}

void
Server::take_request(const FrameHead &head, const uint8_t *payload, size_t bytes)
{
    pb_istream_t stream = pb_istream_from_buffer(payload, bytes);
    const bool decoded = pb_decode(&stream, rundown_rpc_Request_fields, &quick_->request);
    const Operation *operation = decoded ? find(quick_->request.which_op) : nullptr;
    size_t stored_bytes = 0;
    const Seen seen = look_up_and_begin(head, operation, &stored_bytes);
    if (seen == Seen::in_progress)
        return;
    if (seen == Seen::answered)
        return send(quick_->frame, stored_bytes);
    quick_->server = this;
    quick_->operation = operation;
    quick_->session = head.session;
    quick_->sequence = head.sequence;
    clear(quick_->response, operation);
    if (seen == Seen::forgotten || seen == Seen::too_old) {
        refuse(
            quick_->response,
            kStatusRequestAborted,
            "the request came again, and its answer is no longer kept");
    } else if (!decoded) {
        refuse(
            quick_->response,
            kStatusInvalidParameter,
            "the request cannot be decoded, or a field of it is too long");
    } else if (!operation) {
        refuse(
            quick_->response, kStatusNotImplemented, "this agent does not perform that operation");
    } else if (!(operation->flags & kBlocks)) {
        perform(*quick_);
    } else if (hand_over(*quick_)) {
        return;
    } else {
        refuse(quick_->response, kStatusDeviceBusy, "the agent's workers are all busy");
    }
    answer(*quick_);
}

/// Gives a copy of the job to a worker, which answers it. False: there is no worker, or no memory.
bool
Server::hand_over(const Job &job)
{
    auto *copy = static_cast<Job *>(home_.allocate(home_.context, sizeof(Job)));
    if (!copy)
        return false;
    memcpy(copy, &job, offsetof(Job, response)); // the response is empty as it is allocated
    if (home_.start(home_.context, work, copy))
        return true;
    home_.release(home_.context, copy);
    return false;
}

void
Server::perform(Job &job)
{
    if (job.operation->perform) {
        job.operation->perform(home_.context, job.request, job.response);
    } else if (!transfers_.perform(job.request, job.response)) {
        echo(job.request, job.response);
    }
}

void
Server::work(void *argument)
{
    auto *job = static_cast<Job *>(argument);
    Server *server = job->server;
    server->perform(*job);
    server->answer(*job);
    server->home_.release(server->home_.context, job);
}

void
Server::answer(Job &job)
{
    const FrameHead head = {FrameType::response, job.session, job.sequence};
    size_t bytes = encode(job.frame, head, rundown_rpc_Response_fields, &job.response);
    if (!bytes) {
        clear(job.response, nullptr);
        refuse(job.response, kStatusBufferOverflow, "the answer does not fit a frame");
        bytes = encode(job.frame, head, rundown_rpc_Response_fields, &job.response);
    }
    {
        const Guard guard(home_.context, home_.lock, home_.unlock);
        if (job.session != session_)
            return; // its session is over, nobody waits
        replies_.answered(job.sequence, job.frame, bytes);
    }
    if (!silent_)
        send(job.frame, bytes);
}

size_t
Server::encode(
    uint8_t *frame, const FrameHead &head, const pb_msgdesc_t *fields, const void *message) const
{
    pb_ostream_t stream = pb_ostream_from_buffer(frame + kFrameHeaderBytes, kFramePayloadMax);
    if (!pb_encode(&stream, fields, message))
        return 0;
    return seal_frame(frame, head, stream.bytes_written);
}

void
Server::send(const uint8_t *frame, size_t bytes)
{
    const Guard guard(home_.context, home_.lock_line, home_.unlock_line);
    home_.transmit(home_.context, frame, bytes);
}

void
Server::send_hello(uint32_t session)
{
    auto *hello = static_cast<Hello *>(home_.allocate(home_.context, sizeof(Hello)));
    if (!hello)
        return;
    home_.describe(home_.context, *hello);
    hello->protocol_version = kProtocolVersion;
    hello->session_id = session;
    hello->chunk_bytes_max = kChunkBytesMax;
    const auto add = [&](pb_size_t tag) {
        if (hello->operations_count < sizeof hello->operations / sizeof hello->operations[0])
            hello->operations[hello->operations_count++] = tag;
    };
    for (const Operation &operation : kOwn)
        add(operation.tag);
    for (size_t i = 0; i < home_.operation_count; ++i)
        add(home_.operations[i].tag);
    {
        const Guard guard(home_.context, home_.lock_line, home_.unlock_line);
        const size_t bytes =
            encode(output_, {FrameType::hello, session, 0}, rundown_rpc_Hello_fields, hello);
        if (bytes)
            home_.transmit(home_.context, output_, bytes);
    }
    home_.release(home_.context, hello);
}

void
Server::send_event(const Event &event)
{
    if (silent_ || !session_)
        return;
    const Guard guard(home_.context, home_.lock_line, home_.unlock_line);
    const size_t bytes =
        encode(output_, {FrameType::event, session_, 0}, rundown_rpc_Event_fields, &event);
    if (bytes)
        home_.transmit(home_.context, output_, bytes);
}

} // namespace rundown::agent
