// SPDX-License-Identifier: MIT
// agent/core/server.hpp
//
// The agent's end of the RPC: bytes of the line in, requests performed once each, answers and
// events out. Bounded memory; nothing that comes in is believed before it is checked. One thread
// feeds it; operations that block run on the home's workers.
#pragma once
#include "agent/core/file_transfer.hpp"
#include "agent/core/frame.hpp"
#include "agent/core/home.hpp"
#include "agent/core/replies.hpp"

namespace rundown::agent
{

class Server
{
  public:
    /// `home` outlives the server. The server is large: not on a stack.
    explicit Server(const Home &home);
    /// False: no memory; the server must not be used.
    bool initialise();
    /// No worker may be at work any more.
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    /// Says hello unasked: the guest is ready.
    void announce();

    /// Bytes from one of the two lines, in any portions. Answers what they complete.
    void feed(Port port, const uint8_t *bytes, size_t count);

    /// Nothing has come for longer than a frame may take: what began and did not end is garbage.
    void line_is_silent();

    /// A frame has begun on the serial line and not ended: more bytes are on their way. The feeding
    /// thread's.
    bool expects_more() const
    {
        return decoder_[0].buffered();
    }

    /// Sends an event of the current session; before the first session there is nobody to send it
    /// to. Any thread of the home's.
    void send_event(const Event &event);

    /// Answers nothing from now on (tests of the host's patience).
    void fall_silent()
    {
        silent_ = true;
    }

  private:
    struct Job {
        Server *server;
        const Operation *operation;
        uint32_t session;
        uint16_t sequence;
        Request request;
        Response response;
        uint8_t frame[kFrameBytesMax];
    };

    void take_frames(Port port);
    void take(Port port, const FrameHead &head, const uint8_t *payload, size_t bytes);
    void open_session(Port port, const uint8_t *payload, size_t bytes);
    void take_request(const FrameHead &head, const uint8_t *payload, size_t bytes);
    Seen look_up_and_begin(const FrameHead &head, const Operation *operation, size_t *stored_bytes);
    bool hand_over(const Job &job);
    void perform(Job &job);
    void answer(Job &job);
    static void work(void *job);
    const Operation *find(pb_size_t tag) const;
    void send_hello(uint32_t session);
    size_t
    encode(uint8_t *frame, const FrameHead &head, const pb_msgdesc_t *fields, const void *message)
        const;
    void send(const uint8_t *frame, size_t bytes);

    const Home &home_;
    FileTransfers transfers_;
    Replies replies_;
    uint8_t *input_ = nullptr;  // The decoders'.
    uint8_t *output_ = nullptr; // Hello and events; under lock_line.
    Job *quick_ = nullptr;      // The feeding thread's own.
    FrameDecoder decoder_[kPorts];
    uint32_t session_ = 0; // Under lock.
    volatile bool silent_ = false;
};

} // namespace rundown::agent
