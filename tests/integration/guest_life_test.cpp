// SPDX-License-Identifier: MIT
// Guests of a few instructions under the real libvirt and QEMU: wires, events, ends.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "guest/process_io.hpp"
#include "integration/guest_fixture.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

class GuestLife : public GuestFixture {};

bool has_event(const Guest& guest, GuestEventKind kind) {
    return std::any_of(
        guest.events().begin(),
        guest.events().end(),
        [kind](const GuestEvent& event) { return event.kind == kind; }
    );
}

asio::awaitable<std::string> read_exactly(Guest::SerialStream& stream, std::size_t count) {
    std::string text(count, '\0');
    co_await asio::async_read(stream, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    co_return text;
}

TEST_F(GuestLife, SerialLineLosesNothingAndEchoes) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec =
            spec_of(TinyGuest().print(0xE9, "debug").print(0x3F8, "first words").echo_serial());
        spec.nics = {{NicModel::e1000, nic_mac(0)}, {NicModel::virtio_net, nic_mac(1)}};
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        EXPECT_EQ(co_await read_exactly(guest.serial(), 11), "first words");
        co_await asio::async_write(
            guest.serial(), asio::buffer("ping", 4), asio::as_tuple(asio::use_awaitable)
        );
        EXPECT_EQ(co_await read_exactly(guest.serial(), 4), "ping");
        EXPECT_EQ(contents_of_file(guest.files().debug_console), "debug");
        EXPECT_EQ(guest.nics().size(), 2u);
        EXPECT_EQ(std::filesystem::file_size(guest.trace_window()), 32u << 20);
        const auto status = co_await guest.qmp(R"({"execute":"query-status"})", soon());
        EXPECT_THAT(status.value(), HasSubstr("running"));
        const std::string window = guest.trace_window(), socket = guest.names().serial_socket;
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        EXPECT_EQ(guest.end(), GuestEnd::stopped);
        EXPECT_FALSE(std::filesystem::exists(window));
        EXPECT_FALSE(std::filesystem::exists(socket));
        EXPECT_THAT(contents_of_file(guest.files().qemu_log), HasSubstr("qemu-system-x86_64"));
        std::printf(
            "claim %lld ms, libvirt %lld ms, connect %lld ms, stop %lld ms\n",
            static_cast<long long>(guest.timings().claim.count()),
            static_cast<long long>(guest.timings().libvirt.count()),
            static_cast<long long>(guest.timings().connect.count()),
            static_cast<long long>(guest.timings().stop.count())
        );
    });
}

TEST_F(GuestLife, PanicPausesTheGuestAndKeepsItsMemory) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto started = co_await Guest::start(
            *hypervisor, spec_of(TinyGuest().await_byte().out8(0x505, 1).halt()), soon()
        );
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        int told = 0;
        guest.on_event([&told](const GuestEvent& event) {
            told += event.kind == GuestEventKind::panicked;
        });
        co_await asio::async_write(
            guest.serial(), asio::buffer("!", 1), asio::as_tuple(asio::use_awaitable)
        );
        EXPECT_EQ((co_await guest.ended(soon())).value(), GuestEnd::panicked);
        EXPECT_EQ(told, 1);
        EXPECT_EQ(guest.state(), LifecycleState::panicked);
        const auto status = co_await guest.qmp(R"({"execute":"query-status"})", soon());
        EXPECT_THAT(status.value(), HasSubstr("guest-panicked"));
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        EXPECT_EQ(guest.end(), GuestEnd::panicked);
        EXPECT_THAT(
            contents_of_file(guest.files().qmp_events), HasSubstr("\"event\":\"GUEST_PANICKED\"")
        );
    });
}

TEST_F(GuestLife, PowerOffByTheGuestEndsIt) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        // As a guest does: the sleep type and its enable bit into the power management's control
        // register.
        auto started = co_await Guest::start(
            *hypervisor, spec_of(TinyGuest().out16(0x604, 0x2000).halt()), soon()
        );
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        EXPECT_EQ((co_await guest.ended(soon())).value(), GuestEnd::powered_off);
        EXPECT_TRUE(std::filesystem::exists(guest.trace_window()))
            << "evidence is kept until stop()";
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        EXPECT_EQ(guest.end(), GuestEnd::powered_off);
        EXPECT_TRUE(has_event(guest, GuestEventKind::powering_off));
    });
}

TEST_F(GuestLife, ResetIsAnEventAndTheGuestStartsAgain) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().print(0x3F8, "up").await_byte().out8(0xCF9, 6).halt());
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        EXPECT_EQ(co_await read_exactly(guest.serial(), 2), "up");
        co_await asio::async_write(
            guest.serial(), asio::buffer("!", 1), asio::as_tuple(asio::use_awaitable)
        );
        EXPECT_EQ(co_await read_exactly(guest.serial(), 2), "up");
        EXPECT_EQ(guest.end(), GuestEnd::none);
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        EXPECT_TRUE(has_event(guest, GuestEventKind::reset));
    });
}

