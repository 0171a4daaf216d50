// SPDX-License-Identifier: MIT
// The connection to libvirt, the accelerator, and guests or machines that do not do what they
// should.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "guest/accelerator_io.hpp"
#include "guest/host_identity_io.hpp"
#include "guest/process_io.hpp"
#include "integration/guest_fixture.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using testing::Not;

class GuestHypervisor : public GuestFixture {
  protected:
    static asio::awaitable<Error> open_error(HypervisorOptions options) {
        options.places = TestPlace::instance().places();
        auto hypervisor = co_await Hypervisor::open(options, soon());
        EXPECT_FALSE(hypervisor.has_value());
        co_return hypervisor ? Error{} : hypervisor.error();
    }
};

TEST_F(GuestHypervisor, KnowsItsVersionsAndKeepsWhatItLearned) {
    run([]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        EXPECT_TRUE(hypervisor->embedded());
        EXPECT_THAT(
            hypervisor->qemu_version(), testing::ContainsRegex("^[0-9]+\\.[0-9]+\\.[0-9]+$")
        );
        EXPECT_THAT(
            hypervisor->libvirt_version(), testing::ContainsRegex("^[0-9]+\\.[0-9]+\\.[0-9]+$")
        );
        EXPECT_THAT(hypervisor->emulator(), HasSubstr("/qemu-system-x86_64"));
        const std::string cache = hypervisor->places().cache + "/libvirt-capabilities";
        EXPECT_FALSE(std::filesystem::is_empty(cache)) << "the next run need not ask QEMU again";
    });
}

TEST_F(GuestHypervisor, MissingQemuIsOneSentenceWithThePackage) {
    run([]() -> asio::awaitable<void> {
        HypervisorOptions options;
        options.emulator = "qemu-system-nosuch";
        const Error error = co_await open_error(options);
        EXPECT_EQ(error.kind, ErrorKind::environment);
        EXPECT_THAT(error.sentence, HasSubstr("apt-get install qemu-system-x86"));
        EXPECT_TRUE(nothing_in(TestPlace::instance().places().runtime))
            << "nothing is left of the try";
    });
}

TEST_F(GuestHypervisor, UnreachableLibvirtIsOneSentence) {
    run([]() -> asio::awaitable<void> {
        HypervisorOptions options;
        options.uri = "qemu+unix:///system?socket=/nowhere/libvirt-sock";
        const Error error = co_await open_error(options);
        EXPECT_EQ(error.kind, ErrorKind::hypervisor);
        EXPECT_THAT(error.sentence, HasSubstr("/nowhere/libvirt-sock"));
        EXPECT_THAT(error.sentence, Not(HasSubstr("\n")));
    });
}

TEST_F(GuestHypervisor, HungQemuTimesOutAndIsStoppedAllTheSame) {
    run([]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto started =
            co_await Guest::start(*hypervisor, spec_of(TinyGuest().echo_serial()), soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        Guest& guest = **started;
        signal_qemu(guest, SIGSTOP);
        const Deadline brief = Deadline::in(Milliseconds(200), "the test");
        const auto answer = co_await guest.qmp(R"({"execute":"query-status"})", brief);
        EXPECT_FALSE(answer.has_value());
        EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
        EXPECT_THAT(answer.error().sentence, HasSubstr("query-status"));
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        // The worker, which waited for that QEMU, serves the next guest.
        auto next = co_await Guest::start(*hypervisor, spec_of(TinyGuest().halt()), soon());
        EXPECT_TRUE(next.has_value()) << next.error().sentence;
    });
}

TEST_F(GuestHypervisor, NoTimeToStartLeavesNothing) {
    run([]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of(TinyGuest().echo_serial());
        const Deadline brief = Deadline::in(Milliseconds(30), "the guest to start");
        auto started = co_await Guest::start(*hypervisor, spec, brief);
        EXPECT_FALSE(started.has_value()) << "30 ms are not enough for any QEMU";
        EXPECT_EQ(started.error().kind, ErrorKind::timeout);
        EXPECT_THAT(started.error().sentence, HasSubstr("the guest to start"));
    });
    EXPECT_TRUE(find_processes([](const auto& arguments) {
                    return is_process_of_directory(
                        arguments, TestPlace::instance().places().runtime
                    );
                }).empty());
    EXPECT_TRUE(nothing_in(TestPlace::instance().places().runtime));
}

TEST_F(GuestHypervisor, AcceleratorIsDecidedByProofAndRemembered) {
    run([]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        const auto spec = spec_of(TinyGuest().print(0xE9, "R").halt());
        const auto choice =
            co_await choose_accelerator(*hypervisor, AcceleratorWish::automatic, spec, soon());
        EXPECT_TRUE(choice.has_value()) << choice.error().sentence;
        EXPECT_FALSE(choice->reason.empty());
        const HostIdentity host = host_identity(hypervisor->qemu_version());
        if (kvm_unusable().empty()) {
            const auto remembered = remembered_accelerator(hypervisor->places().cache, host);
            EXPECT_TRUE(remembered.has_value());
            EXPECT_EQ(remembered->accelerator, choice->accelerator);
        } else {
            EXPECT_EQ(choice->accelerator, Accelerator::tcg);
            const auto demanded =
                co_await choose_accelerator(*hypervisor, AcceleratorWish::kvm, spec, soon());
            EXPECT_EQ(demanded.error().kind, ErrorKind::environment);
        }
        auto chosen = spec;
        chosen.accelerator = choice->accelerator;
        auto guest = co_await Guest::start(*hypervisor, chosen, soon());
        EXPECT_TRUE(guest.has_value()) << guest.error().sentence;
    });
}

}  // namespace
}  // namespace rundown::guest
