// SPDX-License-Identifier: MIT
// What the runs of all scenarios told about the host's own process.
#include <algorithm>
#include <boost/json.hpp>

#include "bench/measurements.hpp"
#include "run/evidence.hpp"

namespace rundown::bench {
namespace {

constexpr double kRssTargetMib = 100;
constexpr double kBlockTargetMs = 50;

/// The largest of a count over all runs; throws when no run tells it.
double largest(const boost::json::value& report, const std::string& count) {
    double largest = -1;
    for (const auto& run : report.at("runs").as_array()) {
        if (const auto* told = run.at("counts").as_object().if_contains(count)) {
            largest = std::max(largest, told->to_number<double>());
        }
    }
    if (largest < 0) {
        throw std::runtime_error("no run tells its " + count);
    }
    return largest;
}

}  // namespace

void take_figures_of_runs(const std::string& report_file, Figures& figures) {
    const auto report = boost::json::parse(need(run::read_file(report_file)));
    figures.push_back(
        {"host process, peak RSS",
         largest(report, "host_peak_rss_kib") / 1024,
         "MiB",
         at_most(kRssTargetMib)}
    );
    figures.push_back(
        {"event loop, longest block",
         largest(report, "host_loop_block_us") / 1e3,
         "ms",
         at_most(kBlockTargetMs)}
    );
}

}  // namespace rundown::bench
