// SPDX-License-Identifier: MIT
// run/machine_io.hpp
//
// What every command that boots guests begins with: libvirt, and the accelerator by proof; and the
// loop that carries it to its end.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "guest/accelerator.hpp"
#include "guest/hypervisor_io.hpp"
#include "report/progress.hpp"
#include "run/assets.hpp"

namespace rundown::run {

struct Machine {
    std::unique_ptr<guest::Hypervisor> hypervisor;
    guest::Accelerator accelerator = guest::Accelerator::invalid;
};

/// `connect`: "embedded" or a libvirt URI. `accelerator`: "auto", "kvm" or "tcg". The guest that
/// proves an accelerator leaves what it says in `directory`/accelerator. Fails naming what was
/// waited for.
boost::asio::awaitable<result<Machine>> open_machine(
    report::Progress& progress,
    const std::string& connect,
    const std::string& accelerator,
    const Assets& assets,
    const std::string& directory
);

/// Runs the loop until `work` has ended, and throws what it threw.
template <class T>
result<T> run_to_end(boost::asio::io_context& loop, boost::asio::awaitable<result<T>> work) {
    std::optional<result<T>> outcome;
    std::exception_ptr thrown;
    boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error, result<T> ended) {
        thrown = error;
        outcome = std::move(ended);
        loop.stop();
    });
    loop.run();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    return std::move(*outcome);
}

}  // namespace rundown::run
