// SPDX-License-Identifier: MIT
#include "trace/text.hpp"

#include <gtest/gtest.h>

#include "trace/names.hpp"

namespace rundown::trace {
namespace {

TEST(TraceText, AWordIsTheSameAddressEverywhere) {
    const auto call = parse_record("driver call close-adapter b=1 object=OPEN1 arg0=CTX1 irql=2");
    const auto note = parse_record("ndis note open-freed object=OPEN1");
    ASSERT_TRUE(call && note);
    EXPECT_EQ(call->object, note->object);
    EXPECT_NE(call->object, call->arg[0]);
    EXPECT_EQ(call->irql, 2);
    EXPECT_TRUE(call->is(RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_CLOSE_ADAPTER));
}

TEST(TraceText, NamesOfMarksViolationsAndStatusesAreNumbers) {
    EXPECT_EQ(parse_record("agent note mark arg0=trigger")->arg[0], RD_MARK_TRIGGER);
    EXPECT_EQ(
        parse_record("ndis note violation arg0=live-object")->arg[0], RD_VIOLATION_LIVE_OBJECT
    );
    EXPECT_EQ(parse_record("driver return send status=pending")->status, 0x103u);
    EXPECT_EQ(parse_record("driver return send status=0xc0010005")->status, 0xC0010005u);
}

TEST(TraceText, ReadsBackEveryEventItWrites) {
    for (unsigned event = 0; event < 200; ++event) {
        Record record;
        record.source = RD_SOURCE_NDIS;
        record.kind = RD_KIND_CALLBACK_RETURN;
        record.event = static_cast<std::uint16_t>(event);
        record.binding = 7;
        record.status = 0xC0010002;
        record.object = 0xFFFF800000001234;
        record.arg = {event, 2, 3};
        record.irql = 2;
        record.processor = 3;
        record.thread = 0x1234;
        const auto again = parse_record(to_text(record));
        ASSERT_TRUE(again) << to_text(record) << ": " << again.error().sentence;
        EXPECT_EQ(to_text(*again), to_text(record));
        EXPECT_EQ(again->event, event);
        EXPECT_EQ(again->arg, record.arg);
        EXPECT_EQ(again->status, record.status);
    }
}

TEST(TraceText, RefusesWhatMakesNoSense) {
    for (const char* line :
         {"",
          "driver call",
          "x call send",
          "driver x send",
          "driver call send object",
          "driver call send irql=300",
          "driver call send b=70000",
          "driver call send arg3=1",
          "driver call send status=maybe"}) {
        EXPECT_FALSE(parse_record(line)) << line;
    }
}

TEST(TraceNames, SaysTheDocumentationsNames) {
    EXPECT_EQ(function_name(RD_EV_DEREGISTER_PROTOCOL), "NdisDeregisterProtocol");
    EXPECT_EQ(function_name(999), "event 999");
    EXPECT_EQ(status_name(0x103), "NDIS_STATUS_PENDING");
    EXPECT_EQ(status_name(0xC0FFEE00), "0xC0FFEE00");
    EXPECT_EQ(bug_check_name(0xC2), "BAD_POOL_CALLER (0xC2)");
    EXPECT_EQ(tag_name(0x35706452), "Rdp5");
    EXPECT_EQ(tag_name(1), "0x00000001");
    EXPECT_EQ(oid_name(0x00010107), "OID_GEN_LINK_SPEED");
}

}  // namespace
}  // namespace rundown::trace
