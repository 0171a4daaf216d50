// SPDX-License-Identifier: MIT
// What a killed run leaves, the next one removes; what a live run has, nobody touches. The runs are
// child processes: this program again, running only the disabled test Victim.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <thread>

#include "guest/held_file_io.hpp"
#include "guest/process_io.hpp"
#include "integration/guest_fixture.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* kReport = "RUNDOWN_TEST_VICTIM_REPORT";

class GuestLeftovers : public GuestFixture {};

/// A run that will be killed: starts a guest, writes its names to a file, and waits for ever.
TEST_F(GuestLeftovers, DISABLED_Victim) {
    const char* report = std::getenv(kReport);
    ASSERT_TRUE(report) << "started by the other tests of this file only";
    run([report]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().echo_serial());
        spec.second_serial = SecondSerial::stream;
        const std::string overlay = spec.directory + "/overlay.qcow2";
        const auto held = HeldFile::claim(*hypervisor, overlay);
        EXPECT_TRUE(held.has_value());
        std::ofstream(overlay) << "as good as any other file";
        auto guest = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(guest.has_value()) << guest.error().sentence;
        if (!guest)
            co_return;
        const GuestNames& names = (*guest)->names();
        const std::string draft = std::string(report) + ".draft";
        std::ofstream(draft) << names.domain << " " << names.uuid << " " << names.trace_window
                             << " " << names.serial_socket << " " << overlay << "\n";
        std::filesystem::rename(draft, report);
        asio::steady_timer forever(co_await asio::this_coro::executor, std::chrono::hours(1));
        co_await forever.async_wait(asio::as_tuple(asio::use_awaitable));
    });
}

/// A Victim from outside.
class Victim {
  public:
    Victim() : report_(TestPlace::instance().new_directory() + "/report") {
        std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
        std::string filter = "--gtest_filter=GuestLeftovers.DISABLED_Victim",
                    also = "--gtest_also_run_disabled_tests";
        char* arguments[] = {program.data(), filter.data(), also.data(), nullptr};
        ::setenv(kReport, report_.c_str(), 1);
        ::setenv(kTestRoot, TestPlace::instance().root().c_str(), 1);
        EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments, environ), 0);
        for (int look = 0; look < 3000 && !std::filesystem::exists(report_); ++look)
            std::this_thread::sleep_for(10ms);
        std::ifstream(report_) >> domain >> uuid >> window >> socket >> overlay;
        EXPECT_FALSE(domain.empty()) << "the victim did not come up";
    }
    ~Victim() { kill(); }
    void kill() {
        if (pid_ <= 0)
            return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    bool has_qemu() const {
        return !find_processes([this](const auto& arguments) {
                    return is_domain_process(arguments, domain, uuid);
                }).empty();
    }
    bool has_window() const { return std::filesystem::exists("/dev/shm/" + window); }
    bool has_directory() const {
        return std::filesystem::exists(std::filesystem::path(socket).parent_path());
    }

    bool has_overlay() const { return std::filesystem::exists(overlay); }

    std::string domain, uuid, window, socket, overlay;

  private:
    std::string report_;
    pid_t pid_ = 0;
};

TEST_F(GuestLeftovers, OfAKilledRunAreRemovedByTheNextAndLiveRunsStay) {
    const Places places = TestPlace::instance().places();
    Victim killed, live;
    killed.kill();
    ASSERT_TRUE(killed.has_qemu()) << "a guest outlives its run: that is what must be cleaned";
    ASSERT_TRUE(killed.has_window());
    ASSERT_TRUE(killed.has_overlay());
    run([]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        EXPECT_TRUE(hypervisor);
    });
    EXPECT_FALSE(killed.has_qemu());
    EXPECT_FALSE(killed.has_window());
    EXPECT_FALSE(killed.has_overlay());
    EXPECT_FALSE(killed.has_directory());
    EXPECT_TRUE(live.has_qemu());
    EXPECT_TRUE(live.has_window());
    EXPECT_TRUE(live.has_overlay());
    EXPECT_TRUE(live.has_directory());
    live.kill();
    EXPECT_EQ(clean_leftovers(places).runs, 1);
    EXPECT_FALSE(live.has_qemu());
    EXPECT_FALSE(live.has_window());
    EXPECT_FALSE(live.has_overlay());
}

TEST_F(GuestLeftovers, AHeldFileGoesWithItsHolderUnlessItIsKept) {
    run([]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        const std::string directory = TestPlace::instance().new_directory();
        const std::string gone = throw_away_path(directory, "gone");
        const std::string kept = throw_away_path(directory, "kept");
        {
            auto first = HeldFile::claim(*hypervisor, gone);
            auto second = HeldFile::claim(*hypervisor, kept);
            EXPECT_TRUE(first.has_value() && second.has_value());
            std::ofstream(gone) << "x";
            std::ofstream(kept) << "x";
            HeldFile moved(std::move(*first));
            EXPECT_EQ(moved.path(), gone);
            second->keep();
        }
        EXPECT_FALSE(std::filesystem::exists(gone));
        EXPECT_TRUE(std::filesystem::exists(kept));
        const auto refused = HeldFile::claim(*hypervisor, directory + "/thesis.txt");
        EXPECT_EQ(refused.error().kind, ErrorKind::internal);
        hypervisor.reset();
        EXPECT_TRUE(std::filesystem::exists(kept));
    });
}

TEST_F(GuestLeftovers, AnAbandonedCoroutineLeavesNothing) {
    const Places places = TestPlace::instance().places();
    std::string window;
    {
        asio::io_context loop(1);
        asio::co_spawn(
            loop,
            [&]() -> asio::awaitable<void> {
                auto hypervisor = co_await open_hypervisor();
                auto guest =
                    co_await Guest::start(*hypervisor, spec_of(TinyGuest().echo_serial()), soon());
                EXPECT_TRUE(guest.has_value()) << guest.error().sentence;
                window = (*guest)->trace_window();
                EXPECT_TRUE(std::filesystem::exists(window));
                loop.stop(
                );  // As a harness that is told to end at once: nothing after this line runs.
                asio::steady_timer forever(loop, std::chrono::hours(1));
                co_await forever.async_wait(asio::as_tuple(asio::use_awaitable));
            },
            [](std::exception_ptr) {}
        );
        loop.run_for(100s);
        EXPECT_FALSE(window.empty());
    }
    EXPECT_FALSE(std::filesystem::exists(window));
    EXPECT_TRUE(find_processes([&](const auto& arguments) {
                    return is_process_of_directory(arguments, places.runtime);
                }).empty());
    EXPECT_TRUE(nothing_in(places.runtime));
}

}  // namespace
}  // namespace rundown::guest
