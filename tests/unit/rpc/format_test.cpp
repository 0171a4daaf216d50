// SPDX-License-Identifier: MIT
// The worked example of RPC_FORMAT.md, read from the document itself: both ends write these bytes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <memory>
#include <regex>

#include "agent/core/line_end.hpp"
#include "rpc/session.hpp"
#include "unit/agent/test_home.hpp"

namespace rundown::rpc {
namespace {

using agent::FrameType;
using agent::make_frame;

/// Bytes of the block ```hex NAME of the document; what follows a '#' on a line is a remark.
std::string example(const std::string& name) {
    std::ifstream document(std::string(RUNDOWN_SOURCE_DIR) + "/harness/rpc/RPC_FORMAT.md");
    std::string bytes;
    bool inside = false;
    for (std::string line; std::getline(document, line);) {
        if (line.starts_with("```")) {
            inside = line == "```hex " + name;
            continue;
        }
        if (!inside) {
            continue;
        }
        line = line.substr(0, line.find('#'));
        static const std::regex kByte("[0-9A-F]{2}");
        for (std::sregex_iterator at(line.begin(), line.end(), kByte), end; at != end; ++at) {
            bytes += static_cast<char>(std::stoi(at->str(), nullptr, 16));
        }
    }
    return bytes;
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += fmt::format("{:02X} ", static_cast<unsigned char>(byte));
    }
    return text;
}

std::string feed(agent::TestHome& home, const std::string& bytes) {
    home.sent.clear();
    home.server->feed(
        agent::Port::serial, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()
    );
    return home.sent.empty() ? "" : home.sent.back();
}

class RpcFormat : public testing::Test {
  protected:
    Session session_{0x5EED0001};
    agent::TestHome home_;
};

TEST_F(RpcFormat, TheExampleIsWhatBothEndsSend) {
    ASSERT_TRUE(home_.server->initialise());
    EXPECT_EQ(hex(session_.hello_request()), hex(example("hello_request")));
    feed(home_, session_.hello_request());
    Request request;
    request.set_echo("rundown");
    const auto outgoing = session_.request(request);
    ASSERT_TRUE(outgoing);
    EXPECT_EQ(hex(outgoing->frame), hex(example("request")));
    EXPECT_EQ(hex(feed(home_, outgoing->frame)), hex(example("response")));
}

TEST_F(RpcFormat, TheExampleSurvivesTheGarbageItIsShownIn) {
    const std::string line = example("garbage");
    EXPECT_NE(line.find(example("request")), std::string::npos);
    agent::FrameStatistics statistics;
    const auto frames = agent::take_frames(line, 1, &statistics);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].head.sequence, 1);
    EXPECT_EQ(statistics.skipped_bytes, line.size() - example("request").size());
}

TEST_F(RpcFormat, TheExampleIsWhatMemoryHolds) {
    const auto line = std::make_unique<rd_line>();
    agent::LineEnd guest, host;
    guest.offer(line.get(), 5);
    ASSERT_TRUE(host.attach(line.get(), 5));
    const std::string request = example("request");
    ASSERT_TRUE(host.write(reinterpret_cast<const std::uint8_t*>(request.data()), request.size()));
    const std::string memory(reinterpret_cast<const char*>(line.get()), sizeof(rd_line));
    const auto padded = [](std::string bytes, std::size_t size) {
        bytes.resize(size, '\0');
        return bytes;
    };
    EXPECT_EQ(hex(memory.substr(0, 64)), hex(padded(example("offer"), 64)));
    EXPECT_EQ(hex(memory.substr(64, 64)), hex(padded(example("guest"), 64)));
    EXPECT_EQ(hex(memory.substr(128, 64)), hex(padded(example("host"), 64)));
    EXPECT_EQ(memory.substr(192, 4096 - 192), std::string(4096 - 192, '\0'));
    EXPECT_EQ(memory.substr(4096, request.size()), request);
    std::string taken(request.size(), '\0');
    EXPECT_EQ(guest.read(reinterpret_cast<std::uint8_t*>(taken.data()), 4096), request.size());
    EXPECT_EQ(taken, request);
    EXPECT_EQ(offsetof(rd_line, to_host), 69632u);
}

}  // namespace
}  // namespace rundown::rpc
