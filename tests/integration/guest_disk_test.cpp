// SPDX-License-Identifier: MIT
// Guests that boot from disks, CDs and firmware under the real libvirt and QEMU.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "integration/guest_fixture.hpp"
#include "support/boot_sector.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

class GuestDisk : public GuestFixture {
  protected:
    /// A guest with a BIOS and nothing to boot from yet.
    static GuestSpec bios_spec() {
        GuestSpec spec;
        spec.firmware = Firmware::bios;
        spec.directory = TestPlace::instance().new_directory();
        spec.accelerator = Accelerator::tcg;
        spec.trace_window_mib = 0;
        return spec;
    }

    static GuestSpec spec_of_disk(const BootSector& sector, DiskBus bus = DiskBus::ide) {
        GuestSpec spec = bios_spec();
        DiskSpec disk;
        disk.file = spec.directory + "/disk.raw";
        disk.bus = bus;
        disk.format = DiskFormat::raw;
        disk.boot_order = 1;
        sector.write_disk(disk.file);
        spec.disks.push_back(disk);
        return spec;
    }

    /// What the guest says on a serial line, `count` bytes of it.
    static asio::awaitable<std::string> read_exactly(
        Guest::SerialStream& stream, std::size_t count
    ) {
        std::string text(count, '\0');
        const auto [error, got] = co_await asio::async_read(
            stream, asio::buffer(text), asio::as_tuple(asio::use_awaitable)
        );
        text.resize(got);
        co_return text;
    }

    static asio::awaitable<void> say(Guest::SerialStream& stream, std::string text) {
        co_await asio::async_write(stream, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    }
};

TEST_F(GuestDisk, BootsFromEachBusAndWritesOnBothPorts) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        for (const DiskBus bus : {DiskBus::ide, DiskBus::sata, DiskBus::virtio, DiskBus::scsi}) {
            auto spec =
                spec_of_disk(BootSector().print(kCom1, "one").print(kCom2, "two").echo(kCom2), bus);
            spec.second_serial = SecondSerial::stream;
            auto started = co_await Guest::start(*hypervisor, spec, soon());
            EXPECT_TRUE(started.has_value()) << started.error().sentence;
            if (!started)
                co_return;
            Guest& guest = **started;
            EXPECT_EQ(co_await read_exactly(guest.serial(), 3), "one") << to_string(bus);
            EXPECT_EQ(co_await read_exactly(guest.second_serial(), 3), "two");
            co_await say(guest.second_serial(), "back");
            EXPECT_EQ(co_await read_exactly(guest.second_serial(), 4), "back");
            EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        }
    });
}

TEST_F(GuestDisk, BootsFromACd) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        for (const DiskBus bus : {DiskBus::ide, DiskBus::sata}) {
            auto spec = bios_spec();
            CdromSpec cd{spec.directory + "/boot.iso", bus, 1};
            BootSector().print(kCom1, "from CD").sleep().write_cd(cd.file, 'A');
            spec.cdroms = {cd};
            spec.machine = bus == DiskBus::sata ? "q35" : "pc";
            auto started = co_await Guest::start(*hypervisor, spec, soon());
            EXPECT_TRUE(started.has_value()) << started.error().sentence;
            if (!started)
                co_return;
            EXPECT_EQ(co_await read_exactly((*started)->serial(), 7), "from CD");
            EXPECT_TRUE((co_await (*started)->stop(soon())).has_value());
        }
    });
}

}  // namespace
}  // namespace rundown::guest
