// SPDX-License-Identifier: MIT
// Logs as ReactOS's and Windows's kernels write them on the debug line.
#include "run/debug_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rundown::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* kBoot =
    "(ntoskrnl/kd/kdio.c:98) -----------------------------------------------------\r\n"
    "(ntoskrnl/kd/kdio.c:99) ReactOS 0.4.16-dev (Build 20250613)\r\n"
    "(drivers/network/ndis/ndis/protocol.c:1021) NdisRegisterProtocol\r\n";

constexpr const char* kAssertion =
    "\r\n*** Assertion failed: Open->Protocol != NULL\r\n"
    "***   Source File: drivers/network/ndis/ndis/protocol.c, line 312\r\n\r\n"
    "Break repeatedly, break Once, Ignore, terminate Process or terminate Thread (boipt)? ";

constexpr const char* kEntered =
    "\r\nEntered debugger on embedded INT3 at 0x0008:0x8093592f.\r\n"
    "Type \"help\" for a list of commands.\r\n\r\nkdb:> ";

constexpr const char* kBackTrace =
    "bt\r\nEip:\r\n<ntoskrnl.exe:13592f (:0 (DbgBreakPoint))>\r\nFrames:\r\n"
    "<ndis.sys:4c12 (drivers/network/ndis/ndis/protocol.c:312 (ProIndicatePacket))>\r\n"
    "<ndis.sys:2a10 (drivers/network/ndis/ndis/miniport.c:404 (MiniIndicateReceivePacket))>\r\n"
    "<e1000.sys:1d20 (drivers/network/dd/e1000/interrupt.c:88 (MiniportHandleInterrupt))>\r\n\r\n"
    "kdb:> ";

constexpr const char* kFatal =
    "\r\n*** Fatal System Error: 0x000000d1\r\n"
    "                       (0x00000010,0x00000002,0x00000001,0xF7A12C3E)\r\n\r\n";

TEST(DebugLog, AnUneventfulBootIsNoNews) {
    DebugLog log;
    EXPECT_EQ(log.feed(kBoot), "");
    EXPECT_FALSE(log.bug_check());
    EXPECT_THAT(log.visits(), SizeIs(0));
    EXPECT_FALSE(log.stands_still());
}

TEST(DebugLog, AnAssertionIsTracedAndLetGoOn) {
    DebugLog log;
    log.feed(kBoot);
    EXPECT_EQ(log.feed(kAssertion), "o\r");
    EXPECT_EQ(log.feed(kEntered), "bt\r");
    EXPECT_EQ(log.feed(kBackTrace), "cont\r");
    EXPECT_EQ(log.feed("cont\r\n(ndis) on it goes\r\n"), "");
    ASSERT_THAT(log.visits(), SizeIs(1));
    const DebuggerVisit& visit = log.visits()[0];
    EXPECT_THAT(visit.why, HasSubstr("Assertion failed: Open->Protocol != NULL"));
    EXPECT_THAT(visit.why, HasSubstr("protocol.c, line 312"));
    EXPECT_THAT(visit.why, HasSubstr("embedded INT3"));
    ASSERT_THAT(visit.frames, SizeIs(4));
    EXPECT_THAT(visit.frames[1], StartsWith("ndis.sys:4c12 "));
    EXPECT_TRUE(visit.went_on);
    EXPECT_FALSE(log.bug_check());
    const auto sentences = sentences_for(log.visits());
    ASSERT_THAT(sentences, SizeIs(1));
    EXPECT_THAT(sentences[0], HasSubstr("ndis.sys:4c12"));
}

TEST(DebugLog, ABugCheckIsTracedAndLeftAsItIs) {
    DebugLog log;
    log.feed(kFatal);
    ASSERT_TRUE(log.bug_check());
    EXPECT_EQ(log.bug_check()->code, 0xD1u);
    EXPECT_THAT(log.bug_check()->parameter, ElementsAre(0x10, 2, 1, 0xF7A12C3E));
    EXPECT_EQ(log.feed(kEntered), "bt\r");
    EXPECT_FALSE(log.stands_still());
    EXPECT_EQ(log.feed(kBackTrace), "");
    EXPECT_TRUE(log.stands_still());
    EXPECT_FALSE(log.visits()[0].went_on);
    EXPECT_THAT(log.visits()[0].why, HasSubstr("bug check 0xD1"));
}

TEST(DebugLog, EveryCutOfTheBytesIsTheSame) {
    const std::string whole =
        std::string(kBoot) + kAssertion + kEntered + kBackTrace + kFatal + kEntered + kBackTrace;
    for (std::size_t piece = 1; piece < 40; ++piece) {
        DebugLog log;
        std::string typed;
        for (std::size_t at = 0; at < whole.size(); at += piece) {
            typed += log.feed(std::string_view(whole).substr(at, piece));
        }
        EXPECT_EQ(typed, "o\rbt\rcont\rbt\r") << piece;
        EXPECT_THAT(log.visits(), SizeIs(2)) << piece;
        EXPECT_TRUE(log.stands_still()) << piece;
    }
}

TEST(DebugLog, APagerGetsItsKey) {
    DebugLog log;
    log.feed(kEntered);
    EXPECT_EQ(log.feed("bt\r\n--- Press"), "\r");
    EXPECT_EQ(
        log.feed(" q to abort, any other key to continue ---\r\n<a.sys:10 (x)>\r\nkdb:>"), "cont\r"
    );
    EXPECT_THAT(log.visits()[0].frames, SizeIs(1));
}

TEST(DebugLog, AGuestThatComesAgainAndAgainIsLeftAlone) {
    DebugLog log;
    std::string typed;
    for (int i = 0; i < 50; ++i) {
        typed += log.feed("kdb:> ");
    }
    EXPECT_EQ(log.visits().size(), DebugLog::kVisitsMax);
    EXPECT_TRUE(log.stands_still());
    EXPECT_LE(typed.size(), DebugLog::kVisitsMax * 8);
    EXPECT_THAT(log.visits()[0].why, HasSubstr("did not say why"));
}

TEST(DebugLog, HostileOutputIsBounded) {
    DebugLog log;
    log.feed(std::string(1 << 20, 'a'));
    log.feed("\n*** Fatal System Error: 0xzz\n" + std::string(1 << 20, '(') + "\n");
    log.feed("kdb:>");
    for (int i = 0; i < 1000; ++i) {
        log.feed("<x.sys:1 (y)>\r\n");
    }
    EXPECT_FALSE(log.bug_check());
    EXPECT_LE(log.visits()[0].frames.size(), DebugLog::kFramesMax);
}

TEST(StopText, BothSystemsFormsAreRead) {
    const auto windows = stop_in(
        "*** Fatal System Error: 0x000000c2\n"
        "                       (0x0000000000000007,0x0000000000001205,0xFFFFFA8001234568,"
        "0xFFFFFA8001234578)\n\nBreak instruction exception"
    );
    ASSERT_TRUE(windows);
    EXPECT_EQ(windows->code, 0xC2u);
    EXPECT_EQ(windows->parameter[2], 0xFFFFFA8001234568u);
    const auto screen = stop_in("*** STOP: 0x0000001E (0xC0000005,0x80123456,0x0,0x10)\n");
    ASSERT_TRUE(screen);
    EXPECT_EQ(screen->code, 0x1Eu);
    EXPECT_EQ(screen->parameter[0], 0xC0000005u);
    EXPECT_FALSE(stop_in("*** Fatal System Error: 0x000000c2\n")) << "not whole yet";
    EXPECT_FALSE(stop_in("nothing of the kind (0x1)"));
}

}  // namespace
}  // namespace rundown::run
