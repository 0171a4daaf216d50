// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "image/install/guest_machine_io.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "guest/operations_io.hpp"

namespace rundown::image {

namespace asio = boost::asio;

namespace {

using guest::Guest;
using guest::GuestEvent;
using guest::GuestEventKind;

std::optional<MachineEvent> translate(const GuestEvent& event) {
    switch (event.kind) {
        case GuestEventKind::reset:
            return MachineEvent{MachineEventKind::reset, event.detail};
        case GuestEventKind::powering_off:
            // Without reboots a reset is what ends the machine.
            return MachineEvent{
                event.detail == "guest-reset" ? MachineEventKind::reset
                                              : MachineEventKind::powered_off,
                event.detail};
        case GuestEventKind::panicked:
            return MachineEvent{MachineEventKind::panicked, event.detail};
        case GuestEventKind::died:
            return MachineEvent{
                MachineEventKind::died,
                {},
                fail(ErrorKind::hypervisor, "QEMU ended, and nobody asked it to")};
        default:
            return std::nullopt;
    }
}

/// Reads a NIC's frames until its end. Owns the stream: the guest may be gone before it notices.
asio::awaitable<void> drain(Guest::NicStream stream) {
    std::array<char, 16384> buffer;
    for (;;) {
        const auto [error, count] = co_await stream.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable)
        );
        if (error) {
            co_return;
        }
    }
}

class GuestMachine : public InstallMachine {
  public:
    explicit GuestMachine(std::unique_ptr<Guest> guest) : guest_(std::move(guest)) {}

    Stream& com1() override { return guest_->serial(); }
    Stream* com2() override {
        const bool there = guest_->spec().second_serial == guest::SecondSerial::stream;
        return there ? &guest_->second_serial() : nullptr;
    }
    void on_event(std::function<void(const MachineEvent&)> handler) override;
    asio::awaitable<result<std::uint64_t>> bytes_written(Deadline deadline) override;
    asio::awaitable<result<Screen>> screen(Deadline deadline) override;
    asio::awaitable<result<void>> keep_screen(std::string path, Deadline deadline) override;
    asio::awaitable<result<void>> press_key(std::string key, Deadline deadline) override {
        return guest::send_keys(*guest_, {std::move(key)}, deadline);
    }
    asio::awaitable<result<void>> stop(Deadline deadline) override {
        return guest_->stop(deadline);
    }

  private:
    std::unique_ptr<Guest> guest_;
};

void GuestMachine::on_event(std::function<void(const MachineEvent&)> handler) {
    if (!handler) {
        guest_->on_event({});
        return;
    }
    // A copy: what is told may lead to more.
    const auto before = guest_->events();
    guest_->on_event([handler](const GuestEvent& event) {
        if (const auto told = translate(event)) {
            handler(*told);
        }
    });
    for (const auto& event : before) {
        if (const auto told = translate(event)) {
            handler(*told);
        }
    }
}

asio::awaitable<result<std::uint64_t>> GuestMachine::bytes_written(Deadline deadline) {
    const auto drives = co_await guest::drive_statistics(*guest_, deadline);
    if (!drives) {
        co_return drives.error();
    }
    std::uint64_t bytes = 0;
    for (const auto& drive : *drives) {
        bytes += drive.written_bytes;
    }
    co_return bytes;
}

asio::awaitable<result<Screen>> GuestMachine::screen(Deadline deadline) {
    const std::string path = guest_->spec().directory + "/screen.ppm";
    // PPM, which is compared without unpacking anything; screenshot() writes PNG.
    const std::string command =
        guest::qmp_command("screendump", {{"filename", guest::json_text(path)}});
    RUNDOWN_CO_TRY(co_await guest_->qmp(command, deadline));
    std::ifstream file(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    co_return screen_from_ppm(bytes);
}

asio::awaitable<result<void>> GuestMachine::keep_screen(std::string path, Deadline deadline) {
    return guest::screenshot(*guest_, std::move(path), deadline);
}

}  // namespace

asio::awaitable<result<std::unique_ptr<InstallMachine>>> start_guest_machine(
    guest::Hypervisor& hypervisor, guest::GuestSpec spec, Deadline deadline
) {
    auto guest = co_await Guest::start(hypervisor, std::move(spec), deadline);
    if (!guest) {
        co_return guest.error();
    }
    const auto loop = co_await asio::this_coro::executor;
    for (auto& nic : (*guest)->nics()) {
        asio::co_spawn(loop, drain(std::move(nic)), asio::detached);
    }
    co_return std::make_unique<GuestMachine>(std::move(*guest));
}

}  // namespace rundown::image
