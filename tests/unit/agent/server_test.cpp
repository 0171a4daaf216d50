// SPDX-License-Identifier: MIT
// The agent's server without a guest: what goes in as frames, what comes out as frames.
#include "agent/core/server.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agent/core/sha256.hpp"
#include "agent/core/status.hpp"
#include "unit/agent/test_home.hpp"

namespace rundown::agent {
namespace {

constexpr std::uint32_t kSession = 0xCAFE;

class ServerTest : public testing::Test {
  protected:
    ServerTest() { EXPECT_TRUE(home_.server->initialise()); }

    void feed(const std::string& bytes, Port port = Port::serial) {
        home_.server->feed(port, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    void open(std::uint32_t session = kSession) {
        rpc::HelloRequest hello;
        hello.set_protocol_version(kProtocolVersion);
        hello.set_session_id(session);
        feed(make_frame(FrameType::hello_request, session, 0, hello.SerializeAsString()));
    }
    void send(const rpc::Request& request, std::uint16_t sequence) {
        feed(make_frame(FrameType::request, kSession, sequence, request.SerializeAsString()));
    }
    /// The frames sent since the last call.
    std::vector<Taken> sent() {
        std::string line;
        for (const std::string& frame : home_.sent) {
            line += frame;
        }
        home_.sent.clear();
        return take_frames(line, kFrameBytesMax);
    }
    rpc::Response ask(const rpc::Request& request) {
        send(request, ++sequence_);
        home_.run_workers();
        return only_response(sequence_);
    }
    rpc::Response only_response(std::uint16_t sequence) {
        const auto frames = sent();
        rpc::Response response;
        EXPECT_EQ(frames.size(), 1u);
        if (frames.size() == 1) {
            EXPECT_EQ(frames[0].head.type, FrameType::response);
            EXPECT_EQ(frames[0].head.session, kSession);
            EXPECT_EQ(frames[0].head.sequence, sequence);
            EXPECT_TRUE(response.ParseFromString(frames[0].payload));
        }
        return response;
    }
    void begin() {
        open();
        sent();
    }
    /// The handle of a transfer begun.
    std::uint32_t begin_put(const std::string& name, const std::string& bytes, bool lie = false) {
        std::uint8_t digest[kSha256Bytes];
        sha256(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), digest);
        digest[0] ^= lie;
        rpc::Request request;
        request.mutable_file_put_begin()->set_name(name);
        request.mutable_file_put_begin()->set_bytes(bytes.size());
        request.mutable_file_put_begin()->set_sha256(digest, sizeof digest);
        const auto response = ask(request);
        EXPECT_EQ(response.status(), 0u) << response.message();
        return static_cast<std::uint32_t>(response.value());
    }
    rpc::Response put_chunk(std::uint32_t handle, std::uint64_t offset, const std::string& bytes) {
        rpc::Request request;
        request.mutable_file_put_chunk()->set_handle(handle);
        request.mutable_file_put_chunk()->set_offset(offset);
        request.mutable_file_put_chunk()->set_data(bytes);
        return ask(request);
    }
    rpc::Response end_put(std::uint32_t handle) {
        rpc::Request request;
        request.mutable_file_put_end()->set_handle(handle);
        return ask(request);
    }

    static rpc::Request mark() {
        rpc::Request request;
        request.mutable_mark()->set_mark(1);
        return request;
    }
    static rpc::Request ioctl() {
        rpc::Request request;
        request.mutable_ioctl()->set_device("\\Device\\Any");
        return request;
    }
    static rpc::Request query() {
        rpc::Request request;
        request.mutable_driver_query()->set_service("any");
        return request;
    }
    static rpc::Request echo(const std::string& bytes) {
        rpc::Request request;
        request.set_echo(bytes);
        return request;
    }

    TestHome home_;
    std::uint16_t sequence_ = 0;
};

TEST_F(ServerTest, SaysHelloUnaskedAndWhenAsked) {
    home_.server->announce();
    auto frames = sent();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].head.type, FrameType::hello);
    EXPECT_EQ(frames[0].head.session, 0u);
    open();
    frames = sent();
    ASSERT_EQ(frames.size(), 1u);
    rpc::Hello hello;
    ASSERT_TRUE(hello.ParseFromString(frames[0].payload));
    EXPECT_EQ(frames[0].head.session, kSession);
    EXPECT_EQ(hello.session_id(), kSession);
    EXPECT_EQ(hello.guest(), "test");
    EXPECT_EQ(hello.chunk_bytes_max(), kChunkBytesMax);
    EXPECT_EQ(hello.operations_size(), 10);  // Seven of its own, three of the home's.
}

TEST_F(ServerTest, IsDeafBeforeASessionAndToOtherSessions) {
    send(mark(), 1);
    begin();
    feed(make_frame(FrameType::request, kSession + 1, 1, mark().SerializeAsString()));
    feed(make_frame(FrameType::request, 0, 1, mark().SerializeAsString()));
    feed(make_frame(FrameType::response, kSession, 1, ""));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(home_.marks, 0);
}

TEST_F(ServerTest, EchoesEveryLength) {
    begin();
    for (const std::size_t length : {0u, 1u, 63u, 64u, 4095u, 4096u}) {
        EXPECT_EQ(ask(echo(std::string(length, 'e'))).data(), std::string(length, 'e'));
    }
}

TEST_F(ServerTest, RefusesWhatIsTooLongUnknownOrNonsense) {
    begin();
    EXPECT_EQ(ask(echo(std::string(4097, 'e'))).status(), kStatusInvalidParameter);
    EXPECT_EQ(ask(rpc::Request()).status(), kStatusNotImplemented);
    rpc::Request unknown;
    unknown.mutable_reboot();  // Not in the table of this home.
    EXPECT_EQ(ask(unknown).status(), kStatusNotImplemented);
    feed(make_frame(FrameType::request, kSession, 900, "\xFF\xFF\xFF"));
    EXPECT_EQ(only_response(900).status(), kStatusInvalidParameter);
}

TEST_F(ServerTest, PerformsARequestThatComesTwiceOnce) {
    begin();
    send(mark(), 1);
    const auto first = sent();
    send(mark(), 1);
    const auto again = sent();
    EXPECT_EQ(home_.marks, 1);
    ASSERT_EQ(first.size(), 1u);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(first[0].payload, again[0].payload);
}

TEST_F(ServerTest, PerformsAgainWhatDoesNoHarmWhenItsAnswerIsGone) {
    begin();
    send(query(), 1);
    send(query(), 1);
    EXPECT_EQ(home_.queries, 2);
    EXPECT_EQ(sent().size(), 2u);
}

TEST_F(ServerTest, RefusesToPerformAgainWhatMayDoHarm) {
    begin();
    send(ioctl(), 1);
    home_.run_workers();
    EXPECT_EQ(only_response(1).data().size(), 2000u);
    send(ioctl(), 1);
    home_.run_workers();
    EXPECT_EQ(home_.ioctls, 1);
    EXPECT_EQ(only_response(1).status(), kStatusRequestAborted);
    for (std::uint16_t sequence = 2; sequence < 60; ++sequence) {
        send(mark(), sequence);
    }
    sent();
    send(mark(), 2);
    EXPECT_EQ(home_.marks, 58);
    EXPECT_EQ(only_response(2).status(), kStatusRequestAborted);
}

TEST_F(ServerTest, AnswersOthersWhileAnOperationBlocks) {
    begin();
    send(ioctl(), 1);
    send(ioctl(), 1);  // Asked again meanwhile: neither performed twice nor answered early.
    EXPECT_TRUE(sent().empty());
    send(mark(), 2);
    EXPECT_EQ(only_response(2).status(), 0u);
    home_.run_workers();
    EXPECT_EQ(only_response(1).data().size(), 2000u);
    EXPECT_EQ(home_.ioctls, 1);
}

TEST_F(ServerTest, RefusesWhenNoWorkerIsFree) {
    begin();
    home_.has_workers = false;
    EXPECT_EQ(ask(ioctl()).status(), kStatusDeviceBusy);
}

TEST_F(ServerTest, AnswersOfAnOldSessionAreNotSent) {
    begin();
    send(ioctl(), 1);
    open(kSession + 1);
    sent();
    home_.run_workers();
    EXPECT_TRUE(sent().empty());
}

TEST_F(ServerTest, AskingForHelloAgainKeepsTheSession) {
    begin();
    send(mark(), 1);
    begin();
    send(mark(), 1);
    EXPECT_EQ(home_.marks, 1);
}

TEST_F(ServerTest, SilenceIsSilence) {
    begin();
    send(ioctl(), 1);
    home_.server->fall_silent();
    home_.run_workers();
    send(mark(), 2);
    open(kSession + 5);
    EXPECT_TRUE(sent().empty());
}

TEST_F(ServerTest, EventsGoToTheSession) {
    auto event = std::make_unique<Event>();
    event->which_event = rundown_rpc_Event_log_tag;
    std::snprintf(event->event.log, sizeof event->event.log, "something");
    home_.server->send_event(*event);
    EXPECT_TRUE(sent().empty()) << "nobody to send it to yet";
    begin();
    home_.server->send_event(*event);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].head.type, FrameType::event);
    rpc::Event received;
    ASSERT_TRUE(received.ParseFromString(frames[0].payload));
    EXPECT_EQ(received.log(), "something");
}

