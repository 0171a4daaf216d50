// SPDX-License-Identifier: MIT
#include "guest/guest_event.hpp"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>

namespace rundown::guest {
namespace {

using Kind = GuestEventKind;

struct QmpCase {
    const char* name;
    const char* data;
    Kind kind;
    const char* detail;
};

TEST(GuestEvent, QmpEventsBecomeTypes) {
    const QmpCase cases[] = {
        {"SHUTDOWN",
         R"({"guest":true,"reason":"guest-shutdown"})",
         Kind::powering_off,
         "guest-shutdown"},
        {"SHUTDOWN", R"({"guest":false,"reason":"host-qmp-quit"})", Kind::none, ""},
        {"SHUTDOWN", "", Kind::none, ""},
        {"RESET", R"({"guest":true,"reason":"guest-reset"})", Kind::reset, "guest-reset"},
        {"GUEST_PANICKED", R"({"action":"pause"})", Kind::panicked, "pause"},
        {"RESUME", "", Kind::resumed, ""},
        {"STOP", "", Kind::paused, ""},
        {"DEVICE_DELETED",
         R"({"device":"net0","path":"/machine/peripheral/net0"})",
         Kind::device_deleted,
         "net0"},
        {"DEVICE_DELETED", R"({"path":"/machine/peripheral/net0/virtio-backend"})", Kind::none, ""},
        {"GUEST_CRASHLOADED", R"({"action":"run"})", Kind::crash_loaded, "run"},
        {"BLOCK_IO_ERROR",
         R"({"device":"","node-name":"libvirt-1-format","operation":"write","reason":"No room"})",
         Kind::disk_error,
         "libvirt-1-format: write: No room"},
        {"DUMP_COMPLETED", R"({"result":{"status":"completed"}})", Kind::dump_completed, ""},
        {"DUMP_COMPLETED", R"({"error":"no header"})", Kind::dump_completed, "no header"},
        {"RTC_CHANGE", R"({"offset":1})", Kind::none, ""},
        {"RESET", "{broken", Kind::reset, ""},
        {"RESET", R"({"reason":17})", Kind::reset, ""},
        {"SHUTDOWN", "[]", Kind::none, ""},
    };
    for (const QmpCase& one : cases) {
        const GuestEvent event = from_qmp(one.name, one.data);
        EXPECT_EQ(to_string(event.kind), to_string(one.kind)) << one.name << " " << one.data;
        EXPECT_EQ(event.detail, one.detail) << one.name << " " << one.data;
    }
}

TEST(GuestEvent, APanicTellsWhatTheGuestTold) {
    const auto pvpanic = from_qmp("GUEST_PANICKED", R"({"action":"pause"})");
    EXPECT_EQ(pvpanic.panic, (GuestPanic{PanicSource::pvpanic, 0, {}}));
    const auto stop = from_qmp(
        "GUEST_PANICKED",
        R"({"action":"pause","info":{"type":"hyper-v","arg1":209,"arg2":18446744073709551615,)"
        R"("arg3":2,"arg4":0,"arg5":-1}})"
    );
    const std::uint64_t ones = ~std::uint64_t{0};
    EXPECT_EQ(stop.panic, (GuestPanic{PanicSource::hyperv, 0xD1, {ones, 2, 0, ones}}));
    EXPECT_EQ(
        sentence_of(*stop.panic),
        "the guest stopped with STOP 0xd1 (0xffffffffffffffff, 0x2, 0x0, 0xffffffffffffffff)"
    );
    const auto other = from_qmp("GUEST_PANICKED", R"({"action":"pause","info":{"type":"s390"}})");
    EXPECT_EQ(other.panic, GuestPanic{});
    EXPECT_FALSE(from_qmp("RESET", "{}").panic.has_value());
}

TEST(GuestEvent, OnlyTheEndOfTheProcessIsTakenFromLibvirt) {
    EXPECT_EQ(
        from_libvirt_lifecycle(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN).kind,
        Kind::stopped
    );
    EXPECT_EQ(
        from_libvirt_lifecycle(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_DESTROYED).kind,
        Kind::stopped
    );
    EXPECT_EQ(
        from_libvirt_lifecycle(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED).kind,
        Kind::died
    );
    EXPECT_EQ(
        from_libvirt_lifecycle(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED).kind,
        Kind::died
    );
    EXPECT_EQ(from_libvirt_lifecycle(VIR_DOMAIN_EVENT_STARTED, 0).kind, Kind::none);
    EXPECT_EQ(from_libvirt_lifecycle(VIR_DOMAIN_EVENT_CRASHED, 0).kind, Kind::none);
}

TEST(GuestEvent, LogLinesAreJson) {
    const std::chrono::system_clock::time_point time{std::chrono::microseconds(1500000)};
    EXPECT_EQ(
        qmp_log_line(time, "RESET", R"({"guest":true})"),
        R"({"time":1.5E0,"event":"RESET","data":{"guest":true}})"
    );
    EXPECT_EQ(qmp_log_line(time, "STOP", ""), R"({"time":1.5E0,"event":"STOP"})");
    EXPECT_EQ(
        qmp_log_line(time, "ODD", "{\n"), "{\"time\":1.5E0,\"event\":\"ODD\",\"data\":\"{\\n\"}"
    );
}

}  // namespace
}  // namespace rundown::guest
