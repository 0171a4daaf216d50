// SPDX-License-Identifier: MIT
// bench/figure.hpp
//
// A figure has a name, a value and a unit; where there is a target, that too. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rundown::bench {

struct Target {
    double value = 0;
    bool at_most = true;  // Else: at least.
};

struct Figure {
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<Target> target = std::nullopt;
};

using Figures = std::vector<Figure>;

inline Target at_most(double value) {
    return {value, true};
}
inline Target at_least(double value) {
    return {value, false};
}

/// Whether the figure's target, if it has one, is missed.
bool is_missed(const Figure& figure);

/// The middle one, and the one below which 99 of 100 are. Of an empty list: 0.
double median(std::vector<double> values);
double percentile99(std::vector<double> values);

/// What the figures were measured on, one line: processor, how many, memory, kernel.
std::string machine();

/// A line a figure, with its target beside it.
std::string table(const Figures& figures);

/// The document bench.json.
std::string to_json(const Figures& figures);

}  // namespace rundown::bench
