// SPDX-License-Identifier: MIT
#include "rpc/session.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rpc/operation.hpp"
#include "unit/agent/test_home.hpp"

namespace rundown::rpc {
namespace {

using agent::FrameType;
using agent::make_frame;

constexpr std::uint32_t kId = 0x1234;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Request ping() {
    Request request;
    request.mutable_ping();
    return request;
}

std::string answer(std::uint32_t session, std::uint16_t sequence, std::uint64_t value) {
    Response response;
    response.set_value(value);
    return make_frame(FrameType::response, session, sequence, response.SerializeAsString());
}

/// What the only frame in the bytes means.
template <class T>
T only(Session& session, const std::string& bytes) {
    const auto frames = session.receive(agent::Port::serial, bytes_of(bytes));
    EXPECT_EQ(frames.size(), 1u);
    if (frames.size() != 1 || !std::holds_alternative<T>(frames[0].content)) {
        ADD_FAILURE() << "another frame than expected";
        return T{};
    }
    EXPECT_EQ(frames[0].bytes, bytes.size());
    return std::get<T>(frames[0].content);
}

TEST(Session, NumbersRequestsAndTakesTheirAnswersInAnyOrder) {
    Session session(kId);
    const auto first = session.request(ping());
    const auto second = session.request(ping());
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->sequence, second->sequence);
    EXPECT_EQ(
        only<ResponseReceived>(session, answer(kId, second->sequence, 2)).response.value(), 2u
    );
    EXPECT_EQ(
        only<ResponseReceived>(session, answer(kId, first->sequence, 1)).response.value(), 1u
    );
}

TEST(Session, DropsAnswersNobodyWaitsFor) {
    Session session(kId);
    const auto request = session.request(ping());
    EXPECT_NE(only<FrameDropped>(session, answer(kId, 99, 0)).why, "");
    only<ResponseReceived>(session, answer(kId, request->sequence, 0));
    only<FrameDropped>(session, answer(kId, request->sequence, 0));  // Twice.
    const auto given_up = session.request(ping());
    session.forget(given_up->sequence);
    only<FrameDropped>(session, answer(kId, given_up->sequence, 0));
}

TEST(Session, DropsWhatBelongsToAnotherSession) {
    Session session(kId);
    const auto request = session.request(ping());
    only<FrameDropped>(session, answer(kId + 1, request->sequence, 0));
    only<FrameDropped>(session, make_frame(FrameType::event, kId + 1, 0, ""));
    only<FrameDropped>(session, make_frame(FrameType::hello, kId + 1, 0, ""));
    only<ResponseReceived>(session, answer(kId, request->sequence, 0));
}

TEST(Session, RenewedItForgetsTheOldOne) {
    Session session(kId);
    const auto request = session.request(ping());
    session.renew(kId + 1);
    only<FrameDropped>(session, answer(kId, request->sequence, 0));
    only<FrameDropped>(session, answer(kId + 1, request->sequence, 0));
    EXPECT_TRUE(only<HelloReceived>(session, make_frame(FrameType::hello, kId + 1, 0, "")).ours);
}

TEST(Session, TellsItsOwnHelloFromOneUnasked) {
    Session session(kId);
    EXPECT_TRUE(only<HelloReceived>(session, make_frame(FrameType::hello, kId, 0, "")).ours);
    EXPECT_FALSE(only<HelloReceived>(session, make_frame(FrameType::hello, 0, 0, "")).ours);
}

TEST(Session, DropsNonsenseAndKeepsWaiting) {
    Session session(kId);
    const auto request = session.request(ping());
    only<FrameDropped>(session, make_frame(FrameType::response, kId, request->sequence, "\xFF"));
    only<FrameDropped>(session, make_frame(FrameType::event, kId, 0, "\xFF"));
    only<FrameDropped>(session, make_frame(FrameType::hello, kId, 0, "\xFF"));
    only<FrameDropped>(session, make_frame(FrameType::request, kId, 1, ""));
    only<ResponseReceived>(session, answer(kId, request->sequence, 0));
}

TEST(Session, NumbersInUseAreNotDrawnAgain) {
    Session session(kId);
    const auto held = session.request(ping());
    for (int i = 0; i < 70000; ++i) {
        const auto request = session.request(ping());
        ASSERT_NE(request->sequence, held->sequence);
        ASSERT_NE(request->sequence, 0);
        session.forget(request->sequence);
    }
}

TEST(Session, RequestsLargerThanAFrameAreAnError) {
    Session session(kId);
    Request request;
    request.set_echo(std::string(agent::kFramePayloadMax, 'x'));
    const auto outgoing = session.request(request);
    ASSERT_FALSE(outgoing);
    EXPECT_EQ(outgoing.error().kind, ErrorKind::internal);
}

TEST(Operation, IsNamedAsInTheSchema) {
    Request request;
    EXPECT_EQ(operation_name(request), "nothing");
    request.mutable_driver_stop();
    EXPECT_EQ(operation_name(request), "driver_stop");
}

RC_GTEST_PROP(SessionProperty, NothingTheGuestSendsDoesHarm, ()) {
    Session session(kId);
    const auto request = session.request(ping());
    const auto count = *rc::gen::inRange(1, 20);
    for (int i = 0; i < count; ++i) {
        const auto type = static_cast<FrameType>(*rc::gen::inRange(1, 6));
        const auto id = *rc::gen::element<std::uint32_t>(0, kId, kId + 1);
        const auto sequence = *rc::gen::inRange<std::uint16_t>(0, 4);
        const auto payload = *rc::gen::arbitrary<std::string>();
        session.receive(agent::Port::serial, bytes_of(make_frame(type, id, sequence, payload)));
        session.receive(agent::Port::serial, bytes_of(*rc::gen::arbitrary<std::string>()));
    }
    RC_ASSERT(session.id() == kId);
}

}  // namespace
}  // namespace rundown::rpc
