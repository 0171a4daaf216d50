// SPDX-License-Identifier: MIT
// The test driver's named sync points and its trace's places, in a real guest: a thread that is to
// be held is held, says so, and goes on when it is released or its time is up.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include "bench/bench_guest.hpp"
#include "integration/guest_fixture.hpp"
#include "integration/support/program.hpp"
#include "run/evidence.hpp"

namespace rundown::guest {
namespace {

using bench::BenchGuest;
using bench::need;
using testing::Contains;
using testing::Not;
template <class T>
using Task = boost::asio::awaitable<T>;
namespace asio = boost::asio;

Task<void> sleep_ms(int milliseconds) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(std::chrono::milliseconds(milliseconds));
    co_await timer.async_wait(asio::use_awaitable);
}

template <class T>
std::string bytes_of(const T& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

rd_p5_sync_hold hold(rd_p5_sync_point point, std::uint32_t max_ms) {
    return {static_cast<std::uint32_t>(point), RD_P5_SYNC_HOLDS, 0, 0, max_ms, 0};
}

constexpr std::uint32_t kInvalidParameter = 0xC000000D, kTooSmall = 0xC0000023;
constexpr std::uint32_t kAllOfIt = 0;  // TraceBytes: what the guest says the ring has.

constexpr std::uint32_t kRecordsAnAnswer = 15;
constexpr std::uint32_t kAnswerBytes =
    sizeof(rd_p5_trace_chunk) + kRecordsAnAnswer * sizeof(rd_trace_record);
constexpr rd_p5_sync_point kOfAnUnbind[] = {
    RD_P5_SYNC_IN_UNBIND,
    RD_P5_SYNC_BEFORE_CLOSE,
    RD_P5_SYNC_AFTER_CLOSE,
    RD_P5_SYNC_BEFORE_UNBIND_COMPLETE};
constexpr rd_p5_sync_point kOfAnUnload[] = {
    RD_P5_SYNC_IN_UNLOAD,
    RD_P5_SYNC_BEFORE_DEREGISTER,
    RD_P5_SYNC_AFTER_DEREGISTER,
    RD_P5_SYNC_IN_UNBIND};

/// What a request came to, when it has.
struct Pending {
    bool done = false;
    std::uint32_t status = 0;
};

class SyncPoints : public GuestFixture {
  protected:
    /// Boots a guest with one NIC, and calls `body` when the driver is bound with `parameters`.
    template <class Body>
    void with_driver(std::map<std::string, std::uint32_t> parameters, bool window, Body body) {
        run([&]() -> Task<void> {
            hypervisor_ = co_await open_hypervisor();
            bench::Place place{
                *hypervisor_,
                rundown::run::assets_in(integration::built("")),
                TestPlace::instance().new_directory()};
            place_ = &place;
            const std::vector<std::string> nics = {"e1000"};
            guest_ = co_await BenchGuest::boot(place, nics);
            hello_ = guest_->hello;
            if (!window)
                hello_.set_trace_bytes(0);
            if (const auto bytes = parameters.find("TraceBytes");
                bytes != parameters.end() && bytes->second == kAllOfIt)
                bytes->second = static_cast<std::uint32_t>(guest_->hello.trace_bytes());
            const auto file = need(rundown::run::read_file(place.assets.driver));
            need(co_await rpc::put_file(*guest_->client, "protocol5.sys", file, soon()));
            need(co_await guest_->agent->install("protocol5.sys", parameters, hello_, soon()));
            co_await start();
            co_await body();
            co_await guest_->end(place);
            guest_.reset();
            hypervisor_.reset();
        });
    }

    Task<void> start() {
        const auto answer = need(co_await guest_->agent->start_driver(soon()));
        EXPECT_EQ(answer.status, 0u) << answer.message;
        need(co_await guest_->agent->wait_for_bindings(soon()));
    }

    Task<rpc::Response> ioctl(std::uint32_t code, std::string input, std::uint32_t output_bytes) {
        rpc::Request request;
        auto& ioctl = *request.mutable_ioctl();
        ioctl.set_device(rundown::run::kControlDevice);
        ioctl.set_code(code);
        ioctl.set_input(std::move(input));
        ioctl.set_output_bytes(output_bytes);
        co_return need(co_await guest_->client->call(std::move(request), soon()));
    }

    Task<void> command(std::uint32_t code, std::string input) {
        const auto response = co_await ioctl(code, std::move(input), 0);
        EXPECT_EQ(response.status(), 0u) << response.message();
    }

    template <class T>
    Task<T> answer(std::uint32_t code) {
        const std::string nothing;
        const auto response = co_await ioctl(code, nothing, sizeof(T));
        T value{};
        EXPECT_EQ(response.status(), 0u) << response.message();
        EXPECT_EQ(response.data().size(), sizeof(T));
        if (response.data().size() == sizeof(T))
            std::memcpy(&value, response.data().data(), sizeof(T));
        co_return value;
    }

    Task<rd_p5_sync_point_state> point(rd_p5_sync_point which) {
        const auto state = co_await answer<rd_p5_sync_state>(RD_P5_IOCTL_SYNC_QUERY);
        co_return state.point[which];
    }

    /// The events of the driver's own ring, as far as they fit an answer.
    Task<std::vector<rd_trace_record>> drain() {
        std::vector<rd_trace_record> all;
        const std::string nothing;
        for (;;) {
            const auto response = co_await ioctl(RD_P5_IOCTL_DRAIN_TRACE, nothing, kAnswerBytes);
            const std::string& data = response.data();
            rd_p5_trace_chunk chunk{};
            if (response.status() != 0 || data.size() < sizeof chunk)
                break;
            std::memcpy(&chunk, data.data(), sizeof chunk);
            // Each draining leaves some records of its own, so the last answer is one that is not
            // full.
            for (std::uint32_t i = 0; i < chunk.count; ++i) {
                rd_trace_record record{};
                std::memcpy(&record, data.data() + sizeof chunk + i * sizeof record, sizeof record);
                all.push_back(record);
            }
            if (chunk.count < kRecordsAnAnswer)
                break;
        }
        co_return all;
    }

    /// Unbinds the one binding meanwhile.
    Task<void> unbind_meanwhile(Pending& pending) {
        const auto bindings = need(co_await guest_->agent->bindings(soon()));
        EXPECT_EQ(bindings.size(), 1u);
        const auto binding = bindings.at(0);
        const auto executor = co_await asio::this_coro::executor;
        auto work = [this, binding, &pending]() -> Task<void> {
            const auto answer = need(co_await guest_->agent->unbind(binding, soon()));
            pending.status = answer.status;
            pending.done = true;
        };
        asio::co_spawn(executor, std::move(work), asio::detached);
    }

    Task<void> wait_until_held(rd_p5_sync_point which) {
        for (int tries = 0; tries < 500; ++tries) {
            const auto state = co_await point(which);
            if (state.held != 0)
                co_return;
            co_await sleep_ms(10);
        }
        ADD_FAILURE() << "nobody is held at " << which;
    }

    std::unique_ptr<Hypervisor> hypervisor_;
    std::unique_ptr<BenchGuest> guest_;
    rpc::Hello hello_;
    bench::Place* place_ = nullptr;
};

TEST_F(SyncPoints, AnUnbindIsHeldUntilItIsReleased) {
    with_driver({}, true, [this]() -> Task<void> {
        for (const auto which : kOfAnUnbind) {
            const auto bindings = co_await answer<rd_p5_bindings>(RD_P5_IOCTL_GET_BINDINGS);
            co_await command(RD_P5_IOCTL_SYNC_HOLD, bytes_of(hold(which, 30000)));
            Pending unbind;
            co_await unbind_meanwhile(unbind);
            co_await wait_until_held(which);
            co_await sleep_ms(200);
            const auto state = co_await point(which);
            EXPECT_FALSE(unbind.done) << "point " << which;
            EXPECT_EQ(state.held, 1u);
            EXPECT_EQ(state.held_binding, bindings.binding[0].number);
            EXPECT_GE(state.held_ms, 100u);
            EXPECT_EQ(state.passed, 1u);

            const rd_p5_sync_release release{static_cast<std::uint32_t>(which)};
            co_await command(RD_P5_IOCTL_SYNC_RELEASE, bytes_of(release));
            for (int tries = 0; tries < 500 && !unbind.done; ++tries)
                co_await sleep_ms(10);
            EXPECT_TRUE(unbind.done) << "point " << which;
            EXPECT_EQ(unbind.status, 0u);
            EXPECT_EQ((co_await point(which)).timed_out, 0u);

            need(co_await guest_->agent->stop_driver(soon()));
            co_await start();
        }
    });
}

TEST_F(SyncPoints, AHoldDuringUnloadEndsByItself) {
    with_driver({}, true, [this]() -> Task<void> {
        for (const auto which : kOfAnUnload) {
            co_await command(RD_P5_IOCTL_SYNC_HOLD, bytes_of(hold(which, 600)));
            const TimePoint begin = Clock::now();
            const auto answer = need(co_await guest_->agent->stop_driver(soon()));
            EXPECT_EQ(answer.status, 0u) << answer.message;
            EXPECT_GE(bench::seconds_since(begin), 0.5) << "point " << which;
            co_await start();
        }
    });
}

TEST_F(SyncPoints, NothingIsHeldAtDispatchLevelButDelayed) {
    with_driver({}, true, [this]() -> Task<void> {
        co_await command(RD_P5_IOCTL_SYNC_HOLD, bytes_of(hold(RD_P5_SYNC_IN_SEND_COMPLETE, 30000)));
        const rd_p5_sync_hold delay{RD_P5_SYNC_BEFORE_SEND, RD_P5_SYNC_DELAYS, 0, 5, 0, 300};
        co_await command(RD_P5_IOCTL_SYNC_HOLD, bytes_of(delay));
        const rd_p5_load load{RD_P5_LOAD_LIGHT, 0, 0, 0, 0, 0};
        co_await command(RD_P5_IOCTL_SET_LOAD, bytes_of(load));
        for (int tries = 0; tries < 500; ++tries) {
            if ((co_await point(RD_P5_SYNC_IN_SEND_COMPLETE)).could_not_hold != 0 &&
                (co_await point(RD_P5_SYNC_BEFORE_SEND)).passed == 5)
                break;
            co_await sleep_ms(10);
        }
        const auto sends = co_await point(RD_P5_SYNC_IN_SEND_COMPLETE);
        EXPECT_GT(sends.could_not_hold, 0u);
        EXPECT_EQ(sends.held, 0u);
        EXPECT_EQ((co_await point(RD_P5_SYNC_BEFORE_SEND)).passed, 5u);
        EXPECT_EQ((co_await point(RD_P5_SYNC_BEFORE_SEND)).arrivals_left, 0u);
        const auto answer = need(co_await guest_->agent->stop_driver(soon()));
        EXPECT_EQ(answer.status, 0u);
    });
}

TEST_F(SyncPoints, WhatMakesNoSenseIsRefused) {
    with_driver({}, true, [this]() -> Task<void> {
        const rd_p5_sync_hold for_ever = hold(RD_P5_SYNC_IN_UNBIND, 0);
        const std::string nothing;
        const auto held = co_await ioctl(RD_P5_IOCTL_SYNC_HOLD, bytes_of(for_ever), 0);
        EXPECT_EQ(held.status(), kInvalidParameter);
        const auto cut = co_await ioctl(RD_P5_IOCTL_SYNC_HOLD, nothing, 0);
        EXPECT_EQ(cut.status(), kInvalidParameter);
        const auto mark = co_await ioctl(RD_P5_IOCTL_MARK, nothing, 0);
        EXPECT_EQ(mark.status(), kInvalidParameter);
        const auto state = co_await ioctl(RD_P5_IOCTL_SYNC_QUERY, nothing, 8);
        EXPECT_EQ(state.status(), kTooSmall);
    });
}

TEST_F(SyncPoints, TheDriverFindsTheWindowItself) {
    with_driver({{"FindWindow", 1}, {"TraceBytes", kAllOfIt}}, false, [this]() -> Task<void> {
        const auto place = co_await answer<rd_p5_trace_place>(RD_P5_IOCTL_GET_TRACE);
        EXPECT_EQ(place.search, RD_P5_WINDOW_FOUND);
        EXPECT_EQ(place.kind, RD_P5_TRACE_FOUND);
        EXPECT_EQ(place.physical, guest_->hello.trace_base());
        EXPECT_NE(place.frequency_hz, 0u);
    });
}

TEST_F(SyncPoints, AWindowOfAnotherSizeIsLeftAlone) {
    with_driver({{"FindWindow", 1}, {"TraceBytes", 8192}}, false, [this]() -> Task<void> {
        const auto place = co_await answer<rd_p5_trace_place>(RD_P5_IOCTL_GET_TRACE);
        EXPECT_EQ(place.search, RD_P5_WINDOW_FOREIGN);
        EXPECT_EQ(place.kind, RD_P5_TRACE_OWN);
        EXPECT_NE(place.physical, 0u) << "not to be found in a dump";
        EXPECT_EQ(place.physical % 4096, 0u);
    });
}

TEST_F(SyncPoints, AKeptRingTellsOfTheUnload) {
    with_driver({{"KeepRing", 1}}, false, [this]() -> Task<void> {
        const rd_p5_mark mark{RD_MARK_TRIGGER, 41};
        co_await command(RD_P5_IOCTL_MARK, bytes_of(mark));
        const auto before = co_await answer<rd_p5_trace_place>(RD_P5_IOCTL_GET_TRACE);
        need(co_await guest_->agent->stop_driver(soon()));
        co_await start();
        const auto after = co_await answer<rd_p5_trace_place>(RD_P5_IOCTL_GET_TRACE);
        EXPECT_EQ(before.kind, RD_P5_TRACE_OWN);
        EXPECT_EQ(after.kind, RD_P5_TRACE_OWN);
        EXPECT_EQ(before.physical, after.physical);

        bool marked = false, unloaded = false, deregistered = false;
        int entries = 0;
        const auto records = co_await drain();
        for (const auto& record : records) {
            marked |= record.event == RD_EV_MARK && record.source == RD_SOURCE_AGENT &&
                      record.arg[0] == RD_MARK_TRIGGER && record.arg[1] == 41;
            unloaded |= record.event == RD_EV_DRIVER_UNLOAD;
            deregistered |=
                record.event == RD_EV_DEREGISTER_PROTOCOL && record.kind == RD_KIND_RETURN;
            entries += record.event == RD_EV_DRIVER_ENTRY && record.kind == RD_KIND_CALLBACK;
        }
        EXPECT_TRUE(marked);
        EXPECT_TRUE(unloaded);
        EXPECT_TRUE(deregistered);
        EXPECT_EQ(entries, 2);
    });
}

TEST_F(SyncPoints, TheDriverClosesItsBindingsFirstWhereThatIsWanted) {
    with_driver({{"KeepRing", 1}, {"CloseBindings", 1}}, false, [this]() -> Task<void> {
        need(co_await guest_->agent->stop_driver(soon()));
        co_await start();
        std::vector<int> course;
        const auto records = co_await drain();
        for (const auto& record : records) {
            if (record.kind == RD_KIND_CALL &&
                (record.event == RD_EV_CLOSE_ADAPTER || record.event == RD_EV_DEREGISTER_PROTOCOL))
                course.push_back(record.event);
            EXPECT_NE(record.event, RD_EV_UNBIND_ADAPTER);
        }
        EXPECT_EQ(course, (std::vector<int>{RD_EV_CLOSE_ADAPTER, RD_EV_DEREGISTER_PROTOCOL}));
    });
}

}  // namespace
}  // namespace rundown::guest
