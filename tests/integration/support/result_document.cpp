// SPDX-License-Identifier: MIT
#include "integration/support/result_document.hpp"

#include <stdexcept>

namespace rundown::integration {

JsonRun::JsonRun(std::vector<std::string> arguments, std::vector<std::string> environment) {
    Invocation invocation;
    invocation.arguments = std::move(arguments);
    invocation.arguments.insert(invocation.arguments.begin(), "run");
    for (const char* argument : {"--json", "--out"}) {
        invocation.arguments.push_back(argument);
    }
    invocation.arguments.push_back(out_.path());
    invocation.environment = std::move(environment);
    outcome_ = run_program(invocation);
    boost::system::error_code error;
    auto value = boost::json::parse(outcome_.out, error);
    if (error || !value.is_object()) {
        throw std::runtime_error(
            "no JSON document on standard output, exit code " + std::to_string(outcome_.exit_code) +
            ": " + describe()
        );
    }
    document_ = std::move(value.as_object());
}

const boost::json::object& JsonRun::run(std::size_t index) const {
    return document_.at("runs").as_array().at(index).as_object();
}

std::string JsonRun::verdict(std::size_t index) const {
    return std::string(run(index).at("verdict").as_object().at("kind").as_string());
}

std::string JsonRun::rules(std::size_t index) const {
    std::string names;
    for (const auto& finding : run(index).at("verdict").as_object().at("findings").as_array()) {
        names += names.empty() ? "" : " ";
        names += std::string(finding.as_object().at("rule").as_string());
    }
    return names;
}

std::string JsonRun::artifact(std::size_t index, const std::string& kind) const {
    const auto* path = run(index).at("artifacts").as_object().if_contains(kind);
    return path == nullptr ? "" : std::string(path->as_string());
}

std::string JsonRun::directory() const {
    return std::string(document_.at("directory").as_string());
}

}  // namespace rundown::integration
