// SPDX-License-Identifier: MIT
// integration/support/scripted_machine.hpp
//
// A machine for installations that is a script: it writes to its disk, says lines on its COM ports,
// resets and powers off as told, and has the agent's real server on COM1 once the script says so.
// Header only.
#pragma once

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "image/install/machine_io.hpp"
#include "unit/agent/test_home.hpp"

namespace rundown::integration {

namespace asio = boost::asio;

/// What is left of scripted machines.
struct MachineCounts {
    int started = 0;
    int stopped = 0;
    int alive = 0;
    int pictures = 0;
};

/// The guest's side: outlives the machine object while tasks of it are on the loop.
class ScriptedGuest : public std::enable_shared_from_this<ScriptedGuest> {
  public:
    using Stream = image::InstallMachine::Stream;

    explicit ScriptedGuest(asio::io_context& loop)
        : loop(loop), com1_host(loop), com2_host(loop), com1_(loop), com2_(loop) {
        asio::local::connect_pair(com1_host, com1_);
        asio::local::connect_pair(com2_host, com2_);
        EXPECT_TRUE(home.server->initialise());
        home.on_transmit = [this](std::string frame) { write(com1_, frame); };
    }

    void start() {
        asio::co_spawn(loop, read(shared_from_this(), 1), asio::detached);
        asio::co_spawn(loop, read(shared_from_this(), 2), asio::detached);
    }
    void write_disk(std::uint64_t bytes = 1 << 20) { bytes_written += bytes; }
    void say(unsigned port, const std::string& text) { write(port == 1 ? com1_ : com2_, text); }
    /// The agent is up: says hello, and answers from now on.
    void start_agent() {
        agent_is_up = true;
        home.server->announce();
    }
    void tell(image::MachineEvent event) {
        if (handler) {
            handler(event);
        } else {
            before.push_back(event);
        }
    }
    void close() {
        boost::system::error_code ignored;
        com1_.close(ignored);
        com2_.close(ignored);
    }
    asio::awaitable<void> pause(Milliseconds time) {
        asio::steady_timer timer(loop, time);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }

    asio::io_context& loop;
    agent::TestHome home;
    Stream com1_host, com2_host;
    std::function<void(const image::MachineEvent&)> handler;
    std::vector<image::MachineEvent> before;
    std::uint64_t bytes_written = 0;
    std::string answers;  // What the host wrote to COM2.
    std::vector<std::string> keys;
    bool agent_is_up = false;
    bool is_stopped = false;

  private:
    static asio::awaitable<void> read(std::shared_ptr<ScriptedGuest> self, unsigned port) {
        Stream& stream = port == 1 ? self->com1_ : self->com2_;
        std::array<std::uint8_t, 4096> bytes;
        for (;;) {
            const auto [error, count] = co_await stream.async_read_some(
                asio::buffer(bytes), asio::as_tuple(asio::use_awaitable)
            );
            if (error) {
                co_return;
            }
            if (port == 2) {
                self->answers.append(reinterpret_cast<const char*>(bytes.data()), count);
            } else if (self->agent_is_up) {
                self->home.server->feed(agent::Port::serial, bytes.data(), count);
                self->home.run_workers();
            }
        }
    }
    static void write(Stream& stream, const std::string& bytes) {
        boost::system::error_code ignored;
        if (stream.is_open()) {
            asio::write(stream, asio::buffer(bytes), ignored);
        }
    }

    Stream com1_, com2_;
};

class ScriptedMachine : public image::InstallMachine {
  public:
    ScriptedMachine(std::shared_ptr<ScriptedGuest> guest, MachineCounts& counts)
        : guest_(std::move(guest)), counts_(counts) {
        ++counts_.started;
        ++counts_.alive;
        guest_->start();
    }
    ~ScriptedMachine() override { --counts_.alive; }

    Stream& com1() override { return guest_->com1_host; }
    Stream* com2() override { return &guest_->com2_host; }
    void on_event(std::function<void(const image::MachineEvent&)> handler) override {
        guest_->handler = std::move(handler);
        if (!guest_->handler) {
            return;
        }
        for (const auto& event : std::exchange(guest_->before, {})) {
            guest_->handler(event);
        }
    }
    asio::awaitable<result<std::uint64_t>> bytes_written(Deadline) override {
        co_return guest_->bytes_written;
    }
    asio::awaitable<result<image::Screen>> screen(Deadline) override {
        co_return image::Screen{1, 1, "abc"};
    }
    asio::awaitable<result<void>> keep_screen(std::string path, Deadline) override {
        EXPECT_FALSE(guest_->is_stopped) << "there is no screen any more";
        std::ofstream(path) << "a picture";
        ++counts_.pictures;
        co_return result<void>();
    }
    asio::awaitable<result<void>> press_key(std::string key, Deadline) override {
        guest_->keys.push_back(std::move(key));
        co_return result<void>();
    }
    asio::awaitable<result<void>> stop(Deadline) override {
        if (!std::exchange(guest_->is_stopped, true)) {
            ++counts_.stopped;
            guest_->close();
        }
        co_return result<void>();
    }

  private:
    std::shared_ptr<ScriptedGuest> guest_;
    MachineCounts& counts_;
};

}  // namespace rundown::integration
