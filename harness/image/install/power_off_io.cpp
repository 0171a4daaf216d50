// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "image/install/power_off_io.hpp"

#include <fmt/format.h>

namespace rundown::image {

namespace {
constexpr Milliseconds kPowerOffTime{60000};
}

boost::asio::awaitable<result<void>> ask_for_power_off(rpc::Client& client) {
    rpc::Request request;
    request.mutable_power_off();
    const Deadline patience = Deadline::in(kPowerOffTime, "the guest to take the power off");
    const auto response = co_await client.call(request, patience);
    if (!response) {
        co_return response.error();
    }
    if (response->status() != 0) {
        co_return fail(
            ErrorKind::refused,
            fmt::format(
                "the guest refused to power off ({:#010x}): {}",
                response->status(),
                response->message()
            )
        );
    }
    co_return result<void>();
}

}  // namespace rundown::image
