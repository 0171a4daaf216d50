// SPDX-License-Identifier: MIT
// libvirt's event interface on an Asio loop, without libvirt: through the functions it registered.
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "guest/event_loop_io.hpp"

namespace rundown::guest {
namespace {

using namespace std::chrono_literals;

/// What one registration saw.
struct Seen {
    int calls = 0;
    int events = 0;
    bool freed = false;
    std::function<void(int id)> then;
};

void on_handle(int watch, int fd, int events, void* opaque) {
    auto& seen = *static_cast<Seen*>(opaque);
    ++seen.calls;
    seen.events |= events;
    if (events & VIR_EVENT_HANDLE_READABLE) {
        char byte;
        EXPECT_EQ(::read(fd, &byte, 1), 1);
    }
    if (seen.then)
        seen.then(watch);
}

void on_timeout(int timer, void* opaque) {
    auto& seen = *static_cast<Seen*>(opaque);
    ++seen.calls;
    if (seen.then)
        seen.then(timer);
}

void on_free(void* opaque) {
    static_cast<Seen*>(opaque)->freed = true;
}

class EventLoop : public testing::Test {
  protected:
    EventLoop() {
        attach_libvirt_events(loop_.get_executor());
        EXPECT_EQ(::pipe(pipe_), 0);
    }
    ~EventLoop() override {
        detach_libvirt_events();
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }
    void run() {
        loop_.restart();
        loop_.run_for(100ms);
    }
    void put() { EXPECT_EQ(::write(pipe_[1], "x", 1), 1); }

    boost::asio::io_context loop_{1};
    int pipe_[2];
};

TEST_F(EventLoop, HandlesAreCalledForWhatTheyWantUntilRemoved) {
    Seen seen;
    const int watch =
        virEventAddHandle(pipe_[0], VIR_EVENT_HANDLE_READABLE, on_handle, &seen, on_free);
    ASSERT_GE(watch, 0);
    run();
    EXPECT_EQ(seen.calls, 0);
    put(), put(), put();
    run();
    EXPECT_EQ(seen.calls, 3);
    virEventUpdateHandle(watch, 0);
    run();
    put();
    run();
    EXPECT_EQ(seen.calls, 3) << "wants nothing";
    virEventUpdateHandle(watch, VIR_EVENT_HANDLE_READABLE);
    run();
    EXPECT_EQ(seen.calls, 4);
    EXPECT_EQ(virEventRemoveHandle(watch), 0);
    EXPECT_FALSE(seen.freed) << "only from a clean stack";
    put();
    run();
    EXPECT_EQ(seen.calls, 4);
    EXPECT_TRUE(seen.freed);
    EXPECT_EQ(virEventRemoveHandle(watch), -1);
}

TEST_F(EventLoop, OneDescriptorMayBeWatchedTwice) {
    Seen reads, hangs;
    const int first =
        virEventAddHandle(pipe_[0], VIR_EVENT_HANDLE_READABLE, on_handle, &reads, nullptr);
    const int second =
        virEventAddHandle(pipe_[0], VIR_EVENT_HANDLE_HANGUP, on_handle, &hangs, nullptr);
    hangs.then = [](int watch) { virEventRemoveHandle(watch); };
    put();
    run();
    EXPECT_EQ(reads.calls, 1);
    virEventRemoveHandle(first);
    ::close(pipe_[1]);
    pipe_[1] = ::dup(0);
    virEventUpdateHandle(second, VIR_EVENT_HANDLE_HANGUP);
    run();
    EXPECT_TRUE(hangs.events & VIR_EVENT_HANDLE_HANGUP);
}

TEST_F(EventLoop, WritableHandlesAreCalledWhileWritable) {
    Seen seen;
    const int watch =
        virEventAddHandle(pipe_[1], VIR_EVENT_HANDLE_WRITABLE, on_handle, &seen, on_free);
    seen.then = [&seen](int id) {
        if (seen.calls == 3)
            virEventUpdateHandle(id, 0);
    };
    run();
    EXPECT_EQ(seen.calls, 3);
    virEventRemoveHandle(watch);
}

TEST_F(EventLoop, TimeoutsRepeatUntilSwitchedOff) {
    Seen seen;
    const int timer = virEventAddTimeout(-1, on_timeout, &seen, on_free);
    run();
    EXPECT_EQ(seen.calls, 0);
    seen.then = [&seen](int id) {
        if (seen.calls == 3)
            virEventUpdateTimeout(id, -1);
    };
    virEventUpdateTimeout(timer, 0);
    run();
    EXPECT_EQ(seen.calls, 3);
    virEventUpdateTimeout(timer, 5);
    seen.then = [](int id) { virEventRemoveTimeout(id); };
    run();
    EXPECT_EQ(seen.calls, 4);
    EXPECT_TRUE(seen.freed);
}

TEST_F(EventLoop, OtherThreadsMayCall) {
    Seen seen;
    int timer = -1;
    std::thread([&] {
        timer = virEventAddTimeout(-1, on_timeout, &seen, nullptr);
        virEventUpdateTimeout(timer, 0);
    }).join();
    seen.then = [](int id) { virEventUpdateTimeout(id, -1); };
    run();
    EXPECT_EQ(seen.calls, 1);
    virEventRemoveTimeout(timer);
}

TEST_F(EventLoop, RegistrationsRestBetweenLoops) {
    Seen seen, gone;
    const int timer = virEventAddTimeout(1, on_timeout, &seen, nullptr);
    detach_libvirt_events();
    run();
    EXPECT_EQ(seen.calls, 0);
    virEventRemoveTimeout(virEventAddTimeout(1, on_timeout, &gone, on_free));
    EXPECT_FALSE(gone.freed);
    attach_libvirt_events(loop_.get_executor());
    run();
    EXPECT_GT(seen.calls, 1);
    EXPECT_TRUE(gone.freed);
    virEventRemoveTimeout(timer);
}

}  // namespace
}  // namespace rundown::guest
