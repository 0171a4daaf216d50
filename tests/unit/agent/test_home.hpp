// SPDX-License-Identifier: MIT
// unit/agent/test_home.hpp
//
// A place for the agent's server to live in without a guest: memory that runs out on demand, files
// in a map, workers that run when told, and the line as a list of frames. It checks what a home is
// promised: locks are not nested, memory is released once.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/core/server.hpp"
#include "rpc/messages.hpp"

namespace rundown::agent {

class TestHome {
  public:
    TestHome() {
        home_ = Home{
            this,
            [](void* self, const std::uint8_t* bytes, std::size_t count) {
                of(self).transmit(std::string(reinterpret_cast<const char*>(bytes), count));
            },
            [](void* self, std::size_t bytes) { return of(self).allocate(bytes); },
            [](void* self, void* memory) {
                EXPECT_EQ(of(self).memory_.erase(memory), 1u) << "released what is not allocated";
                std::free(memory);
            },
            [](void* self) { of(self).enter(of(self).locked_); },
            [](void* self) { of(self).locked_ = false; },
            [](void* self) { of(self).enter(of(self).line_locked_); },
            [](void* self) { of(self).line_locked_ = false; },
            [](void* self, void (*work)(void*), void* argument) {
                return of(self).start(work, argument);
            },
            [](void* self) {
                EXPECT_TRUE(of(self).line_locked_) << "a frame may be on its way into the line";
                ++of(self).line_restarts;
                if (of(self).on_restart_line) {
                    of(self).on_restart_line();
                }
            },
            [](void* self, Hello& hello) {
                std::snprintf(hello.guest, sizeof hello.guest, "test");
                hello.line_epoch = of(self).line_epoch;
            },
            [](void* self, const char* name, const std::uint8_t* bytes, std::size_t count) {
                of(self).files[name].assign(reinterpret_cast<const char*>(bytes), count);
                return of(self).write_status;
            },
            [](void* self, const char* name, std::uint8_t** bytes, std::size_t* count) {
                return of(self).read(name, bytes, count);
            },
            kOperations,
            std::size(kOperations),
        };
        server = std::make_unique<Server>(home_);
    }
    ~TestHome() {
        server.reset();
        EXPECT_TRUE(memory_.empty()) << "the server kept " << memory_.size() << " blocks";
    }
    TestHome(const TestHome&) = delete;
    TestHome& operator=(const TestHome&) = delete;

    /// Runs the blocking operations that wait for a worker.
    void run_workers() {
        while (!work.empty()) {
            const auto next = work.front();
            work.pop_front();
            next();
        }
    }

    std::vector<std::string> sent;  // Frames, where on_transmit is not set.
    std::function<void(std::string)> on_transmit;
    std::function<void()> on_restart_line;
    std::uint32_t line_epoch = 0;  // Told in hello.
    int line_restarts = 0;
    std::map<std::string, std::string> files;
    std::uint32_t write_status = 0;
    std::deque<std::function<void()>> work;
    bool has_workers = true;
    int allocations_left = -1;  // Until memory runs out; negative: never.
    int marks = 0;              // Times a `mark` was performed: not repeatable, small answer.
    int ioctls = 0;             // Times an `ioctl` was: not repeatable, blocks, answers 2000 bytes.
    int queries = 0;            // Times a `driver_query` was: repeatable, answers 2000 bytes.
    std::unique_ptr<Server> server;

  private:
    static TestHome& of(void* self) { return *static_cast<TestHome*>(self); }
    static void answer_much(Response& response) {
        response.data.size = 2000;
        std::memset(response.data.bytes, 'a', response.data.size);
    }
    static constexpr Operation kOperations[] = {
        {rundown_rpc_Request_mark_tag,
         kQuick,
         [](void* self, const Request&, Response&) { ++of(self).marks; }},
        {rundown_rpc_Request_ioctl_tag,
         kBlocks,
         [](void* self, const Request&, Response& response) {
             ++of(self).ioctls;
             answer_much(response);
         }},
        {rundown_rpc_Request_driver_query_tag,
         kRepeatable,
         [](void* self, const Request&, Response& response) {
             ++of(self).queries;
             answer_much(response);
         }},
    };

    void transmit(std::string frame) {
        EXPECT_TRUE(line_locked_) << "frames would mix on the line";
        if (on_transmit) {
            on_transmit(std::move(frame));
        } else {
            sent.push_back(std::move(frame));
        }
    }
    void* allocate(std::size_t bytes) {
        if (allocations_left == 0) {
            return nullptr;
        }
        allocations_left -= allocations_left > 0;
        return *memory_.insert(std::calloc(1, bytes)).first;
    }
    void enter(bool& lock) {
        EXPECT_FALSE(lock) << "a lock taken twice";
        lock = true;
    }
    bool start(void (*function)(void*), void* argument) {
        if (has_workers) {
            work.push_back([=] { function(argument); });
        }
        return has_workers;
    }
    std::uint32_t read(const char* name, std::uint8_t** bytes, std::size_t* count) {
        const auto file = files.find(name);
        if (file == files.end()) {
            return 0xC0000034;
        }
        *count = file->second.size();
        *bytes = static_cast<std::uint8_t*>(allocate(*count + 1));
        if (*bytes == nullptr) {
            return 0xC000009A;
        }
        file->second.copy(reinterpret_cast<char*>(*bytes), *count);
        return 0;
    }

    Home home_{};
    std::set<void*> memory_;
    bool locked_ = false;
    bool line_locked_ = false;
};

/// A frame with that payload, as either end would seal it.
inline std::string make_frame(
    FrameType type, std::uint32_t session, std::uint16_t sequence, const std::string& load
) {
    std::string frame(frame_bytes(load.size()), '\0');
    load.copy(frame.data() + kFrameHeaderBytes, load.size());
    seal_frame(
        reinterpret_cast<std::uint8_t*>(frame.data()), {type, session, sequence}, load.size()
    );
    return frame;
}

/// One frame taken apart.
struct Taken {
    FrameHead head;
    std::string payload;
};

/// Every good frame in the bytes, fed in portions of `portion`.
inline std::vector<Taken> take_frames(
    const std::string& bytes, std::size_t portion, FrameStatistics* statistics = nullptr
) {
    std::vector<std::uint8_t> buffer(kFrameBytesMax);
    FrameDecoder decoder(buffer.data());
    std::vector<Taken> taken;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t count = std::min(portion, bytes.size() - at);
        at += decoder.feed(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at, count);
        FrameHead head;
        const std::uint8_t* payload = nullptr;
        std::size_t length = 0;
        while (decoder.next(&head, &payload, &length)) {
            taken.push_back({head, std::string(reinterpret_cast<const char*>(payload), length)});
        }
    }
    if (statistics != nullptr) {
        *statistics = decoder.statistics();
    }
    return taken;
}

}  // namespace rundown::agent
