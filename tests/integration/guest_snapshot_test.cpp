// SPDX-License-Identifier: MIT
// Machines saved and resumed: a guest of one boot sector on its disk, and the reference guest with
// its agent ready.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>

#include "guest/operations_io.hpp"
#include "guest/snapshot_io.hpp"
#include "integration/support/guest_on_disk.hpp"
#include "integration/support/program.hpp"
#include "rpc/client_io.hpp"

namespace rundown::guest {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

class GuestSnapshot : public GuestOnDisk {
  protected:
    /// Saves and stops; the name of the state file.
    static asio::awaitable<std::string> save_and_stop(Hypervisor& hypervisor, Guest& guest) {
        const std::string state = guest.spec().directory + "/ready.state";
        const auto saved = co_await save(hypervisor, guest, state, soon());
        EXPECT_TRUE(saved.has_value()) << saved.error().sentence;
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
        co_return state;
    }

    /// A new session, and a request in it that changes something.
    static asio::awaitable<void> expect_answers(Guest& guest, unsigned seed) {
        rpc::ClientOptions options;
        options.seed = seed;
        rpc::Client client(std::move(guest.serial()), std::move(options));
        const auto hello = co_await client.open(soon());
        EXPECT_TRUE(hello.has_value()) << hello.error().sentence;
        if (!hello)
            co_return;
        const std::string name = "file-" + std::to_string(seed);
        const auto put = co_await rpc::put_file(client, name, "contents", soon());
        EXPECT_TRUE(put.has_value()) << put.error().sentence;
        const auto got = co_await rpc::get_file(client, name, soon());
        EXPECT_TRUE(got.has_value()) << got.error().sentence;
        EXPECT_EQ(*got, "contents");
    }

    static GuestSpec reference_spec() {
        GuestSpec spec;
        spec.directory = TestPlace::instance().new_directory();
        spec.kernel = integration::built("guest/boot.elf");
        spec.initrd = integration::built("guest/initrd.tar");
        spec.command_line = "seed=1";
        spec.accelerator = Accelerator::tcg;
        spec.nics = {{NicModel::e1000, nic_mac(0)}, {NicModel::virtio_net, nic_mac(1)}};
        spec.snapshots = true;
        return spec;
    }
};

TEST_F(GuestSnapshot, AGuestOnADiskGoesOnWhereItWas) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of_disk(BootSector().print(kCom1, "up").echo(kCom1));
        spec.snapshots = true;
        spec.trace_window_mib = 1;
        spec.second_serial = SecondSerial::stream;
        spec.display = Display::vga;
        auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        std::ofstream(guest->trace_window(), std::ios::binary | std::ios::in) << "written then";
        spec.resume_from = co_await save_and_stop(*hypervisor, *guest);
        spec.directory = TestPlace::instance().new_directory();
        guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        co_await say(guest->serial(), "ping");
        EXPECT_EQ(co_await hear(guest->serial(), 4), "ping") << "and no second \"up\"";
        EXPECT_THAT(contents_of_file(guest->trace_window()), testing::StartsWith("written then"));
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
        // Another machine is refused before anything starts.
        spec.memory_mib = 96;
        const auto refused = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_THAT(refused.error().sentence, HasSubstr("memory=64 and this guest has memory=96"));
        // And so is half a state.
        spec.memory_mib = 64;
        std::filesystem::resize_file(spec.resume_from, 1000);
        const auto torn = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_THAT(torn.error().sentence, HasSubstr("not whole"));
    });
}

TEST_F(GuestSnapshot, SavingIsRefusedWhereItCannotBe) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = spec_of_disk(BootSector().print(kCom1, "up").echo(kCom1));
        auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        const std::string file = spec.directory + "/a.state";
        const auto refused = co_await save(*hypervisor, *guest, file, soon());
        EXPECT_EQ(refused.error().kind, ErrorKind::usage);
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
        spec.snapshots = true;
        guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        EXPECT_EQ(co_await hear(guest->serial(), 2), "up");
        const std::string nowhere = spec.directory + "/no/such/directory/a.state";
        const auto lost = co_await save(*hypervisor, *guest, nowhere, soon());
        EXPECT_EQ(lost.error().kind, ErrorKind::environment);
        co_await say(guest->serial(), "on");
        EXPECT_EQ(co_await hear(guest->serial(), 2), "on") << "it goes on";
        EXPECT_TRUE((co_await guest->stop(soon())).has_value());
    });
}

TEST_F(GuestSnapshot, TheReferenceGuestAnswersAfterEachOfTenResumes) {
    run([this]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        auto spec = reference_spec();
        auto guest = co_await start(*hypervisor, spec);
        if (!guest)
            co_return;
        co_await expect_answers(*guest, 1);
        spec.resume_from = co_await save_and_stop(*hypervisor, *guest);
        Milliseconds slowest{0};
        for (unsigned seed = 2; seed < 12; ++seed) {
            spec.directory = TestPlace::instance().new_directory();
            guest = co_await start(*hypervisor, spec);
            if (!guest)
                co_return;
            co_await expect_answers(*guest, seed);
            slowest = std::max(slowest, guest->timings().load);
            std::printf(
                "resumed: libvirt %lld ms, load %lld ms\n",
                static_cast<long long>(guest->timings().libvirt.count()),
                static_cast<long long>(guest->timings().load.count())
            );
            const std::string window = guest->trace_window();
            EXPECT_TRUE((co_await guest->stop(soon())).has_value());
            EXPECT_FALSE(std::filesystem::exists(window));
        }
        RecordProperty("slowest_load_ms", static_cast<int>(slowest.count()));
    });
}

}  // namespace
}  // namespace rundown::guest
