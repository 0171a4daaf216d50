// SPDX-License-Identifier: MIT
// Every operation of the Win32 agent under Wine: what Wine can do is done, what it cannot is
// refused with a sentence.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>

#include "integration/win32_agent_fixture.hpp"
#include "rundown/trace_abi.h"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t kNotSupported = 0xC00000BB;
constexpr std::uint32_t kNameInvalid = 0xC0000033;
constexpr std::uint32_t kNameNotFound = 0xC0000034;
constexpr std::uint32_t kInvalidHandle = 0xC0000008;

const std::string kNoAdapter = "\\Device\\{00000000-1111-2222-3333-444444444444}";

std::string noise(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::string bytes(count, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
    return bytes;
}

TEST_F(Win32Agent, SaysWhatItIs) {
    cable->plug_in();
    start_agent();
    const auto hello = open();
    ASSERT_TRUE(hello) << hello.error().sentence;
    EXPECT_EQ(hello->guest(), "wine");
    EXPECT_THAT(hello->os_version(), HasSubstr("Wine as NT "));
    EXPECT_EQ(hello->arch(), "x86-64");
    EXPECT_GT(hello->processors(), 0u);
    EXPECT_GT(hello->memory_bytes(), 64u << 20);
    EXPECT_NE(hello->boot_id(), 0u);
    EXPECT_EQ(hello->trace_bytes(), 0u);
    EXPECT_EQ(hello->line_epoch(), 0u);
    EXPECT_EQ(hello->chunk_bytes_max(), 4096u);
    // Every operation of the schema has a line in a table, whether the system can do it or not.
    const std::set<std::uint32_t> told(hello->operations().begin(), hello->operations().end());
    const auto* op = rpc::Request::descriptor()->FindOneofByName("op");
    for (int i = 0; i < op->field_count(); ++i) {
        EXPECT_TRUE(told.contains(static_cast<std::uint32_t>(op->field(i)->number())))
            << op->field(i)->name();
    }
}

TEST_F(Win32Agent, CarriesALargeFileBothWays) {
    bring_up();
    const std::string bytes = noise(2 << 20, 1);
    const auto begin = std::chrono::steady_clock::now();
    put("large.bin", bytes);
    const auto put_end = std::chrono::steady_clock::now();
    EXPECT_TRUE(contents_of(store() + "/large.bin") == bytes);
    const auto got = wait(rpc::get_file(*client, "large.bin", Deadline::in(2min, "a file")));
    const auto get_end = std::chrono::steady_clock::now();
    ASSERT_TRUE(got) << got.error().sentence;
    EXPECT_TRUE(*got == bytes);
    const auto rate = [&](auto time) {
        return bytes.size() / 1024 / std::chrono::duration<double>(time).count();
    };
    std::printf("put %.0f KiB/s, got %.0f KiB/s\n", rate(put_end - begin), rate(get_end - put_end));
}

TEST_F(Win32Agent, KeepsFilesInItsFolder) {
    bring_up();
    put("empty", "");
    put("twice", "one");
    put("twice", "two");
    EXPECT_EQ(contents_of(store() + "/twice"), "two");
    EXPECT_FALSE(fs::exists(store() + "/twice.part"));
    for (const char* name : {"..\\x", "a/b", "C:\\x", "NUL", "x:y", ""}) {
        const auto end =
            wait(rpc::put_file(*client, name, "bytes", Deadline::in(20s, "a refusal")));
        ASSERT_FALSE(end) << name;
        EXPECT_EQ(end.error().kind, ErrorKind::refused) << end.error().sentence;
    }
    rpc::Request get;
    get.mutable_file_get_begin()->set_name("not-there");
    EXPECT_THAT(refused(get, kNameNotFound), HasSubstr("could not be read"));
    get.mutable_file_get_begin()->set_name("..\\..\\system.ini");
    refused(get, kNameInvalid);
}

TEST_F(Win32Agent, InstallsQueriesAndRemovesADriver) {
    bring_up();
    put("protocol5.sys", contents_of(built("drivers-x64/protocol5.sys")));
    rpc::Request install;
    install.mutable_driver_install()->set_service("protocol5");
    install.mutable_driver_install()->set_file("protocol5.sys");
    auto* parameter = install.mutable_driver_install()->add_parameters();
    parameter->set_name("DeregisterOn");
    parameter->set_dword(1);
    done(install);
    done(install);  // Again: its parameters are replaced.
    EXPECT_TRUE(
        contents_of(wine->drive() + "/windows/system32/drivers/protocol5.sys") ==
        contents_of(built("drivers-x64/protocol5.sys"))
    );
    rpc::Request query;
    query.mutable_driver_query()->set_service("protocol5");
    const rpc::Response state = ask(query);
    if (state.status() == 0) {
        EXPECT_TRUE(state.driver().installed());
        EXPECT_EQ(state.driver().state(), 0u);
        EXPECT_FALSE(state.driver().image_loaded());
    } else {
        EXPECT_THAT(state.message(), HasSubstr("modules"));
    }
    rpc::Request start;
    start.mutable_driver_start()->set_service("protocol5");
    EXPECT_THAT(refused(start), HasSubstr("protocol5 does not start"));
    rpc::Request stop;
    stop.mutable_driver_stop()->set_service("protocol5");
    EXPECT_THAT(refused(stop), HasSubstr("cannot be stopped"));
    rpc::Request remove;
    remove.mutable_driver_remove()->set_service("protocol5");
    done(remove);
    EXPECT_THAT(refused(remove, kNameNotFound), HasSubstr("protocol5 cannot be opened"));
}

TEST_F(Win32Agent, WritesLinkageForAPlainProtocol) {
    bring_up();
    put("protocol5.sys", "not run here");
    rpc::Request install;
    install.mutable_driver_install()->set_service("protocol5");
    install.mutable_driver_install()->set_file("protocol5.sys");
    install.mutable_driver_install()->set_protocol(true);
    install.mutable_driver_install()->add_adapters("{00000000-1111-2222-3333-44444444abcd}");
    done(install);
    wine->run(
        {"reg",
         "export",
         "HKLM\\System\\CurrentControlSet\\Services\\protocol5\\Linkage",
         guest_path("linkage.reg"),
         "/y"},
        60s
    );
    std::string exported = contents_of(folder() + "/linkage.reg");
    std::erase(exported, '\0');
    EXPECT_THAT(exported, HasSubstr("\"Bind\"=hex(7):5c,00,44,00,65,00,76,00,69,00,63,00,65,00"));
    EXPECT_THAT(exported, HasSubstr("\"Export\"=hex(7):"));
    EXPECT_THAT(exported, HasSubstr("\"Route\"=hex(7):22,00,7b,00"));
    install.mutable_driver_install()->set_adapters(0, "eth0");
    EXPECT_THAT(refused(install, kNameInvalid), HasSubstr("eth0"));
}

TEST_F(Win32Agent, RefusesOddNamesOfServices) {
    bring_up();
    for (const char* name : {"", "a\\b", "..", "a b"}) {
        rpc::Request request;
        request.mutable_driver_start()->set_service(name);
        refused(request, kNameInvalid);
        request.mutable_driver_stop()->set_service(name);
        refused(request, kNameInvalid);
        request.mutable_driver_remove()->set_service(name);
        refused(request, kNameInvalid);
        request.mutable_driver_query()->set_service(name);
        refused(request, kNameInvalid);
        request.mutable_driver_install()->set_service(name);
        refused(request, kNameInvalid);
    }
    rpc::Request install;
    install.mutable_driver_install()->set_service("fine");
    install.mutable_driver_install()->set_file("..\\x.sys");
    refused(install, kNameInvalid);
    install.mutable_driver_install()->set_file("never-put.sys");
    EXPECT_THAT(refused(install, kNameNotFound), HasSubstr("never-put.sys"));
}

TEST_F(Win32Agent, ListsAdaptersAndRefusesWhatIsNone) {
    bring_up();
    rpc::Request request;
    request.mutable_adapter_list();
    for (const auto& adapter : done(request).adapters().adapter()) {
        EXPECT_THAT(adapter.name(), HasSubstr("\\Device\\{"));
    }
    request.mutable_adapter_enable()->set_adapter(kNoAdapter);
    EXPECT_THAT(refused(request, kNameNotFound), HasSubstr("there is no adapter"));
    request.mutable_adapter_disable()->set_adapter(kNoAdapter);
    EXPECT_THAT(refused(request, kNameNotFound), HasSubstr("there is no adapter"));
    request.mutable_adapter_disable()->set_adapter("eth0");
    refused(request, kNameInvalid);
}

TEST_F(Win32Agent, HasNoBindingsWithoutADriver) {
    bring_up();
    rpc::Request request;
    request.mutable_binding_list();
    EXPECT_EQ(done(request).bindings().binding_size(), 0);
    request.mutable_binding_wait();
    done(request);
    request.mutable_binding_bind()->set_adapter(kNoAdapter);
    request.mutable_binding_bind()->set_protocol("protocol5");
    EXPECT_THAT(refused(request, kNameNotFound), HasSubstr("did not bind"));
    request.mutable_binding_unbind()->set_adapter(kNoAdapter);
    request.mutable_binding_unbind()->set_protocol("protocol5");
    EXPECT_THAT(refused(request, kNameNotFound), HasSubstr("did not unbind"));
    request.mutable_binding_bind()->set_adapter(kNoAdapter);
    request.mutable_binding_bind()->set_protocol("Tcpip6");
    EXPECT_THAT(refused(request, kNotSupported), HasSubstr("Tcpip6"));
}

TEST_F(Win32Agent, SendsIoctlsToDevices) {
    bring_up();
    rpc::Request request;
    auto& ioctl = *request.mutable_ioctl();
    ioctl.set_device("\\Device\\MountPointManager");
    ioctl.set_code(0x006D0008);  // IOCTL_MOUNTMGR_QUERY_POINTS
    ioctl.set_input(std::string(24, '\0'));
    ioctl.set_output_bytes(4096);
    const rpc::Response points = done(request);
    EXPECT_GT(points.data().size(), 8u);
    EXPECT_NE(points.data().find(std::string("C\0:\0", 4)), std::string::npos);
    ioctl.set_output_bytes(4097);
    EXPECT_THAT(refused(request), HasSubstr("room"));
    ioctl.set_output_bytes(0);
    ioctl.set_device("\\Device\\NotThere");
    EXPECT_THAT(refused(request, kNameNotFound), HasSubstr("NotThere"));
    ioctl.set_device("C:\\windows");
    refused(request, kNameInvalid);
}

TEST_F(Win32Agent, KeepsClosesAndChurnsHandles) {
    bring_up();
    rpc::Request open_one;
    open_one.mutable_handle_open()->set_device("\\Device\\Null");
    const auto first = done(open_one).value();
    const auto second = done(open_one).value();
    EXPECT_NE(first, second);
    rpc::Request close_one;
    close_one.mutable_handle_close()->set_handle(static_cast<std::uint32_t>(first));
    done(close_one);
    refused(close_one, kInvalidHandle);
    open_one.mutable_handle_open()->set_device("\\Device\\NotThere");
    refused(open_one, kNameNotFound);
    rpc::Request churn;
    churn.mutable_handle_churn()->set_device("\\Device\\Null");
    churn.mutable_handle_churn()->set_count(4);
    done(churn);
    std::this_thread::sleep_for(200ms);
    churn.mutable_handle_churn()->set_count(0);
    EXPECT_GT(done(churn).value(), 4u);
    churn.mutable_handle_churn()->set_count(17);
    refused(churn);
}

TEST_F(Win32Agent, SaysWhatACensusCannotKnow) {
    bring_up();
    rpc::Request request;
    request.mutable_census();
    const rpc::Census census = done(request).census();
    const std::set<std::uint32_t> unknown(census.unknown().begin(), census.unknown().end());
    for (const char* name : {"protocols", "opens", "filters", "packet_pools", "work_items"}) {
        const auto* field = rpc::Census::descriptor()->FindFieldByName(name);
        EXPECT_TRUE(unknown.contains(static_cast<std::uint32_t>(field->number()))) << name;
    }
    const auto is_known = [&](int tag) {
        return !unknown.contains(static_cast<std::uint32_t>(tag));
    };
    EXPECT_EQ(is_known(rpc::Census::kThreadsFieldNumber), census.threads() != 0);
    EXPECT_EQ(is_known(rpc::Census::kPoolFieldNumber), census.pool_total() != 0);
    EXPECT_EQ(is_known(rpc::Census::kModuleFieldNumber), census.module_total() != 0);
    EXPECT_EQ(
        static_cast<std::uint32_t>(census.module_size()), std::min(census.module_total(), 48u)
    );
}

TEST_F(Win32Agent, KeepsMarksNoDriverTakes) {
    bring_up();
    rpc::Request mark;
    for (std::uint32_t i = 0; i < 3; ++i) {
        mark.mutable_mark()->set_mark(RD_MARK_TRIGGER);
        mark.mutable_mark()->set_value(40 + i);
        EXPECT_EQ(done(mark).value(), 1u);
    }
    rpc::Request drain;
    drain.mutable_trace_drain()->set_records_max(2);
    const rpc::Response two = done(drain);
    ASSERT_EQ(two.data().size(), 2 * sizeof(rd_trace_record));
    EXPECT_EQ(two.value(), 0u);
    EXPECT_GT(two.counter_hz(), 0u);
    const auto* records = reinterpret_cast<const rd_trace_record*>(two.data().data());
    EXPECT_EQ(records[1].event, RD_EV_MARK);
    EXPECT_EQ(records[1].arg[1], 41u);
    EXPECT_GE(records[1].time, records[0].time);
    EXPECT_EQ(done(drain).value(), 2u);
    EXPECT_EQ(done(drain).data().size(), 0u);
    drain.mutable_trace_drain()->set_device("\\Device\\RundownProtocol5");
    EXPECT_THAT(refused(drain, kNameNotFound), HasSubstr("trace"));
}

TEST_F(Win32Agent, RefusesWhatOnlyAKernelCan) {
    bring_up();
    rpc::Request request;
    request.set_bug_check(0xE2);
    refused(request, kNotSupported);
    request.set_hang(1);
    refused(request, kNotSupported);
    request.mutable_power_off();
    refused(request, kNotSupported);
    request.mutable_reboot();
    refused(request, kNotSupported);
    EXPECT_TRUE(answers());
}

TEST_F(Win32Agent, FallsSilentWhenAskedTo) {
    bring_up();
    rpc::Request request;
    request.set_hang(2);
    done(request);
    std::this_thread::sleep_for(500ms);
    request.mutable_ping();
    const auto answer = call(request, 1500ms);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
}

TEST_F(Win32Agent, SetsTheVerifier) {
    bring_up();
    rpc::Request set;
    set.mutable_verifier_set()->set_flags(0x209BB);
    set.mutable_verifier_set()->add_drivers("protocol5.sys");
    set.mutable_verifier_set()->add_drivers("ndis.sys");
    rpc::Response state = done(set);
    EXPECT_EQ(state.verifier().flags(), 0x209BBu);
    EXPECT_TRUE(state.verifier().reboot_needed());
    EXPECT_TRUE(state.verifier().active_unknown());
    rpc::Request query;
    query.mutable_verifier_query();
    state = done(query);
    ASSERT_EQ(state.verifier().drivers_size(), 2);
    EXPECT_EQ(state.verifier().drivers(1), "ndis.sys");
    rpc::Request odd;
    odd.mutable_verifier_set()->add_drivers("a b.sys");
    refused(odd, kNameInvalid);
    rpc::Request none;
    none.mutable_verifier_set();
    EXPECT_EQ(done(none).verifier().drivers_size(), 0);
    EXPECT_EQ(done(query).verifier().flags(), 0u);
}

TEST_F(Win32Agent, ListsAndReadsDumps) {
    const std::string windows = wine->drive() + "/windows/";
    const std::string dump = noise(10000, 2);
    fs::create_directories(windows + "Minidump");
    fs::create_directories(windows + "LiveKernelReports/NDIS");
    std::ofstream(windows + "MEMORY.DMP") << "memory";
    std::ofstream(windows + "Minidump/Mini.dmp") << dump;
    std::ofstream(windows + "Minidump/notes.txt") << "no dump";
    std::ofstream(windows + "LiveKernelReports/NDIS/live.dmp") << "live";
    fs::last_write_time(
        windows + "Minidump/Mini.dmp", fs::file_time_type::clock::now() + std::chrono::hours(1)
    );
    bring_up();
    rpc::Request list;
    list.mutable_dump_list();
    const rpc::DumpList dumps = done(list).dumps();
    ASSERT_EQ(dumps.dump_size(), 3);
    EXPECT_EQ(dumps.total(), 3u);
    EXPECT_EQ(dumps.dump(0).name(), "Minidump\\Mini.dmp") << "the newest first";
    EXPECT_EQ(dumps.dump(0).bytes(), dump.size());
    EXPECT_GT(dumps.dump(0).written(), 1500000000u);
    std::string got;
    rpc::Request read;
    while (got.size() < dump.size()) {
        read.mutable_dump_read()->set_name("Minidump\\Mini.dmp");
        read.mutable_dump_read()->set_offset(got.size());
        read.mutable_dump_read()->set_bytes(4096);
        const rpc::Response piece = done(read);
        ASSERT_FALSE(piece.data().empty());
        EXPECT_EQ(piece.value(), dump.size());
        got += piece.data();
    }
    EXPECT_TRUE(got == dump);
    read.mutable_dump_read()->set_offset(dump.size() + 1);
    refused(read);
    read.mutable_dump_read()->set_name("Minidump\\..\\win.ini");
    refused(read, kNameInvalid);
    read.mutable_dump_read()->set_name("LiveKernelReports\\none.dmp");
    refused(read, kNameNotFound);
    for (const char* place : {"MEMORY.DMP", "Minidump", "LiveKernelReports"}) {
        fs::remove_all(windows + place);
    }
}

TEST_F(Win32Agent, TellsTheEventLog) {
    bring_up();
    rpc::Request request;
    request.mutable_event_log_tail()->set_count(5);
    const rpc::Response answer = ask(request);
    if (answer.status() == 0) {
        EXPECT_LE(answer.events().event_size(), 5);
    } else {
        EXPECT_THAT(answer.message(), HasSubstr("System"));
    }
}

TEST_F(Win32Agent, RefusesPackagesWineCannotInstall) {
    bring_up();
    put("x.inf", "[Version]\r\nSignature=\"$WINDOWS NT$\"\r\nClass=NetTrans\r\n");
    rpc::Request request;
    auto& package = *request.mutable_package_install();
    package.set_inf("x.inf");
    EXPECT_THAT(refused(request), HasSubstr("component id or by a hardware id"));
    package.set_component_id("rundown_x");
    EXPECT_THAT(refused(request), Not(HasSubstr("no such file")));
    package.clear_component_id();
    package.set_hardware_id("PCI\\VEN_8086&DEV_100E");
    refused(request);
    package.set_inf("not-there.inf");
    EXPECT_THAT(refused(request, kNameNotFound), HasSubstr("no such file"));
    package.set_inf("..\\x.inf");
    refused(request, kNameInvalid);
    rpc::Request remove;
    remove.mutable_package_remove()->set_component_id("rundown_x");
    refused(remove);
    EXPECT_TRUE(answers());
}

}  // namespace
}  // namespace rundown::integration
