// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <filesystem>
#include <vector>

#include "unit/guest/temporary_directory.hpp"
#include "witness/capture_io.hpp"

namespace rundown::witness {
namespace {

TEST(Capture, IsReadBackByLibpcapAndStaysInItsBounds) {
    guest::TemporaryDirectory directory;
    const std::string path = directory.path() + "/nic0.pcap";
    const std::vector<std::byte> frame(100, std::byte{0xAB});
    {
        auto capture = Capture::create(path, 24 + 3 * 116);
        ASSERT_TRUE(capture);
        for (int i = 0; i < 5; ++i) {
            (*capture)->add(frame);
        }
        EXPECT_EQ((*capture)->frames_left_out(), 2u);
        EXPECT_TRUE((*capture)->close());
    }
    EXPECT_EQ(std::filesystem::file_size(path), 24u + 3 * 116);
    char error[PCAP_ERRBUF_SIZE];
    pcap_t* file = pcap_open_offline(path.c_str(), error);
    ASSERT_NE(file, nullptr) << error;
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    int frames = 0;
    while (pcap_next_ex(file, &header, &bytes) == 1) {
        EXPECT_EQ(header->caplen, 100u);
        EXPECT_EQ(bytes[99], 0xAB);
        ++frames;
    }
    pcap_close(file);
    EXPECT_EQ(frames, 3);
}

TEST(Capture, APathThatCannotBeWrittenIsNamed) {
    const auto capture = Capture::create("/proc/rundown/nic0.pcap");
    ASSERT_FALSE(capture);
    EXPECT_EQ(capture.error().kind, ErrorKind::environment);
    EXPECT_NE(capture.error().sentence.find("/proc/rundown/nic0.pcap"), std::string::npos);
}

TEST(Capture, AFullDiskIsNotSilent) {
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "no /dev/full";
    }
    auto capture = Capture::create("/dev/full");
    if (capture) {  // libpcap may buffer the header.
        (*capture)->add(std::vector<std::byte>(1000));
        EXPECT_FALSE((*capture)->close());
    }
}

}  // namespace
}  // namespace rundown::witness
