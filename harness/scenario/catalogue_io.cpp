// SPDX-License-Identifier: MIT
// The scenario files of a directory, and finding one by name.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/nearest.hpp"
#include "scenario/scenario.hpp"

namespace rundown::scenario {
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
    std::vector<std::string> names;
    for (const auto& scenario : scenarios) {
        if (scenario.name == name) {
            return scenario;
        }
        names.push_back(scenario.name);
    }
    return fail(
        ErrorKind::usage,
        fmt::format(
            "unknown scenario '{}'{}; `rundown list` shows them all",
            name,
            did_you_mean(name, names)
        )
    );
}

}  // namespace rundown::scenario
