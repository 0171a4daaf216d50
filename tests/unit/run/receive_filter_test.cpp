// SPDX-License-Identifier: MIT
#include "run/receive_filter.hpp"

#include <gtest/gtest.h>

namespace rundown::run {
namespace {

TEST(ReceiveFilter, IsAskedOfTheNicByItsName) {
    EXPECT_EQ(
        receive_filter_command(1), R"({"execute":"query-rx-filter","arguments":{"name":"net1"}})"
    );
}

TEST(ReceiveFilter, ReadsQemusReply) {
    const auto filter = receive_filter_in(
        R"({"return":[{"name":"net0","promiscuous":false,"multicast":"normal",
            "multicast-table":["01:00:5E:52:44:01","33:33:52:44:00:01"],"unicast":"normal"}],
            "id":"libvirt-12"})"
    );
    ASSERT_TRUE(filter);
    EXPECT_FALSE(filter->promiscuous);
    EXPECT_EQ(filter->multicast, "normal");
    EXPECT_EQ(
        filter->multicast_table,
        (std::vector<std::string>{"01:00:5e:52:44:01", "33:33:52:44:00:01"})
    );
}

TEST(ReceiveFilter, WhatIsNoFilterIsAbsent) {
    for (const char* reply :
         {"",
          "{",
          "[]",
          R"({"return":[]})",
          R"({"return":[1]})",
          R"({"return":[{"promiscuous":1,"multicast":"none","multicast-table":[]}]})",
          R"({"return":[{"promiscuous":true,"multicast":"none"}]})"}) {
        EXPECT_FALSE(receive_filter_in(reply)) << reply;
    }
}

}  // namespace
}  // namespace rundown::run
