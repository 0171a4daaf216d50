// SPDX-License-Identifier: MIT
// The benchmark program: measures, prints a table, and writes the figures as JSON.
//   rundown_bench JSON_FILE [--only=PART]
//       [--runs=REPORT_JSON] [NAME=VALUE=UNIT=TARGET ...]
// PART: boot, rpc, cycles or traffic; REPORT_JSON: of a `rundown run --all`; the rest: figures that
// bench.sh measured itself.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/file_io.hpp"
#include "bench/measurements.hpp"
#include "run/evidence.hpp"

namespace rundown::bench {
namespace {

constexpr const char* kParts[] = {"boot", "rpc", "cycles", "traffic"};
constexpr int kBoots = 11;
constexpr int kRoundTrips = 2000;
constexpr double kSeconds = 2;

struct Wanted {
    std::string json_file;
    std::string only;  // Empty: everything.
    Figures figures;   // Measured already.
};

Task<void> measure_all(Wanted& wanted) {
    Figures& figures = wanted.figures;
    const auto begin = [&wanted](const char* part) {
        const bool is_wanted = wanted.only.empty() || wanted.only == part;
        if (is_wanted) {
            fmt::print(stderr, "bench: {}\n", part);
        }
        return is_wanted;
    };
    // Named: GCC 12 destroys a braced temporary of a co_await twice.
    const guest::HypervisorOptions embedded;
    const Deadline soon = Deadline::in(Milliseconds(60000), "libvirt to connect");
    auto hypervisor = need(co_await guest::Hypervisor::open(embedded, soon));
    Place place{*hypervisor, run::locate_assets(), wanted.json_file + ".guests"};
    if (begin("boot")) {
        co_await measure_boot(place, kBoots, figures);
    }
    if (begin("rpc")) {
        co_await measure_rpc(place, kRoundTrips, figures);
    }
    if (begin("cycles")) {
        co_await measure_cycles(place, kSeconds, figures);
    }
    if (begin("traffic")) {
        for (const char* nic : {"e1000", "virtio-net"}) {
            co_await measure_traffic(place, nic, kSeconds, figures);
        }
    }
}

Figure figure_from(const std::string& argument) {
    std::vector<std::string> parts;
    boost::algorithm::split(parts, argument, boost::algorithm::is_any_of("="));
    if (parts.size() != 4) {
        throw std::runtime_error("not NAME=VALUE=UNIT=TARGET: " + argument);
    }
    return {parts[0], std::stod(parts[1]), parts[2], at_most(std::stod(parts[3]))};
}

int main(Wanted wanted) {
    boost::asio::io_context loop(1);
    std::exception_ptr thrown;
    boost::asio::co_spawn(loop, measure_all(wanted), [&](std::exception_ptr error) {
        thrown = error;
        loop.stop();
    });
    loop.run();
    if (thrown) {
        std::rethrow_exception(thrown);  // The guests' logs stay.
    }
    std::filesystem::remove_all(wanted.json_file + ".guests");
    fmt::print("{}", table(wanted.figures));
    need(write_whole_file(wanted.json_file, to_json(wanted.figures)));
    return 0;
}

Wanted wanted_from(int argc, char** argv) {
    Wanted wanted;
    wanted.json_file = argv[1];
    for (int i = 2; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.starts_with("--only=")) {
            wanted.only = argument.substr(7);
            if (std::ranges::find(kParts, wanted.only) == std::end(kParts)) {
                throw std::runtime_error("no part of the benchmark: " + wanted.only);
            }
        } else if (argument.starts_with("--runs=")) {
            take_figures_of_runs(argument.substr(7), wanted.figures);
        } else {
            wanted.figures.push_back(figure_from(argument));
        }
    }
    return wanted;
}

}  // namespace
}  // namespace rundown::bench

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(
            stderr, "usage: rundown_bench JSON_FILE [--only=PART] [--runs=REPORT_JSON] [NAME=...]\n"
        );
        return rundown::exit_usage;
    }
    try {
        return rundown::bench::main(rundown::bench::wanted_from(argc, argv));
    } catch (const std::exception& error) {
        fmt::print(stderr, "rundown_bench: {}\n", error.what());
        return rundown::exit_could_not_run;
    }
}