TEST_F(ServerTest, AFileAppearsWhenItsHashAgrees) {
    begin();
    const std::string bytes = std::string(5000, 'a') + std::string(3000, 'b');
    const auto handle = begin_put("driver.sys", bytes);
    // Out of order, and one twice.
    EXPECT_EQ(put_chunk(handle, 4096, bytes.substr(4096)).status(), 0u);
    EXPECT_EQ(put_chunk(handle, 0, bytes.substr(0, 4096)).status(), 0u);
    EXPECT_EQ(put_chunk(handle, 0, bytes.substr(0, 4096)).status(), 0u);
    EXPECT_FALSE(home_.files.contains("driver.sys"));
    EXPECT_EQ(end_put(handle).status(), 0u);
    EXPECT_EQ(home_.files["driver.sys"], bytes);
    EXPECT_EQ(end_put(handle).status(), kStatusInvalidHandle);
}

TEST_F(ServerTest, AnEmptyFileIsAFile) {
    begin();
    EXPECT_EQ(end_put(begin_put("empty", "")).status(), 0u);
    EXPECT_TRUE(home_.files.contains("empty"));
}

TEST_F(ServerTest, AFileWithAnotherHashDoesNotAppear) {
    begin();
    const auto handle = begin_put("driver.sys", "bytes", true);
    EXPECT_EQ(put_chunk(handle, 0, "bytes").status(), 0u);
    EXPECT_EQ(end_put(handle).status(), kStatusCrcError);
    EXPECT_TRUE(home_.files.empty());
}

