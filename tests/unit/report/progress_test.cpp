// SPDX-License-Identifier: MIT
#include "report/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rundown::report {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What a Progress wrote.
class Sheet {
  public:
    std::FILE* stream() { return stream_; }
    std::string text() {
        std::fflush(stream_);
        std::rewind(stream_);
        std::string text(10000, '\0');
        text.resize(std::fread(text.data(), 1, text.size(), stream_));
        return text;
    }
    ~Sheet() { std::fclose(stream_); }

  private:
    std::FILE* stream_ = std::tmpfile();
};

RunReport passing_run() {
    RunReport run;
    run.scenario = "unload-idle";
    run.load = "idle";
    run.verdict.kind = VerdictKind::pass;
    return run;
}

TEST(Progress, APipeGetsPlainLinesAndNoStatus) {
    Sheet sheet;
    Progress progress(sheet.stream(), false);
    progress.run_started(1, 2, "unload-idle.e1000.idle");
    progress.status("booting");
    progress.run_finished(passing_run());
    const auto text = sheet.text();
    EXPECT_THAT(text, HasSubstr("[1/2] unload-idle.e1000.idle\n"));
    EXPECT_THAT(text, HasSubstr("PASS"));
    EXPECT_THAT(text, Not(HasSubstr("booting")));
    EXPECT_THAT(text, Not(HasSubstr("\033")));
}

TEST(Progress, ATerminalsStatusLineIsReplaced) {
    Sheet sheet;
    {
        Progress progress(sheet.stream(), true);
        progress.run_started(1, 2, "x");
        progress.status("booting");
        progress.status("binding");
        progress.run_finished(passing_run());
    }
    const auto text = sheet.text();
    EXPECT_THAT(text, HasSubstr("\r\033[K[1/2] x: booting\r\033[K[1/2] x: binding\r\033[KPASS"));
}

TEST(Progress, AReaderThatWentAwayIsSurvived) {
    std::FILE* full = std::fopen("/dev/full", "w");
    if (full == nullptr) {
        GTEST_SKIP() << "no /dev/full";
    }
    {
        Progress progress(full, false);
        progress.print(std::string(100000, 'x'));
    }
    std::fclose(full);
}

}  // namespace
}  // namespace rundown::report
