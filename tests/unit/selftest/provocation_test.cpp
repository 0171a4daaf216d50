// SPDX-License-Identifier: MIT
// Bug checks of provocations: their text read strictly, and judged against the table.
#include "selftest/provocation.hpp"

#include <gmock/gmock.h>

#include <set>

#include "selftest/line.hpp"

namespace rundown::selftest {
namespace {

using testing::HasSubstr;
using testing::Optional;

const Provocation kLockTwice = {
    "lock",
    "spin_lock_twice",
    0x0F,
    {"$1", "!0", "driver", "0"},
    "selftest.sys",
    "",
    "a lock is taken twice"};

constexpr const char* kLog =
    "io: something\n"
    "provoke spin_lock_twice: guilty fffff80008017260 fffff8000801729e\n"
    "provoke spin_lock_twice: value 1 fffff8000801b060\n"
    "taken again: spin lock\n"
    "*** STOP 0x0000000f (0xfffff8000801b060, 0xfff8000801729103, 0xfffff80008017296, "
    "0x0000000000000000)\n"
    "  module fffff80008017296  selftest.sys+0x1296\n"
    "  name SPIN_LOCK_ALREADY_OWNED\n"
    "  parameter 1 fffff8000801b060  selftest.sys+0x5060\n"
    "  parameter 3 fffff80008017296  selftest.sys+0x1296\n"
    "  processor 1, IRQL 2, thread 92 \n"
    "  at   fffff80000223e9b  ntoskrnl.exe+0x23e9b\n"
    "  from fffff80008017296  selftest.sys+0x1296\n"
    "  from fffff80000202266  ntoskrnl.exe+0x2266\n"
    "*** halted\n";

std::string replaced(const std::string& from, const std::string& to) {
    std::string text = kLog;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(StopText, ReadsEverything) {
    const auto stop = read_stop_text(kLog);
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->code, 0xFu);
    EXPECT_EQ(stop->parameter[2], 0xfffff80008017296u);
    EXPECT_EQ(stop->name, "SPIN_LOCK_ALREADY_OWNED");
    ASSERT_TRUE(stop->blamed);
    EXPECT_EQ(stop->blamed->module, "selftest.sys");
    EXPECT_EQ(stop->blamed->offset, 0x1296u);
    EXPECT_FALSE(stop->blamed->unloaded);
    EXPECT_EQ(stop->stack.size(), 3u);
    EXPECT_TRUE(stop->whole);
    EXPECT_FALSE(stop->into[1]);
}

TEST(StopText, AFirstLineThatIsNotOfTheFormIsNone) {
    EXPECT_FALSE(read_stop_text(replaced("0x0000000f (", "0xf (")));
    EXPECT_FALSE(read_stop_text(replaced(", 0x0000000000000000)", ")")));
    EXPECT_FALSE(read_stop_text(replaced("0000)\n", "0000) \n")));
    EXPECT_FALSE(read_stop_text("*** STOP"));
    EXPECT_FALSE(read_stop_text(""));
}

TEST(StopText, PlacesAreReadStrictly) {
    EXPECT_TRUE(
        read_stop_text(replaced("+0x1296\n  name", "+0x1296 (unloaded)\n  name"))->blamed->unloaded
    );
    EXPECT_FALSE(read_stop_text(replaced("+0x1296\n  name", "+1296\n  name"))->blamed);
    EXPECT_FALSE(read_stop_text(replaced("+0x1296\n  name", "+0x1296 x\n  name"))->blamed);
    const auto nowhere = read_stop_text(replaced("ntoskrnl.exe+0x2266", "0xfffff80000202266"));
    ASSERT_EQ(nowhere->stack.size(), 3u);
    EXPECT_EQ(nowhere->stack[2].module, "");
}

TEST(Provocation, ExactlyAsDocumentedPasses) {
    EXPECT_EQ(judge(kLockTwice, kLog), std::nullopt);
}

TEST(Provocation, EachDifferenceIsNamed) {
    EXPECT_THAT(
        judge(kLockTwice, replaced("STOP 0x0000000f", "STOP 0x00000010")),
        Optional(HasSubstr("0x10"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("(0xfffff8000801b060", "(0xfffff8000801b068")),
        Optional(HasSubstr(
            "parameter 1 is 0xfffff8000801b068 (selftest.sys) and should be 0xfffff8000801b060"
        ))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("0xfff8000801729103", "0x0000000000000000")),
        Optional(HasSubstr("parameter 2"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("  parameter 3", "  parameter 2")),
        Optional(HasSubstr("an address in selftest.sys"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("0x0000000000000000)", "0x0000000000000001)")),
        Optional(HasSubstr("parameter 4"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("selftest.sys+0x1296\n  name", "ndis.sys+0x1296\n  name")),
        Optional(HasSubstr("blames 'ndis.sys'"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("  name SPIN", "  nam SPIN")), Optional(HasSubstr("no name"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("*** halted", "*** halte")), Optional(HasSubstr("no end"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("  from fffff80008017296", "  from fffff80008017300")),
        Optional(HasSubstr("not on the stack"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced(": value 1 ", ": value 9 ")),
        Optional(HasSubstr("none of a provocation's"))
    );
    EXPECT_THAT(
        judge(kLockTwice, replaced("value 1", "value 2")), Optional(HasSubstr("never announced"))
    );
}

TEST(Provocation, SurvivalAndSilenceFail) {
    EXPECT_THAT(
        judge(kLockTwice, "provoke spin_lock_twice: survived\n"), Optional(HasSubstr("survived"))
    );
    EXPECT_THAT(
        judge(kLockTwice, "provoke spin_lock_twice: guilty 0000000000000001 0000000000000002\n"),
        Optional(HasSubstr("neither stopped nor survived"))
    );
    EXPECT_THAT(judge(kLockTwice, ""), Optional(HasSubstr("never begun")));
    EXPECT_THAT(
        judge(kLockTwice, "provoke: selftest.sys did not start, status c0000225\n"),
        Optional(HasSubstr("never begun: selftest.sys did not start"))
    );
}

trace::Record record(int event, std::uint64_t object, std::uint64_t first, std::uint64_t second) {
    trace::Record made;
    made.source = RD_SOURCE_KERNEL;
    made.kind = RD_KIND_NOTE;
    made.event = static_cast<std::uint16_t>(event);
    made.object = object;
    made.arg = {first, second, 0};
    return made;
}

TEST(Provocation, TheTraceMustTellTheSame) {
    const auto stop = read_stop_text(kLog);
    trace::Trace trace;
    EXPECT_THAT(judge_trace(*stop, trace), Optional(HasSubstr("not in the trace")));
    trace.records = {
        record(RD_EV_BUG_CHECK, 0xF, stop->parameter[0], stop->parameter[1]),
        record(RD_EV_BUG_CHECK_MORE, 0, stop->parameter[2], stop->parameter[3]),
    };
    for (const auto& frame : stop->stack) {
        trace.records.push_back(record(RD_EV_BUG_CHECK_STACK, frame.address, 0, 0));
    }
    EXPECT_EQ(judge_trace(*stop, trace), std::nullopt);
    auto shorter = trace;
    shorter.records.pop_back();
    EXPECT_THAT(judge_trace(*stop, shorter), Optional(HasSubstr("another stack")));
    trace.records[1].arg[1] = 9;
    EXPECT_THAT(judge_trace(*stop, trace), Optional(HasSubstr("differently")));
}

/// The table itself: what can be wrong with a line of it.
TEST(Provocation, TheTableIsWellFormed) {
    std::set<std::string_view> names;
    for (const auto& provocation : provocations()) {
        EXPECT_TRUE(is_word(provocation.family) && is_word(provocation.name))
            << provocation.full_name();
        EXPECT_TRUE(names.insert(provocation.name).second) << provocation.name << " is there twice";
        EXPECT_FALSE(provocation.what.empty());
        EXPECT_FALSE(provocation.what.ends_with('.')) << provocation.what;
        for (const auto pattern : provocation.parameter) {
            const bool word =
                pattern == "*" || pattern == "!0" || pattern == "driver" || pattern == "kernel";
            const bool announced =
                pattern.size() == 2 && pattern[0] == '$' && pattern[1] >= '1' && pattern[1] <= '4';
            std::uint64_t number = 0;
            Line line(pattern);
            const bool value =
                (line.literal("0x") ? line.hexadecimal(number) : line.decimal(number)) &&
                line.empty();
            EXPECT_TRUE(word || announced || value) << provocation.name << ": " << pattern;
        }
    }
    EXPECT_GE(names.size(), 5u);
}

}  // namespace
}  // namespace rundown::selftest
