// SPDX-License-Identifier: MIT
// What can be done to a running guest from outside, on guests of one boot sector.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>
#include <sched.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <sstream>

#include "guest/operations_io.hpp"
#include "guest/throttle_io.hpp"
#include "integration/support/guest_on_disk.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

class GuestOperations : public GuestOnDisk {};

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t index = at; index < at + 4; ++index)
        value = value << 8 | static_cast<unsigned char>(bytes.at(index));
    return value;
}

TEST_F(GuestOperations, AScreenshotIsAPngOfWhatIsShown) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        std::string pictures[2];
        for (int drawn = 0; drawn < 2; ++drawn) {
            BootSector sector;
            if (drawn)
                sector.draw("RUNDOWN");
            auto spec = spec_of_disk(sector.print(kCom1, "up").sleep());
            spec.display = Display::vga;
            const auto guest = co_await start(*hypervisor, spec);
            if (!guest)
                co_return;
            EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
            const std::string path = spec.directory + "/screen.png";
            const auto taken = co_await screenshot(*guest, path, soon());
            EXPECT_TRUE(taken.has_value()) << taken.error().sentence;
            pictures[drawn] = contents_of_file(path);
            EXPECT_TRUE(pictures[drawn].starts_with("\x89PNG\r\n\x1a\n"));
            // A text screen of 80 by 25 letters, each 9 by 16.
            EXPECT_EQ(big_endian(pictures[drawn], 16), 720u);
            EXPECT_EQ(big_endian(pictures[drawn], 20), 400u);
            EXPECT_TRUE((co_await guest->stop(soon())).has_value());
        }
        EXPECT_NE(pictures[0], pictures[1]);
    });
}

TEST_F(GuestOperations, AScreenshotNeedsADisplay) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        const auto guest = co_await start(*hypervisor, spec_of_disk(BootSector().sleep()));
        if (!guest)
            co_return;
        const auto taken = co_await screenshot(*guest, guest->spec().directory + "/s.png", soon());
        EXPECT_EQ(taken.error().kind, ErrorKind::usage);
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

TEST_F(GuestOperations, ADumpHoldsWhatTheGuestWroteInMemory) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        BootSector sector;
        const std::string pattern = "rundownpatternXY";
        for (std::size_t at = 0; at < pattern.size(); at += 2)
            sector.store(
                static_cast<std::uint16_t>(0x8000 + at),
                static_cast<std::uint16_t>(pattern[at] | pattern[at + 1] << 8)
            );
        auto spec = spec_of_disk(sector.print(kCom1, "up").sleep());
        const auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        const std::string path = spec.directory + "/memory.elf";
        const auto dumped = co_await dump(*guest, path, DumpFormat::elf, soon());
        EXPECT_TRUE(dumped.has_value()) << dumped.error().sentence;
        const std::string core = contents_of_file(path);
        EXPECT_TRUE(
            core.starts_with("\x7F"
                             "ELF")
        );
        EXPECT_GT(core.size(), 64u << 20);
        EXPECT_NE(core.find(pattern), std::string::npos);
        // This guest has published no Windows dump header.
        const std::string windows = spec.directory + "/memory.dmp";
        const auto refused = co_await dump(*guest, windows, DumpFormat::win_dmp, soon());
        EXPECT_FALSE(refused.has_value());
        EXPECT_FALSE(std::filesystem::exists(windows));
        const auto status = co_await guest->qmp(qmp_command("query-status"), soon());
        EXPECT_EQ(parse_run_state(status.value()).value(), "running");
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

TEST_F(GuestOperations, AnNmiArrivesAndKeysDo) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        const auto guest = co_await start(
            *hypervisor, spec_of_disk(BootSector().answer_nmi('N').print(kCom1, "up").tell_keys())
        );
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        const auto injected = co_await inject_nmi(*guest, soon());
        EXPECT_TRUE(injected.has_value()) << injected.error().sentence;
        EXPECT_EQ(co_await hear(guest->serial(), 1), "N");
        // One by one: the keyboard of a guest that is kept waiting by its host loses some.
        for (const char c : {'K', 'd', ':', '>'}) {
            const std::string letter(1, c);
            const auto typed = co_await type_text(*guest, letter, soon());
            EXPECT_TRUE(typed.has_value()) << typed.error().sentence;
            EXPECT_EQ(co_await hear(guest->serial(), 1), letter);
        }
        EXPECT_EQ((co_await type_text(*guest, "\x7F", soon())).error().kind, ErrorKind::usage);
        const auto wrong = co_await send_keys(*guest, std::vector<std::string>(1, "nokey"), soon());
        EXPECT_FALSE(wrong.has_value());
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

