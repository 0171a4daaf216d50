// SPDX-License-Identifier: MIT
// `rundown selftest`: one guest for its own tests, one for each provocation, a few at once.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <vector>

#include "base/file_io.hpp"
#include "base/stop_request.hpp"
#include "base/stop_signals_io.hpp"
#include "guest/guardian_io.hpp"
#include "run/assets.hpp"
#include "run/evidence.hpp"
#include "run/machine_io.hpp"
#include "selftest/glob.hpp"
#include "selftest/one_guest_io.hpp"
#include "selftest/provocation.hpp"
#include "selftest/selftest.hpp"

namespace rundown::selftest {

namespace asio = boost::asio;

namespace {

/// What --filter asks for.
struct Selection {
    bool tests = false;  // Boot the guest for its own tests: whether one matches only it can say.
    std::vector<const Provocation*> provocations;
};

Selection select(const std::string& filter) {
    Selection selection;
    for (const auto& provocation : provocations()) {
        if (glob_matches(filter, provocation.full_name())) {
            selection.provocations.push_back(&provocation);
        }
    }
    selection.tests = !std::string_view(filter).starts_with("provoke.");
    return selection;
}

class Session {
  public:
    Session(
        asio::io_context& loop,
        const Options& options,
        Report& report,
        rundown::report::Progress& progress,
        StopRequest& stop
    )
        : loop_(loop), options_(options), report_(report), progress_(progress), stop_(stop) {}

    asio::awaitable<result<void>> go() {
        const auto assets = run::locate_assets();
        auto machine = co_await run::open_machine(
            progress_, options_.connect, options_.accelerator, assets, report_.directory
        );
        if (!machine) {
            co_return machine.error();
        }
        accelerator_ = machine->accelerator;
        report_.accelerator = to_string(accelerator_);
        const Selection selection = select(options_.filter);
        if (selection.tests) {
            co_await run_tests(*machine->hypervisor);
        }
        co_await run_provocations(*machine->hypervisor, selection.provocations);
        co_return result<void>{};
    }

  private:
    guest::GuestSpec guest_spec(const std::string& directory, std::string command_line) const {
        const auto assets = run::locate_assets();
        guest::GuestSpec spec;
        spec.kernel = assets.boot_elf;
        spec.initrd = assets.initrd;
        spec.command_line = std::move(command_line);
        spec.directory = directory;
        spec.accelerator = accelerator_;
        spec.trace_window_mib = 1;
        spec.reboots = false;
        return spec;
    }

    asio::awaitable<void> run_tests(guest::Hypervisor& hypervisor) {
        progress_.status("the guest tests itself");
        const auto directory = run::make_run_directory(report_.directory, "self-tests");
        if (!directory) {
            report_.outcomes.push_back(
                {"group.end", OutcomeKind::could_not_run, directory.error().sentence, {}}
            );
            co_return;
        }
        std::string command_line = fmt::format("seed={} selftest=1", options_.seed);
        if (options_.filter != "*") {
            command_line += " filter=" + options_.filter;
        }
        auto spec = guest_spec(directory->directory, std::move(command_line));
        for (const auto model : {guest::NicModel::e1000, guest::NicModel::virtio_net}) {
            const std::size_t index = spec.nics.size();
            spec.nics.push_back({model, guest::nic_mac(index)});
        }
        auto outcomes = co_await test_guest(hypervisor, std::move(spec), stop_);
        for (auto& outcome : outcomes) {
            outcome.evidence = directory->directory;
            report_.outcomes.push_back(std::move(outcome));
        }
    }

    /// Each of `jobs` coroutines takes the next provocation until there is none.
    asio::awaitable<void> run_provocations(
        guest::Hypervisor& hypervisor, const std::vector<const Provocation*>& wanted
    ) {
        std::vector<Outcome> outcomes(wanted.size());
        std::size_t next = 0, finished = 0;
        const auto worker = [&]() -> asio::awaitable<void> {
            while (next < wanted.size()) {
                const std::size_t mine = next++;
                outcomes[mine] = co_await provoke(hypervisor, *wanted[mine]);
                progress_.status(fmt::format("{} of {} provocations", ++finished, wanted.size()));
            }
        };
        co_await all_of(worker, std::min<std::size_t>(options_.jobs, wanted.size()));
        for (auto& outcome : outcomes) {
            report_.outcomes.push_back(std::move(outcome));
        }
    }