TEST_F(ServerTest, ChunksBeyondTheFileAreRefused) {
    begin();
    const auto handle = begin_put("f", "12345");
    EXPECT_EQ(put_chunk(handle, 1, "12345").status(), kStatusInvalidParameter);
    EXPECT_EQ(put_chunk(handle, ~0ull, "1").status(), kStatusInvalidParameter);
    EXPECT_EQ(put_chunk(handle, ~0ull - 3, "12345").status(), kStatusInvalidParameter);
    EXPECT_EQ(put_chunk(handle + 1, 0, "1").status(), kStatusInvalidHandle);
    EXPECT_EQ(put_chunk(0, 0, "1").status(), kStatusInvalidHandle);
}

TEST_F(ServerTest, FilesThatCannotBeAreRefused) {
    begin();
    rpc::Request request;
    request.mutable_file_put_begin()->set_name("f");
    EXPECT_EQ(ask(request).status(), kStatusInvalidParameter) << "no hash";
    request.mutable_file_put_begin()->set_sha256(std::string(32, 'h'));
    request.mutable_file_put_begin()->set_bytes(~0ull);
    EXPECT_EQ(ask(request).status(), kStatusFileTooLarge);
    rpc::Request get;
    get.mutable_file_get_begin()->set_name("absent");
    EXPECT_EQ(ask(get).status(), 0xC0000034u);
}

TEST_F(ServerTest, TransfersLeftOpenMakeRoom) {
    begin();
    for (int i = 0; i < 20; ++i) {
        begin_put("f", "12345");
    }
    const auto handle = begin_put("f", "12345");
    EXPECT_EQ(put_chunk(handle, 0, "12345").status(), 0u);
    EXPECT_EQ(end_put(handle).status(), 0u);
}

