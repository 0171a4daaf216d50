// SPDX-License-Identifier: MIT
// integration/support/result_document.hpp
//
// Runs scenarios through the program with --json and reads the document it printed.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "integration/support/program.hpp"

namespace rundown::integration {

/// What `rundown run ARGUMENTS --json --out <temporary>` said. The evidence lives as long as this
/// object.
class JsonRun {
  public:
    explicit JsonRun(std::vector<std::string> arguments, std::vector<std::string> environment = {});

    const Outcome& outcome() const { return outcome_; }
    const boost::json::object& document() const { return document_; }
    std::size_t run_count() const { return document_.at("runs").as_array().size(); }
    const boost::json::object& run(std::size_t index) const;
    std::string verdict(std::size_t index) const;
    /// "open-closed-once deregister-status", in the document's order.
    std::string rules(std::size_t index) const;
    std::string artifact(std::size_t index, const std::string& kind) const;
    std::string directory() const;
    /// Everything that helps when a test fails.
    std::string describe() const { return outcome_.err + outcome_.out; }

  private:
    TemporaryDirectory out_;
    Outcome outcome_;
    boost::json::object document_;
};

}  // namespace rundown::integration
