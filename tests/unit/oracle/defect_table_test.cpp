// SPDX-License-Identifier: MIT
// drivers/defects/defects.toml against the oracle: every rule has a faulty driver that it must find
// in a real guest (tests/integration/defects_test.cpp runs them), and no line names what there is
// not.
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "oracle/oracle.hpp"

namespace rundown::oracle {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = RUNDOWN_SOURCE_DIR;

bool is_rule(const std::string& name) {
    return std::any_of(rules().begin(), rules().end(), [&](const Rule& rule) {
        return rule.name == name;
    });
}

const toml::table& table() {
    static const toml::table table =
        toml::parse_file((kRoot / "drivers" / "defects" / "defects.toml").string());
    return table;
}

std::string field(const toml::table& defect, const char* name) {
    return defect[name].value_or(std::string("no ") + name);
}

TEST(DefectTable, EveryRuleHasADefectItMustFind) {
    std::set<std::string> found;
    for (const auto& node : *table()["defect"].as_array()) {
        found.insert(field(*node.as_table(), "rule"));
    }
    for (const Rule& rule : rules()) {
        EXPECT_TRUE(found.contains(std::string(rule.name))) << rule.name;
    }
}

TEST(DefectTable, NamesWhatThereIs) {
    std::set<std::string> names;
    for (const auto& node : *table()["defect"].as_array()) {
        const auto& defect = *node.as_table();
        const std::string name = field(defect, "name");
        EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
        EXPECT_TRUE(is_rule(field(defect, "rule"))) << name << ": " << field(defect, "rule");
        EXPECT_TRUE(fs::exists(kRoot / "drivers" / "defects" / field(defect, "file"))) << name;
        const std::string needs = field(defect, "needs");
        EXPECT_TRUE(needs.empty() || fs::exists(kRoot / "tests" / "scenarios" / (needs + ".toml")))
            << name << " needs " << needs;
        std::istringstream also(field(defect, "also"));
        for (std::string rule; also >> rule;) {
            EXPECT_TRUE(is_rule(rule)) << name << ": also " << rule;
            EXPECT_NE(rule, field(defect, "rule")) << name;
        }
    }
}

}  // namespace
}  // namespace rundown::oracle
