// SPDX-License-Identifier: MIT
// Guests that boot from disks, CDs and firmware under the real libvirt and QEMU.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>

#include "guest/firmware_io.hpp"
#include "guest/operations_io.hpp"
#include "integration/support/guest_on_disk.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using testing::Not;

class GuestDisk : public GuestOnDisk {};

TEST_F(GuestDisk, BootsFromEachBusAndWritesOnBothPorts) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        for (const DiskBus bus : {DiskBus::ide, DiskBus::sata, DiskBus::virtio, DiskBus::scsi}) {
            auto spec =
                spec_of_disk(BootSector().print(kCom1, "one").print(kCom2, "two").echo(kCom2), bus);
            spec.second_serial = SecondSerial::stream;
            const auto guest = co_await start(*hypervisor, spec);
            if (!guest)
                co_return;
            EXPECT_EQ(co_await hear(guest->serial(), 3), "one") << to_string(bus);
            EXPECT_EQ(co_await hear(guest->second_serial(), 3), "two");
            co_await say(guest->second_serial(), "back");
            EXPECT_EQ(co_await hear(guest->second_serial(), 4), "back");
            const std::string socket = guest->names().second_serial_socket;
            EXPECT_TRUE(std::filesystem::exists(socket));
            EXPECT_TRUE((co_await guest->stop(soon())).has_value());
            EXPECT_FALSE(std::filesystem::exists(socket));
        }
    });
}

TEST_F(GuestDisk, BootsFromACdWhichCanBeChanged) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        for (const DiskBus bus : {DiskBus::ide, DiskBus::sata}) {
            auto spec = bios_spec();
            const BootSector sector =
                BootSector().print(kCom1, "CD").tell_cd(BootSector::kCdDataBlock);
            EXPECT_TRUE(sector.fits());
            const std::string first = spec.directory + "/first.iso";
            const std::string second = spec.directory + "/second.iso";
            sector.write_cd(first, 'A');
            sector.write_cd(second, 'B');
            spec.cdroms.push_back(CdromSpec{first, bus, 1});
            spec.machine = bus == DiskBus::sata ? "q35" : "pc";
            const auto guest = co_await start(*hypervisor, spec);
            if (!guest)
                co_return;
            EXPECT_EQ(co_await hear(guest->serial(), 2), "CD");
            co_await say(guest->serial(), "?");
            EXPECT_EQ(co_await hear(guest->serial(), 1), "A");
            const auto changed = co_await insert_cd(*guest, 0, second, soon());
            EXPECT_TRUE(changed.has_value()) << changed.error().sentence;
            // The BIOS looks at its drives only as it starts.
            EXPECT_TRUE((co_await reset(*guest, soon())).has_value());
            EXPECT_EQ(co_await hear(guest->serial(), 2), "CD");
            co_await say(guest->serial(), "?");
            EXPECT_EQ(co_await hear(guest->serial(), 1), "B") << to_string(bus);
            const auto ejected = co_await eject_cd(*guest, 0, soon());
            EXPECT_TRUE(ejected.has_value()) << ejected.error().sentence;
            const auto drives = co_await guest->qmp(R"({"execute":"query-block"})", soon());
            EXPECT_THAT(drives.value(), HasSubstr("\"tray_open\":true"));
            EXPECT_THAT(drives.value(), Not(HasSubstr("second.iso")));
            EXPECT_EQ(
                (co_await insert_cd(*guest, 1, first, soon())).error().kind, ErrorKind::usage
            );
            EXPECT_TRUE((co_await guest->stop(soon())).has_value());
        }
    });
}

TEST_F(GuestDisk, AFloppyIsPutInWhileTheGuestRuns) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of_disk(BootSector().print(kCom1, "up").tell_floppy());
        spec.floppy = FloppySpec{};
        const std::string file = spec.directory + "/floppy.img";
        std::ofstream(file, std::ios::binary) << "F" << std::string(1474559, '\0');
        const auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        const auto inserted = co_await insert_floppy(*guest, file, soon());
        EXPECT_TRUE(inserted.has_value()) << inserted.error().sentence;
        std::string heard;
        for (int tries = 0; tries < 5 && heard != "F"; ++tries) {
            co_await say(guest->serial(), "?");
            heard = co_await hear(guest->serial(), 1);
        }
        EXPECT_EQ(heard, "F");
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

TEST_F(GuestDisk, EveryNicModelConnectsOnBothMachines) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        for (const char* machine : {"pc", "q35"}) {
            auto spec = spec_of_disk(
                BootSector().print(kCom1, "up").sleep(),
                is_q35(machine) ? DiskBus::sata : DiskBus::ide
            );
            spec.machine = machine;
            spec.trace_window_mib = 1;
            spec.processors = 2;
            spec.display = Display::vga;
            spec.clock = GuestClock::windows;
            spec.vmcoreinfo = true;
            spec.hyperv = true;  // Left out: see hyperv_left_out().
            spec.fw_cfg.push_back(FwCfgEntry{"opt/rundown/cmdline", "seed=7 'quoted' <&>"});
            for (const char* name :
                 {"e1000",
                  "e1000e",
                  "rtl8139",
                  "virtio-net",
                  "virtio-net-legacy",
                  "virtio-net-modern",
                  "virtio-net-transitional"}) {
                NicSpec nic = nic_from(name);
                nic.mac = nic_mac(spec.nics.size());
                spec.nics.push_back(nic);
            }
            const auto guest = co_await start(*hypervisor, spec);
            if (!guest)
                co_return;
            EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
            EXPECT_EQ(guest->nics().size(), 7u);
            const auto threads = co_await processor_threads(*guest, soon());
            EXPECT_TRUE(threads.has_value());
            EXPECT_EQ(threads->size(), 2u);
            EXPECT_NE(threads->front(), threads->back());
            EXPECT_TRUE((co_await guest->stop(soon())).has_value());
        }
    });
}

TEST_F(GuestDisk, UefiBootsWithVariablesOfItsOwn) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = bios_spec();
        const auto ovmf = find_ovmf();
        EXPECT_TRUE(ovmf.has_value()) << ovmf.error().sentence;
        if (!ovmf)
            co_return;
        spec.firmware = Firmware::uefi;
        spec.uefi = *ovmf;
        spec.machine = "q35";
        spec.memory_mib = 128;
        spec.display = Display::vga;
        const auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        // OVMF tells the serial line, too, what it shows.
        const std::string heard = co_await hear(guest->serial(), 16);
        EXPECT_FALSE(heard.empty());
        const std::string vars = guest->names().uefi_vars;
        EXPECT_TRUE(std::filesystem::exists(vars));
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
        EXPECT_FALSE(std::filesystem::exists(vars)) << "a throw-away copy";
    });
}

TEST_F(GuestDisk, MissingMediaAreOneSentence) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of_disk(BootSector().sleep());
        spec.cdroms.push_back(CdromSpec{"/nowhere/system.iso"});
        const auto refused = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().kind, ErrorKind::environment);
        EXPECT_THAT(refused.error().sentence, HasSubstr("/nowhere/system.iso"));
    });
}

}  // namespace
}  // namespace rundown::guest
