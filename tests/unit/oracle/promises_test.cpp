// SPDX-License-Identifier: MIT
// unit/oracle/promises_test.cpp: what a scenario makes sure of, and runs in which it did not come
// about.
#include "oracle/promises.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/trace_case.hpp"

namespace rundown::oracle {
namespace {

using testing::HasSubstr;

const std::string kBound =
    "driver return register-protocol object=PROTO arg0=0x501\n"
    "driver call open-adapter object=CTX1\n"
    "driver return open-adapter b=1 object=OPEN1 arg0=CTX1\n";
const std::string kTrigger = "agent note mark arg0=trigger\n";
const std::string kUnbind = "driver callback unbind-adapter b=1 object=CTX1 arg0=UC1\n";
const std::string kClose = "driver call close-adapter b=1 object=OPEN1 arg0=CTX1\n";

RunRecord run_of(const std::string& records) {
    auto parsed =
        test::parse_case("run trigger=unload nics=1 load=idle reload=no\nanswer stop\n" + records);
    EXPECT_TRUE(parsed) << parsed.error().sentence;
    return parsed ? parsed->record : RunRecord{};
}

/// The promise that was not kept, or "kept".
std::string broken(const RunRecord& run) {
    return broken_promise(Evidence(run)).value_or("kept");
}

TEST(Promises, NothingPromisedIsNothingBroken) {
    EXPECT_EQ(broken(run_of(kBound + kTrigger)), "kept");
}

TEST(Promises, ClosesThatWereToPendPended) {
    const std::string before = kBound + kTrigger + kUnbind + kClose;
    RunRecord run =
        run_of(before + "driver return close-adapter b=1 object=OPEN1 arg0=CTX1 status=pending\n");
    run.promised.closes = "pending";
    EXPECT_EQ(broken(run), "kept");
    run.promised.closes = "synchronous";
    EXPECT_THAT(broken(run), HasSubstr("NdisCloseAdapter returned 0x00000103 (#6)"));

    run = run_of(before + "driver return close-adapter b=1 object=OPEN1 arg0=CTX1\n");
    run.promised.closes = "pending";
    EXPECT_THAT(broken(run), HasSubstr("returned 0x00000000 (#6), and the scenario is about one"));
    run = run_of(kBound + kTrigger);
    run.promised.closes = "pending";
    EXPECT_THAT(broken(run), HasSubstr("no call of NdisCloseAdapter"));
}

TEST(Promises, OpensThatWereToPendPended) {
    RunRecord run = run_of(kBound + kTrigger);
    run.promised.opens = "synchronous";
    EXPECT_EQ(broken(run), "kept");
    run.promised.opens = "pending";
    EXPECT_THAT(broken(run), HasSubstr("NdisOpenAdapter returned 0x00000000 (#2)"));
}

const std::string kReceived =
    "driver callback receive-packet b=1 object=CTX1 arg0=P1\n"
    "driver callback-return receive-packet b=1 object=CTX1 arg0=P1 arg1=1\n";
const std::string kReturned = "driver call return-packets b=1 object=P1\n";

TEST(Promises, ReceivesAreKeptAtTheTriggerAndReturnedAfterTheUnbindCame) {
    RunRecord run = run_of(kBound + kReceived + kTrigger + kUnbind + kReturned);
    run.promised.receives_held = 1;
    EXPECT_EQ(broken(run), "kept");
    run.promised.receives_held = 2;
    EXPECT_THAT(broken(run), HasSubstr("kept 1 receives at the trigger, not 2"));

    run = run_of(kBound + kReceived + kTrigger + kReturned + kUnbind);
    run.promised.receives_held = 1;
    EXPECT_THAT(broken(run), HasSubstr("0 receives came back after the first unbind, not 1"));
}

TEST(Promises, ARequestIsInFlightWhenTheUnbindComes) {
    const std::string request =
        "driver call request b=1 object=OPEN1 arg0=R1\n"
        "driver return request b=1 object=OPEN1 arg0=R1 status=pending\n";
    const std::string completed = "driver callback request-complete b=1 object=CTX1 arg0=R1\n";
    RunRecord run = run_of(kBound + request + kTrigger + kUnbind + completed);
    run.promised.requests_held = 1;
    EXPECT_EQ(broken(run), "kept");

    run = run_of(kBound + request + kTrigger + completed + kUnbind);
    run.promised.requests_held = 1;
    EXPECT_THAT(broken(run), HasSubstr("had 0 requests in flight when it was unbound, not 1"));
}

TEST(Promises, HandlesAreOpenAtTheTriggerAndClosedAfterIt) {
    const std::string created = "driver callback-return handle-create object=F1\n";
    RunRecord run = run_of(kBound + created + kTrigger + "answer close_handle\n");
    run.promised.handles_held = 1;
    EXPECT_EQ(broken(run), "kept");
    run.promised.handles_held = 2;
    EXPECT_THAT(broken(run), HasSubstr("1 handles were open at the trigger, not 2"));

    run = run_of(kBound + created + kTrigger);
    run.promised.handles_held = 1;
    EXPECT_THAT(broken(run), HasSubstr("0 of 1 handles were closed"));

    run = run_of(kBound + created + "driver callback handle-close object=F1\n" + kTrigger);
    run.promised.handles_held = 1;
    EXPECT_THAT(broken(run), HasSubstr("0 handles were open at the trigger"));
}

TEST(Promises, EveryBindingIsToldOfItsLink) {
    const std::string down = "driver callback status b=1 object=CTX1 status=0x4001000c\n";
    const std::string up = "driver callback status b=1 object=CTX1 status=0x4001000b\n";
    RunRecord run = run_of(kBound + down + up + kTrigger);
    run.promised.link_changes = 2;
    EXPECT_EQ(broken(run), "kept");
    run = run_of(kBound + down + kTrigger + up);
    run.promised.link_changes = 2;
    EXPECT_THAT(broken(run), HasSubstr("was told of 1 changes of its link, not 2"));
}

TEST(Promises, RefusedBindsAreSeen) {
    RunRecord run = run_of(
        "driver callback bind-adapter object=BC1\n"
        "driver callback-return bind-adapter object=BC1 status=failure\n"
        "driver callback bind-adapter object=BC2\n"
        "driver callback-return bind-adapter object=BC2 status=pending\n"
        "driver call complete-bind object=BC2 status=failure\n" +
        kTrigger
    );
    run.promised.binds_refused = 2;
    EXPECT_EQ(broken(run), "kept");
    run.promised.binds_refused = 3;
    EXPECT_THAT(broken(run), HasSubstr("2 binds were refused, not 3"));
}

TEST(Promises, FiltersWereSetInNdisAndAtTheDeviceThatCanBeAsked) {
    RunRecord run = run_of("census bound filters=1\nnic model=virtio-net\n" + kBound + kTrigger);
    run.promised.filters_set = true;
    EXPECT_THAT(broken(run), HasSubstr("the device of NIC 0 was not seen"));
    run.nics[0].filter_while_bound = ReceiveFilter{false, "normal", {"01:00:5e:52:44:01"}};
    EXPECT_EQ(broken(run), "kept");
    run.nics[0].filter_while_bound->multicast_table.clear();
    EXPECT_THAT(broken(run), HasSubstr("the device of NIC 0 was not seen"));
    run.nics[0].model = "e1000";
    EXPECT_EQ(broken(run), "kept");
    run.censuses[0].census.filters = 0;
    EXPECT_THAT(
        broken(run), HasSubstr("NDIS had 0 receive filters while the driver was bound to 1")
    );
}

TEST(Promises, ABrokenOneIsNoProgress) {
    RunRecord run = run_of(
        kBound + kTrigger + "driver call deregister-protocol object=PROTO\n" + kUnbind + kClose +
        "driver return close-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver callback-return unbind-adapter b=1 object=CTX1 arg0=UC1\n"
        "driver return deregister-protocol object=PROTO\n"
    );
    EXPECT_EQ(judge(run).verdict.kind, VerdictKind::pass);
    run.promised.closes = "pending";
    const auto verdict = judge(run).verdict;
    EXPECT_EQ(verdict.kind, VerdictKind::inconclusive);
    EXPECT_EQ(verdict.why, InconclusiveKind::no_progress);
}

TEST(Promises, AResetIsTheEndOfAReboot) {
    RunRecord run = run_of(
        kBound + kTrigger +
        "driver callback shutdown\ndriver call deregister-protocol object=PROTO\n" + kUnbind +
        kClose +
        "driver return close-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver callback-return unbind-adapter b=1 object=CTX1 arg0=UC1\n"
        "driver return deregister-protocol object=PROTO\n"
        "driver callback-return shutdown\n"
    );
    run.trigger = "reboot";
    run.guest_end = GuestEnd::reset;
    EXPECT_EQ(judge(run).verdict.kind, VerdictKind::pass);
    run.guest_end = GuestEnd::powered_off;
    EXPECT_EQ(judge(run).verdict.why, InconclusiveKind::no_progress);
    run.trigger = "power-off";
    run.guest_end = GuestEnd::reset;
    EXPECT_EQ(judge(run).verdict.why, InconclusiveKind::lost_contact);
}

TEST(Judge, HandlesInFlightAreThoseCreatedAndNotClosed) {
    const RunRecord run = run_of(
        "driver callback-return handle-create object=F1\n"
        "driver callback-return handle-create object=F2\n"
        "driver callback-return handle-create object=F3 status=failure\n"
        "driver callback handle-close object=F1\n" +
        kTrigger + "driver callback handle-close object=F2\n"
    );
    EXPECT_EQ(judge(run).in_flight.handles, 1u);
}

}  // namespace
}  // namespace rundown::oracle