TEST_F(ServerTest, WithoutMemoryRequestsAreRefusedAndNothingIsLost) {
    begin();
    home_.files["f"] = "contents";
    rpc::Request get;
    get.mutable_file_get_begin()->set_name("f");
    for (int left = 0; left < 3; ++left) {
        home_.allocations_left = left;
        const bool ioctl_fits = left >= 1;
        EXPECT_EQ(ask(ioctl()).status(), ioctl_fits ? 0u : kStatusDeviceBusy);
        home_.allocations_left = 0;
        EXPECT_EQ(ask(get).status(), kStatusInsufficientResources);
        EXPECT_EQ(ask(echo("still here")).data(), "still here");
    }
}

TEST(ServerMemory, WithoutMemoryItSaysSo) {
    for (int left = 0; left < 3; ++left) {
        TestHome home;
        home.allocations_left = left;
        EXPECT_FALSE(home.server->initialise()) << left;
    }
}

RC_GTEST_PROP(ServerProperty, AnyPayloadIsAnsweredOnceAndDoesNoHarm, ()) {
    TestHome home;
    RC_ASSERT(home.server->initialise());
    const auto feed = [&home](const std::string& bytes) {
        home.server->feed(
            Port::serial, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()
        );
    };
    rpc::HelloRequest hello;
    hello.set_session_id(kSession);
    feed(make_frame(FrameType::hello_request, kSession, 0, hello.SerializeAsString()));
    home.sent.clear();
    const auto count = *rc::gen::inRange<std::uint16_t>(1, 20);
    for (std::uint16_t i = 1; i <= count; ++i) {
        std::string payload = *rc::gen::arbitrary<std::string>();
        if (*rc::gen::arbitrary<bool>()) {  // A field of Request, with noise in it.
            payload.insert(0, 1, static_cast<char>(*rc::gen::inRange(1, 16) << 3 | 2));
        }
        feed(make_frame(FrameType::request, kSession, i, payload));
    }
    home.run_workers();
    RC_ASSERT(home.sent.size() == count);
}

TEST_F(ServerTest, ASessionOpenedOverTheSerialLineBeginsTheOtherLineAnew) {
    home_.line_epoch = 9;
    open();
    EXPECT_EQ(home_.line_restarts, 1);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1u);
    rpc::Hello hello;
    ASSERT_TRUE(hello.ParseFromString(frames[0].payload));
    EXPECT_EQ(hello.line_epoch(), 9u);
    open();  // Asked again: the host may have attached meanwhile.
    EXPECT_EQ(home_.line_restarts, 1);
    open(kSession + 1);
    EXPECT_EQ(home_.line_restarts, 2);
}

TEST_F(ServerTest, ASessionOpenedOverMemoryLeavesTheLineAlone) {
    rpc::HelloRequest hello;
    hello.set_session_id(kSession);
    feed(
        make_frame(FrameType::hello_request, kSession, 0, hello.SerializeAsString()), Port::memory
    );
    EXPECT_EQ(home_.line_restarts, 0);
    EXPECT_EQ(sent().size(), 1u);
}

TEST_F(ServerTest, BytesOfTheTwoLinesDoNotMix) {
    begin();
    const std::string frame =
        make_frame(FrameType::request, kSession, 50, mark().SerializeAsString());
    feed(frame.substr(0, 8), Port::memory);
    feed(frame);
    EXPECT_EQ(home_.marks, 1);
    EXPECT_EQ(sent().size(), 1u);
    feed(frame.substr(8), Port::memory);  // The same request over the other line: done once.
    EXPECT_EQ(home_.marks, 1);
    EXPECT_EQ(sent().size(), 1u);
}

TEST_F(ServerTest, ALineThatFallsSilentWithinAFrameHoldsNothingUp) {
    begin();
    const std::string large = make_frame(FrameType::request, kSession, 60, std::string(9000, 'l'));
    for (const Port port : {Port::serial, Port::memory}) {
        const auto sequence = static_cast<std::uint16_t>(60 + static_cast<int>(port));
        feed(large.substr(0, 40), port);
        feed(make_frame(FrameType::request, kSession, sequence, mark().SerializeAsString()), port);
        EXPECT_EQ(sent().size(), 0u);
        home_.server->line_is_silent();
        EXPECT_EQ(sent().size(), 1u);
    }
    EXPECT_EQ(home_.marks, 2);
    EXPECT_FALSE(home_.server->expects_more());
}

}  // namespace
}  // namespace rundown::agent