TEST_F(GuestLife, ResetEndsAGuestThatMayNotReboot) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().out8(0xCF9, 6).halt());
        spec.reboots = false;
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        EXPECT_EQ((co_await (*started)->ended(soon())).value(), GuestEnd::powered_off);
        EXPECT_TRUE((co_await (*started)->stop(soon())).has_value());
    });
}

TEST_F(GuestLife, KilledQemuIsADeath) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto started =
            co_await Guest::start(*hypervisor, spec_of(TinyGuest().echo_serial()), soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        signal_qemu(guest, SIGKILL);
        EXPECT_EQ((co_await guest.ended(soon())).value(), GuestEnd::died);
        EXPECT_TRUE(has_event(guest, GuestEventKind::died));
        EXPECT_FALSE((co_await guest.qmp(R"({"execute":"query-status"})", soon())).has_value());
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
    });
}

TEST_F(GuestLife, UnpluggedNicIsReported) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().echo_serial());
        spec.nics = {{NicModel::virtio_net, nic_mac(0), VirtioVariant::modern}};
        spec.start_paused = true;
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        const auto pci = co_await guest.qmp(R"({"execute":"query-pci"})", soon());
        EXPECT_THAT(pci.value(), HasSubstr("\"device\":4161")) << "1041: a modern virtio device";
        const auto refused =
            co_await guest.qmp(R"({"execute":"device_del","arguments":{"id":"nosuch"}})", soon());
        EXPECT_FALSE(refused.has_value());
        EXPECT_THAT(refused.error().sentence, HasSubstr("nosuch"));
        // While nobody in the guest serves ACPI hot-unplug, a reset is what completes it.
        EXPECT_TRUE(
            (co_await guest.qmp(R"({"execute":"device_del","arguments":{"id":"net0"}})", soon()))
                .has_value()
        );
        EXPECT_TRUE((co_await guest.qmp(R"({"execute":"system_reset"})", soon())).has_value());
        for (int look = 0; look < 100 && !has_event(guest, GuestEventKind::device_deleted);
             ++look) {
            asio::steady_timer timer(
                co_await asio::this_coro::executor, std::chrono::milliseconds(20)
            );
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        EXPECT_TRUE(has_event(guest, GuestEventKind::device_deleted));
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
    });
}

TEST_F(GuestLife, EightNicsOfMixedModelsConnect) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().echo_serial());
        for (std::size_t index = 0; index < kNicsMax; ++index)
            spec.nics.push_back({index % 2 ? NicModel::virtio_net : NicModel::e1000, nic_mac(index)}
            );
        spec.nics[1].variant = VirtioVariant::transitional;
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        EXPECT_EQ((*started)->nics().size(), kNicsMax);
        for (auto& nic : (*started)->nics())
            EXPECT_TRUE(nic.is_open());
        EXPECT_TRUE((co_await (*started)->stop(soon())).has_value());
    });
}

TEST_F(GuestLife, GuestsLiveSideBySide) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        std::vector<std::unique_ptr<Guest>> guests;
        for (int number = 0; number < 3; ++number) {
            auto started =
                co_await Guest::start(*hypervisor, spec_of(TinyGuest().echo_serial()), soon());
            EXPECT_TRUE(started.has_value()) << started.error().sentence;
            if (!started)
                co_return;
            guests.push_back(std::move(*started));
        }
        EXPECT_TRUE((co_await guests[1]->stop(soon())).has_value());
        for (const int number : {2, 0}) {
            const std::string word = "guest" + std::to_string(number);
            auto& serial = guests[number]->serial();
            co_await asio::async_write(
                serial, asio::buffer(word), asio::as_tuple(asio::use_awaitable)
            );
            EXPECT_EQ(co_await read_exactly(serial, word.size()), word);
            EXPECT_EQ(guests[number]->end(), GuestEnd::none);
        }
        guests.clear();  // Without stop(): the destructor does.
    });
}

TEST_F(GuestLife, IcountAndOtherProcessorsStart) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().print(0x3F8, "up").halt());
        spec.icount = IcountSpec{3, false};
        spec.cpu = "max";
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        EXPECT_EQ(co_await read_exactly((*started)->serial(), 2), "up");
        EXPECT_TRUE((co_await (*started)->stop(soon())).has_value());
    });
}

TEST_F(GuestLife, FailuresAreOneSentence) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().halt());
        spec.qemu_arguments = {"-nosuchoption"};
        auto refused = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().kind, ErrorKind::hypervisor);
        EXPECT_THAT(refused.error().sentence, HasSubstr("nosuchoption"));
        EXPECT_THAT(refused.error().sentence, testing::Not(HasSubstr("\n")));
        EXPECT_THAT(contents_of_file(spec.directory + "/qemu.log"), HasSubstr("nosuchoption"));
        spec = spec_of(TinyGuest().halt());
        spec.kernel = "/nowhere/boot.elf";
        auto missing = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_FALSE(missing.has_value());
        EXPECT_EQ(missing.error().kind, ErrorKind::environment);
        EXPECT_THAT(missing.error().sentence, HasSubstr("/nowhere/boot.elf"));
    });
}

}  // namespace
}  // namespace rundown::guest
