// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/accelerator_io.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "guest/guest_io.hpp"
#include "guest/host_identity_io.hpp"

namespace rundown::guest {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds kLook{10};  // Between two looks at the debug console's file.

bool has_spoken(const std::string& debug_console) {
    std::error_code error;
    return std::filesystem::file_size(debug_console, error) > 0 && !error;
}

/// Boots the guest under KVM; why that proved nothing, or "" when its first byte came in time.
asio::awaitable<std::string> prove_kvm(Hypervisor& hypervisor, GuestSpec proof, Deadline deadline) {
    proof.accelerator = Accelerator::kvm;
    proof.icount.reset();
    const Deadline start =
        deadline.within(Clock::now(), Milliseconds(15000), "a guest to start under KVM");
    auto started = co_await Guest::start(hypervisor, std::move(proof), start);
    if (!started)
        co_return "a guest did not start under KVM: " + started.error().sentence;
    Guest& guest = **started;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const TimePoint until = std::min(deadline.at(), Clock::now() + kKvmProofTime);
    bool spoke = false;
    while (!(spoke = has_spoken(guest.files().debug_console)) && Clock::now() < until &&
           guest.end() == GuestEnd::none) {
        timer.expires_after(kLook);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    static_cast<void>(co_await guest.stop(deadline));
    if (spoke)
        co_return "";
    co_return fmt::format(
        "/dev/kvm opens, but a guest did not run a single step under it in {} ms",
        kKvmProofTime.count()
    );
}

}  // namespace

asio::awaitable<result<AcceleratorChoice>> choose_accelerator(
    Hypervisor& hypervisor, AcceleratorWish wish, GuestSpec proof, Deadline deadline
) {
    const HostIdentity host = host_identity(hypervisor.qemu_version());
    const std::string cache = hypervisor.places().cache;
    const auto decision = decide(wish, remembered_accelerator(cache, host), kvm_unusable());
    if (!decision)
        co_return decision.error();
    if (decision->step == AcceleratorStep::use)
        co_return decision->choice;
    const std::string failure = co_await prove_kvm(hypervisor, std::move(proof), deadline);
    // A run that is out of time has proved nothing either way.
    if (!failure.empty() && deadline.passed(Clock::now()))
        co_return deadline.expired();
    const auto concluded = conclude(wish, failure);
    const auto remembered = conclude(AcceleratorWish::automatic, failure);
    remember_accelerator(cache, host, *remembered);
    co_return concluded;
}

}  // namespace rundown::guest