    template <class Worker>
    asio::awaitable<void> all_of(const Worker& worker, std::size_t count) {
        std::size_t running = count;
        asio::steady_timer ended(loop_, asio::steady_timer::time_point::max());
        std::exception_ptr thrown;
        for (std::size_t i = 0; i < count; ++i) {
            asio::co_spawn(loop_, worker(), [&](std::exception_ptr error) {
                thrown = thrown ? thrown : error;
                if (--running == 0) {
                    ended.cancel();
                }
            });
        }
        if (running != 0) {
            co_await ended.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    }

    asio::awaitable<Outcome> provoke(
        guest::Hypervisor& hypervisor, const Provocation& provocation
    ) {
        Outcome outcome{provocation.full_name(), OutcomeKind::could_not_run, {}, {}};
        if (stop_.requested()) {
            outcome.sentence = "not started: stopped by " + stop_.how();
            co_return outcome;
        }
        const auto directory = run::make_run_directory(report_.directory, provocation.full_name());
        if (!directory) {
            outcome.sentence = directory.error().sentence;
            co_return outcome;
        }
        outcome.evidence = directory->directory;
        std::string command_line =
            fmt::format("seed={} provoke={}", options_.seed, provocation.name);
        if (!provocation.options.empty() && !provocation.wants_nmi()) {
            command_line += fmt::format(" {}", provocation.options);
        }
        auto spec = guest_spec(directory->directory, std::move(command_line));
        co_await provoke_guest(hypervisor, std::move(spec), provocation, stop_, outcome);
        co_return outcome;
    }

    asio::io_context& loop_;
    const Options& options_;
    Report& report_;
    rundown::report::Progress& progress_;
    StopRequest& stop_;
    guest::Accelerator accelerator_ = guest::Accelerator::invalid;
};

result<void> check_filter(const Options& options) {
    if (options.filter.empty() || options.filter.size() > 79 ||
        options.filter.find_first_of(" \t\n\"") != std::string::npos) {
        return fail(
            ErrorKind::usage,
            "--filter wants one word of at most 79 characters, such as 'ke.*' or 'provoke.pool.*'"
        );
    }
    const Selection selection = select(options.filter);
    if (!selection.tests && selection.provocations.empty()) {
        return fail(ErrorKind::usage, fmt::format("no provocation is called '{}'", options.filter));
    }
    return {};
}

/// A filter that nothing matched must not look like success.
result<Report> finish(const Options& options, Report report) {
    if (report.outcomes.empty()) {
        return fail(
            ErrorKind::usage,
            fmt::format("no self-test or provocation is called '{}'", options.filter)
        );
    }
    RUNDOWN_TRY(write_whole_file(report.directory + "/report.json", to_json(report)));
    return report;
}

}  // namespace

result<Report> run_selftest(const Options& options, rundown::report::Progress& progress) {
    RUNDOWN_TRY(check_filter(options));
    const auto assets = run::locate_assets();
    RUNDOWN_TRY(run::check_boot_files(assets));
    const std::string out = options.out.empty() ? assets.directory + "/runs" : options.out;
    auto directory = run::make_invocation_directory(out, run::timestamp_now());
    RUNDOWN_TRY(directory);
    Report report;
    report.directory = std::move(*directory);
    report.seed = options.seed;
    report.program = options.program;
    if (options.accelerator != "auto") {
        report.arguments = "--accel " + options.accelerator;
    }
    // Before anything makes a thread; the last to go.
    const auto guardian = guest::Guardian::start(guest::Places::of_this_process());
    if (!guardian) {
        return guardian.error();
    }
    asio::io_context loop(1);
    StopRequest stop;
    const StopSignals signals(loop, stop);
    const auto started = Clock::now();
    Session session(loop, options, report, progress, stop);
    if (const auto ended = run::run_to_end(loop, session.go()); !ended) {
        std::error_code ignored;
        std::filesystem::remove(report.directory, ignored);  // Only when nothing is in it.
        return ended.error();
    }
    report.took = std::chrono::duration_cast<Milliseconds>(Clock::now() - started);
    return finish(options, std::move(report));
}

}  // namespace rundown::selftest
