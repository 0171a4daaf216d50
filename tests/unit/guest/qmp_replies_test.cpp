// SPDX-License-Identifier: MIT
#include "guest/qmp_replies.hpp"

#include <gmock/gmock.h>

namespace rundown::guest {
namespace {

using testing::ElementsAre;

TEST(QmpReplies, DriveStatisticsAreOfOurDrives) {
    const auto drives = parse_drive_statistics(R"({"return":[
        {"device":"","qdev":"/machine/peripheral/ua-disk0/virtio-backend","stats":{"rd_bytes":10,
         "wr_bytes":20,"rd_operations":1,"wr_operations":2}},
        {"device":"","qdev":"ua-cdrom0","stats":{"rd_bytes":2048}},
        {"device":"pflash0","stats":{"wr_bytes":7}}]})");
    ASSERT_TRUE(drives.has_value());
    EXPECT_THAT(
        *drives,
        ElementsAre(
            DriveStatistics{"ua-disk0", 10, 20, 1, 2}, DriveStatistics{"ua-cdrom0", 2048, 0, 0, 0}
        )
    );
}

TEST(QmpReplies, ProcessorThreadsComeInTheirOrder) {
    const auto threads = parse_processor_threads(
        R"({"return":[{"cpu-index":1,"thread-id":12},{"cpu-index":0,"thread-id":11}]})"
    );
    EXPECT_THAT(threads.value(), ElementsAre(11, 12));
}

TEST(QmpReplies, WhatMakesNoSenseIsAnError) {
    for (const char* reply : {"", "{", "[]", R"({"return":17})", R"({"return":[]})"}) {
        EXPECT_FALSE(parse_processor_threads(reply).has_value()) << reply;
        EXPECT_FALSE(parse_run_state(reply).has_value()) << reply;
        EXPECT_FALSE(parse_migration_progress(reply).has_value()) << reply;
    }
    EXPECT_FALSE(parse_drive_statistics(R"({"return":{}})").has_value());
    EXPECT_FALSE(parse_processor_threads(R"({"return":[{"cpu-index":0,"thread-id":99999999999}]})")
                     .has_value());
}

TEST(QmpReplies, BackgroundWorkRunsCompletesOrFails) {
    EXPECT_EQ(
        parse_migration_progress(R"({"return":{"status":"active"}})")->state,
        BackgroundState::running
    );
    EXPECT_EQ(
        parse_migration_progress(R"({"return":{"status":"completed"}})")->state,
        BackgroundState::completed
    );
    EXPECT_EQ(parse_migration_progress(R"({"return":{}})")->state, BackgroundState::running);
    const auto failed =
        parse_migration_progress(R"({"return":{"status":"failed","error-desc":"no room"}})");
    EXPECT_EQ(failed->state, BackgroundState::failed);
    EXPECT_EQ(failed->words, "no room");
}

TEST(QmpReplies, TextBecomesKeys) {
    EXPECT_THAT(keys_of('a'), ElementsAre("a"));
    EXPECT_THAT(keys_of('A'), ElementsAre("shift", "a"));
    EXPECT_THAT(keys_of('7'), ElementsAre("7"));
    EXPECT_THAT(keys_of(':'), ElementsAre("shift", "semicolon"));
    EXPECT_THAT(keys_of('\n'), ElementsAre("ret"));
    for (char c = ' '; c < '\x7F'; ++c)
        EXPECT_FALSE(keys_of(c).empty()) << c;
    EXPECT_TRUE(keys_of('\x7F').empty());
    EXPECT_TRUE(keys_of('\xFC').empty());
}

TEST(QmpReplies, CommandsAreJson) {
    EXPECT_EQ(qmp_command("stop"), R"({"execute":"stop"})");
    EXPECT_EQ(
        qmp_command("eject", {{"id", json_text("a\"b")}, {"force", "true"}}),
        R"({"execute":"eject","arguments":{"id":"a\"b","force":true}})"
    );
}

}  // namespace
}  // namespace rundown::guest
