// SPDX-License-Identifier: MIT
// The benchmark program: measures, prints a table, and writes the figures as JSON.
//   rundown_bench JSON_FILE [NAME=VALUE=UNIT=TARGET ...]     figures that bench.sh measured itself
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <thread>

#include "bench/measurements.hpp"
#include "report/json_text.hpp"
#include "run/evidence.hpp"

namespace rundown::bench {
namespace {

constexpr int kBoots = 11;
constexpr int kRoundTrips = 2000;
constexpr double kSeconds = 2;

Task<void> measure_all(std::string directory, Figures& figures) {
    // Named: GCC 12 destroys a braced temporary of a co_await twice.
    const guest::HypervisorOptions embedded;
    const Deadline soon = Deadline::in(Milliseconds(60000), "libvirt to connect");
    auto hypervisor = need(co_await guest::Hypervisor::open(embedded, soon));
    Place place{*hypervisor, run::locate_assets(), std::move(directory)};
    fmt::print(stderr, "bench: boot\n");
    co_await measure_boot(place, kBoots, figures);
    fmt::print(stderr, "bench: RPC\n");
    co_await measure_rpc(place, kRoundTrips, figures);
    fmt::print(stderr, "bench: cycles\n");
    co_await measure_cycles(place, kSeconds, figures);
    for (const char* nic : {"e1000", "virtio-net"}) {
        fmt::print(stderr, "bench: traffic over {}\n", nic);
        co_await measure_traffic(place, nic, kSeconds, figures);
    }
}

Figure figure_from(const std::string& argument) {
    std::vector<std::string> parts;
    boost::algorithm::split(parts, argument, boost::algorithm::is_any_of("="));
    if (parts.size() != 4) {
        throw std::runtime_error("not NAME=VALUE=UNIT=TARGET: " + argument);
    }
    return {parts[0], std::stod(parts[1]), parts[2], std::stod(parts[3]), "target"};
}

void print_table(const Figures& figures) {
    for (const auto& figure : figures) {
        std::string line =
            fmt::format("{:<36}{:>12.1f} {:<10}", figure.name, figure.value, figure.unit);
        if (figure.beside) {
            line += fmt::format(
                "{:>7.2f} x {} ({:.1f})",
                *figure.beside > 0 ? figure.value / *figure.beside : 0,
                figure.beside_name,
                *figure.beside
            );
        }
        fmt::print("{}\n", line);
    }
}

std::string to_json(const Figures& figures) {
    boost::json::array list;
    for (const auto& figure : figures) {
        boost::json::object object{
            {"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
        if (figure.beside) {
            object[figure.beside_name == "target" ? "target" : "compared_with"] = *figure.beside;
            object["ratio"] = *figure.beside > 0 ? figure.value / *figure.beside : 0;
        }
        list.push_back(std::move(object));
    }
    return report::indented(boost::json::object{
        {"schema", "rundown.bench/1"},
        {"accelerator", "tcg"},
        {"processors", std::thread::hardware_concurrency()},
        {"figures", std::move(list)},
    });
}

int main(const std::string& json_file, const std::vector<std::string>& given) {
    Figures figures;
    for (const auto& argument : given) {
        figures.push_back(figure_from(argument));
    }
    const std::string directory = json_file + ".guests";
    boost::asio::io_context loop(1);
    std::exception_ptr thrown;
    boost::asio::co_spawn(loop, measure_all(directory, figures), [&](std::exception_ptr error) {
        thrown = error;
        loop.stop();
    });
    loop.run();
    if (thrown) {
        std::rethrow_exception(thrown);  // The guests' logs stay.
    }
    std::filesystem::remove_all(directory);
    print_table(figures);
    need(run::write_file(json_file, to_json(figures)));
    return 0;
}

}  // namespace
}  // namespace rundown::bench

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: rundown_bench JSON_FILE [NAME=VALUE=UNIT=TARGET ...]\n");
        return rundown::exit_usage;
    }
    try {
        return rundown::bench::main(argv[1], {argv + 2, argv + argc});
    } catch (const std::exception& error) {
        fmt::print(stderr, "rundown_bench: {}\n", error.what());
        return rundown::exit_could_not_run;
    }
}
