// SPDX-License-Identifier: MIT
// The reference guest's whole way through the image store: built as an image, an overlay of it
// booted by the BIOS from an IDE disk, its agent's hello; and what its loader says of disks it
// cannot boot.
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include <gmock/gmock.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/file_io.hpp"
#include "image/build.hpp"
#include "image/machine.hpp"
#include "image/overlay_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/reference_disk.hpp"
#include "image/store.hpp"
#include "integration/guest_fixture.hpp"
#include "integration/support/program.hpp"
#include "rpc/client_io.hpp"

namespace rundown::integration {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using guest::Guest;
using guest::GuestSpec;
using guest::TestPlace;
using testing::HasSubstr;

class ImageBoot : public guest::GuestFixture {
  protected:
    /// An image of what was built, in a store of the test's own.
    std::string build_image() {
        const std::string directory = store_.path() + "/images";
        report::Progress quiet(stderr, false, true);
        image::BuildRequest request;
        request.kind = image::ImageKind::reference;
        request.store = directory;
        request.assets = fs::path(built("guest")).parent_path().string();
        const auto manifest = image::build(request, quiet);
        EXPECT_TRUE(manifest) << manifest.error().sentence;
        return directory;
    }

    static GuestSpec bare_spec() {
        GuestSpec spec;
        spec.directory = TestPlace::instance().new_directory();
        spec.accelerator = guest::Accelerator::tcg;
        spec.reboots = false;
        return spec;
    }

    /// Boots a disk that the loader refuses; what it said on the debug port.
    std::string complaint_of(const std::string& disk, const std::string& words = {}) {
        std::string said;
        run([&]() -> asio::awaitable<void> {
            auto hypervisor = co_await open_hypervisor();
            GuestSpec spec = bare_spec();
            const std::string raw = spec.directory + "/disk.raw";
            EXPECT_TRUE(write_whole_file(raw, disk));
            spec.firmware = guest::Firmware::bios;
            guest::DiskSpec drive;
            drive.file = raw;
            drive.bus = guest::DiskBus::ide;
            drive.format = guest::DiskFormat::raw;
            drive.boot_order = 1;
            spec.disks = {drive};
            if (!words.empty()) {
                spec.fw_cfg.push_back({image::kCommandLineEntry, words});
            }
            auto started = co_await Guest::start(*hypervisor, spec, soon());
            EXPECT_TRUE(started) << started.error().sentence;
            if (!started) {
                co_return;
            }
            const auto end = co_await (*started)->ended(soon());
            EXPECT_TRUE(end && *end == guest::GuestEnd::panicked);
            co_await (*started)->stop(soon());
            said = contents_of((*started)->files().debug_console);
        });
        return said;
    }

    static image::ReferenceDiskParts built_parts() {
        return {
            contents_of(built("guest/diskboot.bin")),
            contents_of(built("guest/boot.elf")),
            contents_of(built("guest/initrd.tar")),
            "seed=1"};
    }

    const TemporaryDirectory store_;
};

TEST_F(ImageBoot, FromStoreToHello) {
    const std::string directory = build_image();
    run([&]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        const auto store = image::Store::open(directory);
        GuestSpec spec = bare_spec();
        auto use = store->use(image::ImageKind::reference, "");
        EXPECT_TRUE(use) << use.error().sentence;
        if (!use) {
            co_return;
        }
        auto overlay = image::Overlay::create(*hypervisor, std::move(*use), spec.directory, soon());
        EXPECT_TRUE(overlay) << overlay.error().sentence;
        if (!overlay) {
            co_return;
        }
        image::apply_image(
            spec, (*overlay)->manifest(), (*overlay)->disk(), (*overlay)->uefi_variables(), "seed=5"
        );
        const auto began = Clock::now();
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started) << started.error().sentence;
        if (!started) {
            co_return;
        }
        {
            rpc::Client client(std::move((*started)->serial()), rpc::ClientOptions{{}, 1});
            const auto hello = co_await client.open(soon());
            EXPECT_TRUE(hello) << hello.error().sentence;
            const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - began);
            RecordProperty("start_to_hello_ms", static_cast<int>(took.count()));
            // In use: neither to be removed nor written to.
            EXPECT_THAT(store->remove("reference").error().sentence, HasSubstr("is in use"));
        }
        co_await (*started)->stop(soon());
        const std::string disk = (*overlay)->disk();
        EXPECT_TRUE(fs::exists(disk));
        overlay->reset();
        EXPECT_FALSE(fs::exists(disk));
        EXPECT_TRUE(store->verify("reference")->complaints.empty());
        EXPECT_TRUE(store->remove("reference"));
    });
}

TEST_F(ImageBoot, TheLoaderSaysWhatIsWrongWithADisk) {
    const auto disk_of = [](const image::ReferenceDiskParts& parts) {
        return image::lay_out_reference_disk(parts).value();
    };
    auto parts = built_parts();
    ASSERT_FALSE(parts.loader.empty());
    parts.kernel = std::string(8192, 'K');
    EXPECT_THAT(complaint_of(disk_of(parts)), HasSubstr("the kernel is not a 64-bit ELF"));

    parts = built_parts();
    parts.kernel.resize(4096);
    EXPECT_THAT(complaint_of(disk_of(parts)), HasSubstr("shorter than it should be"));

    parts = built_parts();
    std::string disk = disk_of(parts);
    disk.replace(64 * 512, 8, "NOTHING!");
    EXPECT_THAT(complaint_of(disk), HasSubstr("the disk has no directory"));

    disk = disk_of(parts);
    disk.resize(100 * 512);
    EXPECT_THAT(complaint_of(disk), HasSubstr("the BIOS could not read the disk"));

    disk = disk_of(parts);
    EXPECT_THAT(complaint_of(disk, std::string(3000, 'x')), HasSubstr("cmdline is too long"));

    parts.initrd.resize(200 << 20);  // More than the guest has memory.
    EXPECT_THAT(complaint_of(disk_of(parts)), HasSubstr("there is no memory for the initrd"));
}

TEST_F(ImageBoot, WithoutWordsFromOutsideThoseOnTheDiskCount) {
    auto parts = built_parts();
    parts.command_line = "selftest=1 seed=1";
    run([&]() -> asio::awaitable<void> {
        auto hypervisor = co_await open_hypervisor();
        GuestSpec spec = bare_spec();
        spec.firmware = guest::Firmware::bios;
        guest::DiskSpec drive;
        drive.file = spec.directory + "/disk.raw";
        drive.bus = guest::DiskBus::virtio;  // The BIOS reads any of its disks.
        drive.format = guest::DiskFormat::raw;
        drive.boot_order = 1;
        spec.disks = {drive};
        EXPECT_TRUE(write_whole_file(drive.file, image::lay_out_reference_disk(parts).value()));
        auto started = co_await Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started) << started.error().sentence;
        if (!started) {
            co_return;
        }
        const auto until = Clock::now() + std::chrono::seconds(60);
        const std::string console = (*started)->files().debug_console;
        while (contents_of(console).find("selftest ke.events: ok") == std::string::npos &&
               Clock::now() < until) {
            asio::steady_timer pause(co_await asio::this_coro::executor, Milliseconds(20));
            co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        EXPECT_THAT(contents_of(console), HasSubstr("selftest ke.events: ok"));
        co_await (*started)->stop(soon());
    });
}

}  // namespace
}  // namespace rundown::integration
