// SPDX-License-Identifier: MIT
#include "run/hang_text.hpp"

#include <gmock/gmock.h>

namespace rundown::run {
namespace {

using testing::HasSubstr;

constexpr std::string_view kHalted =
    R"({"return":"RIP=fffff80000202270 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"})";
constexpr std::string_view kRunning =
    R"({"return":"RIP=fffff80008096201 RFL=00000282 [--S----] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\n"})";
constexpr std::string_view kMasked =
    R"({"return":"RIP=fffff80008096201 RFL=00000082 [--S----] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\n"})";

constexpr std::string_view kSpinDump =
    "protocol5: loaded\n"
    "processor 0: thread 148 , IRQL 15, has the vCPU, 0 DPCs queued\n"
    "processor 1: thread 12 idle, IRQL 0, idle, 0 DPCs queued\n"
    "  thread 148  (ntoskrnl.exe+0x20e60) running, priority 8, processor 0\n"
    "*** STOP 0x00000080 (0x00000000004f4454, 0x0, 0x0, 0x0)\n"
    "  module fffff80008096201  hangs-the-guest.sys+0x7201\n"
    "  processor 0, IRQL 15, thread 148 \n";
constexpr std::string_view kIdleDump =
    "processor 0: thread 8 idle, IRQL 0, idle, 0 DPCs queued\n"
    "processor 1: thread 20 idle, IRQL 0, has the vCPU, idle, 0 DPCs queued\n"
    "  thread 28 reaper (ntoskrnl.exe+0x29a50) waiting, priority 12, processor 2\n"
    "    waits for fffff80000279150\n"
    "    ntoskrnl.exe+0x26e52\n"
    "  thread 148  (ntoskrnl.exe+0x20e60) waiting, priority 8, processor 0\n"
    "    waits for fffff8800002ce68\n"
    "    ntoskrnl.exe+0x26e52\n"
    "    stuck.sys+0x7227\n"
    "    stuck.sys+0x260c\n"
    "*** STOP 0x00000080 (0x00000000004f4454, 0x0, 0x0, 0x0)\n"
    "  processor 1, IRQL 0, thread 20 idle\n";

TEST(HangText, AboveTheClocksIrqlItSpinsWithInterruptsOff) {
    const auto seen = hang_in(kRunning, kSpinDump, "hangs-the-guest.sys");
    EXPECT_EQ(seen.kind, Hang::spinning);
    EXPECT_EQ(
        seen.sentence, "The guest spins with interrupts off at hangs-the-guest.sys+0x7201, IRQL 15."
    );
}

TEST(HangText, ADeadlockNamesTheThreadsThatWaitInTheDriver) {
    const auto seen = hang_in(kHalted, kIdleDump, "stuck.sys");
    EXPECT_EQ(seen.kind, Hang::idle);
    EXPECT_EQ(
        seen.sentence,
        "The guest is idle: every thread waits for something that does not come: thread 148 in "
        "stuck.sys+0x7227."
    );
    EXPECT_THAT(hang_in(kHalted, kIdleDump, "other.sys").sentence, HasSubstr("does not come."));
}

TEST(HangText, AKernelThatPrintsNothingIsStillToldApartByItsProcessor) {
    EXPECT_EQ(hang_in(kMasked, "", "x.sys").kind, Hang::spinning);
    EXPECT_EQ(hang_in(kHalted, "", "x.sys").kind, Hang::idle);
    EXPECT_EQ(hang_in(kRunning, "", "x.sys").kind, Hang::busy);
    EXPECT_THAT(hang_in(kMasked, "", "x.sys").sentence, HasSubstr("printed nothing"));
    EXPECT_EQ(hang_in("", kSpinDump, "x.sys").kind, Hang::unknown);
}

TEST(HangText, WhatAHostileGuestPrintsDoesNoHarm) {
    std::string log = "processor 0: has the vCPU, IRQL 99999999999999999999999999\n  thread \n";
    log += "  thread 7\n    x.sys" + std::string(100000, 'A') + "\n  module " +
           std::string(100000, ' ');
    const auto seen = hang_in(kHalted, log, "x.sys");
    EXPECT_EQ(seen.kind, Hang::idle);
    EXPECT_LT(seen.sentence.size(), 500u);
    EXPECT_EQ(hang_in("HLT=RFL=", "processor 0: ", "").kind, Hang::unknown);
}

}  // namespace
}  // namespace rundown::run
