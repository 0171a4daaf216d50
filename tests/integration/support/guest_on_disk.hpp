// SPDX-License-Identifier: MIT
// integration/support/guest_on_disk.hpp
//
// What the tests of guests that boot from disks and CDs share. Header only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string>

#include "integration/guest_fixture.hpp"
#include "support/boot_sector.hpp"

namespace rundown::guest {

class GuestOnDisk : public GuestFixture {
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
        EXPECT_TRUE(sector.fits());
        sector.write_disk(disk.file);
        spec.disks.push_back(disk);
        return spec;
    }

    /// Started, or null after a complaint.
    static boost::asio::awaitable<std::unique_ptr<Guest>> start(
        Hypervisor& hypervisor, GuestSpec spec
    ) {
        auto started = co_await Guest::start(hypervisor, std::move(spec), soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        co_return started ? std::move(*started) : nullptr;
    }

    /// What the guest says on a serial line, `count` bytes of it.
    static boost::asio::awaitable<std::string> hear(
        Guest::SerialStream& stream, std::size_t count
    ) {
        std::string text(count, '\0');
        const auto [error, got] = co_await boost::asio::async_read(
            stream, boost::asio::buffer(text), boost::asio::as_tuple(boost::asio::use_awaitable)
        );
        text.resize(got);
        co_return text;
    }

    static boost::asio::awaitable<void> say(Guest::SerialStream& stream, std::string text) {
        co_await boost::asio::async_write(
            stream, boost::asio::buffer(text), boost::asio::as_tuple(boost::asio::use_awaitable)
        );
    }
};

}  // namespace rundown::guest
