// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/throttle_io.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>

#include "guest/operations_io.hpp"
#include "guest/process_io.hpp"

namespace rundown::guest {

namespace {

constexpr unsigned kPercentMax = 90;
constexpr Milliseconds kPeriodMin{2}, kPeriodMax{1000};
constexpr std::uint32_t kSchedDeadline = 6;  // SCHED_DEADLINE
/// SCHED_FLAG_RESET_ON_FORK: threads that the throttled one makes are ordinary; without it, it may
/// make none.
constexpr std::uint64_t kResetOnFork = 1;

/// As sched_setattr(2) takes it; glibc 2.36 has no declaration.
struct SchedulerAttributes {
    std::uint32_t size = sizeof(SchedulerAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0, deadline = 0, period = 0;  // Nanoseconds.
};

SchedulerAttributes attributes_of(const VcpuThrottle& throttle) {
    SchedulerAttributes attributes;
    if (throttle.percent == 100)
        return attributes;
    const auto period = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(throttle.period).count()
    );
    attributes.policy = kSchedDeadline;
    attributes.flags = kResetOnFork;
    attributes.runtime = period * throttle.percent / 100;
    attributes.deadline = attributes.period = period;
    return attributes;
}

Error refused(int error_number) {
    std::string why = std::strerror(error_number);
    if (error_number == EPERM)
        why =
            "it needs the privilege CAP_SYS_NICE (run as root), and no taskset around the harness";
    if (error_number == EBUSY)
        why = "the host's CPUs have been promised to others already";
    return fail(ErrorKind::environment, "a processor cannot be throttled: " + why);
}

result<void> check_throttle(const VcpuThrottle& throttle, std::size_t processors) {
    if (throttle.processor >= processors)
        return fail(
            ErrorKind::usage,
            fmt::format("the guest has {} processors and none {}", processors, throttle.processor)
        );
    if (throttle.percent != 100 && (throttle.percent == 0 || throttle.percent > kPercentMax))
        return fail(
            ErrorKind::usage,
            fmt::format(
                "a processor is throttled to 1 to {} percent, not {}", kPercentMax, throttle.percent
            )
        );
    if (throttle.period < kPeriodMin || throttle.period > kPeriodMax)
        return fail(
            ErrorKind::usage,
            fmt::format(
                "a throttle's period is {} to {} ms, not {}",
                kPeriodMin.count(),
                kPeriodMax.count(),
                throttle.period.count()
            )
        );
    return {};
}

result<void> apply(int thread, const Guest& guest, const VcpuThrottle& throttle) {
    // The number is QEMU's word of a moment ago; the thread must still be this QEMU's.
    if (!is_domain_process(command_line_of(thread), guest.names().domain, guest.names().uuid))
        return fail(ErrorKind::hypervisor, "the guest is gone");
    const SchedulerAttributes attributes = attributes_of(throttle);
    if (::syscall(SYS_sched_setattr, thread, &attributes, 0u) != 0)
        return refused(errno);
    return {};
}

}  // namespace

boost::asio::awaitable<result<void>> set_throttle(
    Guest& guest, VcpuThrottle throttle, Deadline deadline
) {
    const auto threads = co_await processor_threads(guest, deadline);
    RUNDOWN_CO_TRY(threads);
    RUNDOWN_CO_TRY(check_throttle(throttle, threads->size()));
    if (std::set<int>(threads->begin(), threads->end()).size() != threads->size())
        co_return fail(
            ErrorKind::usage, "the guest's processors share one thread: none can be throttled alone"
        );
    co_return apply(threads->at(throttle.processor), guest, throttle);
}

}  // namespace rundown::guest
