// SPDX-License-Identifier: MIT
// The scenario files of a directory, and finding one by name.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "scenario/scenario.hpp"

namespace rundown::scenario {
namespace {

/// Levenshtein distance, to suggest what was probably meant.
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

result<std::vector<Scenario>> load_directory(const std::string& directory) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (entry.path().extension() == ".toml") {
            files.push_back(entry.path());
        }
    }
    if (error || files.empty()) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "no scenario files (*.toml) in {}: build the project with `make build`", directory
            )
        );
    }
    std::sort(files.begin(), files.end());
    std::vector<Scenario> scenarios;
    for (const auto& file : files) {
        std::ifstream in(file);
        std::ostringstream text;
        text << in.rdbuf();
        auto scenario = parse(text.str(), file.string());
        if (!scenario) {
            return scenario.error();
        }
        for (const auto& other : scenarios) {
            if (other.name == scenario->name) {
                return fail(
                    ErrorKind::usage,
                    fmt::format(
                        "{}: the name '{}' is already taken by {}",
                        file.string(),
                        other.name,
                        other.file
                    )
                );
            }
        }
        scenarios.push_back(std::move(*scenario));
    }
    std::sort(scenarios.begin(), scenarios.end(), [](const auto& a, const auto& b) {
        return a.name < b.name;
    });
    return scenarios;
}

result<Scenario> find(const std::vector<Scenario>& scenarios, const std::string& name) {
    const Scenario* nearest = nullptr;
    for (const auto& scenario : scenarios) {
        if (scenario.name == name) {
            return scenario;
        }
        if (nearest == nullptr || distance(name, scenario.name) < distance(name, nearest->name)) {
            nearest = &scenario;
        }
    }
    const bool close =
        nearest != nullptr && distance(name, nearest->name) <= nearest->name.size() / 2;
    return fail(
        ErrorKind::usage,
        fmt::format(
            "unknown scenario '{}'{}; `rundown list` shows them all",
            name,
            close ? fmt::format(": did you mean '{}'?", nearest->name) : ""
        )
    );
}

}  // namespace rundown::scenario
