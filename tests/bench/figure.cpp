// SPDX-License-Identifier: MIT
#include "bench/figure.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <thread>

#include "report/json_text.hpp"

namespace rundown::bench {
namespace {

std::string processor_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown processor";
}

double at(std::vector<double> values, std::size_t per_cent) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    return values[values.size() * per_cent / 100];
}

}  // namespace

bool is_missed(const Figure& figure) {
    return figure.target && (figure.target->at_most ? figure.value > figure.target->value
                                                    : figure.value < figure.target->value);
}

double median(std::vector<double> values) {
    return at(std::move(values), 50);
}

double percentile99(std::vector<double> values) {
    return at(std::move(values), 99);
}

std::string machine() {
    utsname system{};
    uname(&system);
    const double pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
    return fmt::format(
        "{} processors ({}), {:.1f} GiB, {} {}",
        std::thread::hardware_concurrency(),
        processor_model(),
        pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30),
        system.sysname,
        system.release
    );
}

std::string table(const Figures& figures) {
    std::string text = machine() + "; accelerator: tcg\n";
    for (const auto& figure : figures) {
        text += fmt::format("{:<44}{:>12.2f} {:<9}", figure.name, figure.value, figure.unit);
        if (figure.target) {
            text += fmt::format(
                " target: at {} {:g}{}",
                figure.target->at_most ? "most" : "least",
                figure.target->value,
                is_missed(figure) ? "   MISSED" : ""
            );
        }
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string to_json(const Figures& figures) {
    boost::json::array list;
    for (const auto& figure : figures) {
        boost::json::object object{
            {"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
        if (figure.target) {
            object["target"] = figure.target->value;
            object["target_is"] = figure.target->at_most ? "at most" : "at least";
            object["missed"] = is_missed(figure);
        }
        list.push_back(std::move(object));
    }
    return report::indented(boost::json::object{
        {"schema", "rundown.bench/2"},
        {"machine", machine()},
        {"accelerator", "tcg"},
        {"processors", std::thread::hardware_concurrency()},
        {"figures", std::move(list)},
    });
}

}  // namespace rundown::bench