TEST_F(GuestOperations, DrivesAreCountedAndResetsStartAgain) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of_disk(BootSector().write_sector(5).print(kCom1, "up").sleep());
        spec.cdroms.push_back(CdromSpec{});
        const auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        const auto drives = co_await drive_statistics(*guest, soon());
        EXPECT_TRUE(drives.has_value()) << drives.error().sentence;
        EXPECT_EQ(drives->size(), 2u);
        EXPECT_EQ(drives->front().id, disk_id(0));
        EXPECT_EQ(drives->front().written_bytes, 512u);
        EXPECT_GE(drives->front().read_bytes, 512u);
        EXPECT_EQ(drives->back().id, cdrom_id(0));
        const auto done = co_await reset(*guest, soon());
        EXPECT_TRUE(done.has_value());
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

TEST_F(GuestOperations, AGuestMayGoOnAfterItsPanic) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        const auto guest = co_await start(
            *hypervisor,
            spec_of_disk(BootSector()
                             .await_byte(kCom1)
                             .out8(0x505, 1)
                             .print(kCom1, "on")
                             .await_byte(kCom1)
                             .out8(0x505, 1)
                             .sleep())
        );
        if (!guest)
            co_return;
        const auto set = co_await set_panic_action(*guest, PanicAction::none, soon());
        EXPECT_TRUE(set.has_value()) << set.error().sentence;
        co_await say(guest->serial(), "!");
        EXPECT_EQ(co_await hear(guest->serial(), 2), "on");
        EXPECT_EQ(guest->end(), GuestEnd::none);
        EXPECT_TRUE((co_await set_panic_action(*guest, PanicAction::pause, soon())).has_value());
        co_await say(guest->serial(), "!");
        EXPECT_EQ((co_await guest->ended(soon())).value(), GuestEnd::panicked);
        int panics = 0;
        for (const GuestEvent& event : guest->events())
            panics += event.panic == GuestPanic{PanicSource::pvpanic, 0, {}};
        EXPECT_EQ(panics, 2);
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

/// Seconds of a CPU that a thread has used.
double cpu_seconds(int thread) {
    const std::string text = contents_of_file("/proc/" + std::to_string(thread) + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

TEST_F(GuestOperations, AThrottledProcessorGetsItsShareAndNoMore) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of_disk(BootSector().print(kCom1, "up").spin());
        spec.processors = 2;
        const auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        const auto threads = co_await processor_threads(*guest, soon());
        EXPECT_TRUE(threads.has_value());
        if (!threads)
            co_return;
        VcpuThrottle throttle{0, 20};
        const auto set = co_await set_throttle(*guest, throttle, soon());
        if (!set) {
            EXPECT_THAT(set.error().sentence, HasSubstr("CAP_SYS_NICE"));
            EXPECT_NE(::geteuid(), 0u);
            co_return;
        }
        const TimePoint begin = Clock::now();
        const double before = cpu_seconds(threads->front());
        asio::steady_timer second(co_await asio::this_coro::executor, std::chrono::seconds(1));
        co_await second.async_wait(asio::as_tuple(asio::use_awaitable));
        const double used = cpu_seconds(threads->front()) - before;
        const double share = used / std::chrono::duration<double>(Clock::now() - begin).count();
        std::printf("a share of 20 %%: %.0f %% measured\n", share * 100);
        EXPECT_LT(share, 0.3);
        EXPECT_GT(share, 0.05);
        throttle.percent = 100;
        EXPECT_TRUE((co_await set_throttle(*guest, throttle, soon())).has_value());
        EXPECT_EQ(::sched_getscheduler(threads->front()), SCHED_OTHER);
        throttle.percent = 95;
        EXPECT_EQ((co_await set_throttle(*guest, throttle, soon())).error().kind, ErrorKind::usage);
        throttle = {2, 50};
        EXPECT_EQ((co_await set_throttle(*guest, throttle, soon())).error().kind, ErrorKind::usage);
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

}  // namespace
}  // namespace rundown::guest
