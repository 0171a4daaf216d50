// SPDX-License-Identifier: MIT
// A run's evidence as the text of a case, for tests/traces; and that such a text says all of it
// again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "report/run_record_json.hpp"
#include "support/conforming_run.hpp"
#include "support/trace_case.hpp"
#include "trace/reader.hpp"

namespace rundown::test {
namespace {

std::string contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(TraceCaseText, SaysAllThatACaseCanSay) {
    ConformingOptions options;
    options.bindings = 2;
    auto run = conforming_run(7, options);
    run.censuses[1].census.buffers_out = 12;
    run.censuses[1].census.pool = {{0x35706452, 512, 2}};
    run.nics[0].frames_after_teardown = 3;
    run.nics[1].filter_after_teardown = oracle::ReceiveFilter{false, "all", {"01:00:5e:52:44:01"}};
    run.answers[1].message = "stopped at last";
    run.deadline = oracle::PassedDeadline{"trigger", "the driver to stop", 5000};
    const auto again = parse_case(to_text(run));
    ASSERT_TRUE(again) << again.error().sentence;
    EXPECT_EQ(to_text(again->record), to_text(run));
    EXPECT_EQ(again->record.censuses, run.censuses);
    EXPECT_EQ(again->record.answers, run.answers);
    EXPECT_EQ(again->record.nics[0].streams, run.nics[0].streams);
    EXPECT_EQ(again->record.nics[1].filter_after_teardown, run.nics[1].filter_after_teardown);
    EXPECT_EQ(again->record.trace.records.size(), run.trace.records.size());
}

/// Not a test: prints the run in the directory RUN as a case.
TEST(TraceCaseText, DISABLED_OfARun) {
    const char* directory = std::getenv("RUN");
    ASSERT_NE(directory, nullptr) << "RUN is the evidence directory of one run";
    auto record =
        report::run_record_from_json(contents_of(directory + std::string("/record.json")));
    ASSERT_TRUE(record) << record.error().sentence;
    const std::string bytes = contents_of(directory + std::string("/trace.bin"));
    auto trace = trace::read(std::as_bytes(std::span(bytes)));
    ASSERT_TRUE(trace) << trace.error().sentence;
    record->trace = std::move(*trace);
    std::cout << to_text(*record);
}

}  // namespace
}  // namespace rundown::test
