// SPDX-License-Identifier: MIT
// tests/integration/nics_test.cpp
//
// The NICs of the reference guest beyond the two that every scenario runs on: miniports that NDIS
// serialises, each register layout of virtio, a card that goes and comes back.
#include <gmock/gmock.h>
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "integration/guest_fixture.hpp"
#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

namespace asio = boost::asio;
using guest::contents_of_file;
using testing::HasSubstr;
using testing::Not;

TEST(Nics, SerializedMiniportsAreUnloadedUnderLoad) {
    const JsonRun run(
        {"unload-serialized", "--nic", "e1000,virtio-net,e1000+virtio-net", "--load", "heavy"}
    );
    ASSERT_EQ(run.run_count(), 3u) << run.describe();
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(run.verdict(i), "pass") << run.describe();
        EXPECT_THAT(
            contents_of_file(run.artifact(i, "debug_log")), HasSubstr("is a serialised miniport")
        ) << "a run on deserialised ones proves nothing of them";
    }
}

TEST(Nics, EveryRegisterLayoutOfVirtioCarriesTheLoad) {
    const std::pair<const char*, const char*> variants[] = {
        {"virtio-net-modern", "virtio-non-transitional"},
        {"virtio-net-transitional", "virtio-transitional"},
        {"virtio-net-legacy", "disable-modern"},
    };
    for (const auto& [name, device] : variants) {
        const JsonRun run({"unload-under-load", "--nic", name, "--load", "heavy"});
        ASSERT_EQ(run.run_count(), 1u) << run.describe();
        EXPECT_EQ(run.verdict(0), "pass") << run.describe();
        EXPECT_THAT(contents_of_file(run.artifact(0, "domain_xml")), HasSubstr(device));
    }
}

class Replug : public guest::GuestFixture {
  protected:
    /// Waits until the guest's debug channel has said `text` so often; false: it has not in time.
    static asio::awaitable<bool> said(std::string file, std::string text, std::size_t times) {
        for (int look = 0; look < 500; ++look) {
            const std::string log = contents_of_file(file);
            std::size_t found = 0;
            for (auto at = log.find(text); at != log.npos; at = log.find(text, at + 1))
                ++found;
            if (found >= times)
                co_return true;
            asio::steady_timer timer(
                co_await asio::this_coro::executor, std::chrono::milliseconds(20)
            );
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return false;
    }

    guest::GuestSpec spec_with(const std::string& words) {
        guest::GuestSpec spec;
        spec.directory = guest::TestPlace::instance().new_directory();
        spec.kernel = built("guest/boot.elf");
        spec.initrd = built("guest/initrd.tar");
        spec.command_line = "seed=1" + words;
        spec.accelerator = guest::Accelerator::tcg;
        spec.nics = {{guest::NicModel::e1000, guest::nic_mac(0)}};
        return spec;
    }

    /// The card is pulled, and another put into its slot, twice.
    asio::awaitable<void> pull_and_put(guest::GuestSpec spec, std::string pulled) {
        auto hypervisor = co_await open_hypervisor();
        auto started = co_await guest::Guest::start(*hypervisor, spec, soon());
        EXPECT_TRUE(started.has_value()) << started.error().sentence;
        if (!started)
            co_return;
        guest::Guest& guest = **started;
        const std::string log = spec.directory + "/debug-console.log";
        for (std::size_t round = 1; round <= 2; ++round) {
            const std::string id = round == 1 ? "net0" : "again";
            const std::string pull =
                R"({"execute":"device_del","arguments":{"id":")" + id + R"("}})";
            const auto gone = co_await guest.qmp(pull, soon());
            EXPECT_TRUE(gone.has_value()) << gone.error().sentence;
            EXPECT_TRUE(co_await said(log, pulled, round)) << contents_of_file(log);
            const std::string put = R"({"execute":"device_add","arguments":)"
                                    R"({"driver":"e1000","id":"again","addr":"0x3"}})";
            const auto there = co_await guest.qmp(put, soon());
            EXPECT_TRUE(there.has_value()) << there.error().sentence;
            EXPECT_TRUE(co_await said(log, "brought up: 00000008", round)) << contents_of_file(log);
        }
        const auto pci = co_await guest.qmp(R"({"execute":"query-pci"})", soon());
        EXPECT_TRUE(pci.has_value());
        if (pci) {
            EXPECT_THAT(*pci, HasSubstr("\"address\":3758096384")) << "placed at 0xe0000000";
        }
        EXPECT_THAT(contents_of_file(log), Not(HasSubstr("did not start")));
        EXPECT_TRUE((co_await guest.stop(soon())).has_value());
    }
};

TEST_F(Replug, AnOrderlyEjectAsksTheDriverFirst) {
    run([this] { return pull_and_put(spec_with(""), "pnp: slot 3 ejected\n"); });
}

TEST_F(Replug, ASurpriseTakesTheCardFromUnderItsDriver) {
    run([this] {
        return pull_and_put(
            spec_with(" pnp_removal=surprise"), "pnp: slot 3 ejected under its drivers\n"
        );
    });
}

}  // namespace
}  // namespace rundown::integration
