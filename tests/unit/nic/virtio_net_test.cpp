// SPDX-License-Identifier: MIT
// Finding virtio's modern interface in configuration space, feature negotiation, and the control
// queue's commands.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "nic/virtionet/net_device.hpp"
#include "nic/virtionet/virtio_pci.hpp"

namespace {

using virtio::ControlCommand;
using virtio::ModernLayout;

class ConfigSpace {
  public:
    ConfigSpace() { bytes_[0x06] = 0x10; }

    void capability(uint8_t at, uint8_t type, uint8_t bar, uint32_t offset, uint32_t length) {
        const uint8_t bytes[] = {0x09, 0, uint8_t(type == virtio::CAP_NOTIFY ? 20 : 16), type, bar};
        std::memcpy(&bytes_[at], bytes, sizeof(bytes));
        std::memcpy(&bytes_[at + 8], &offset, 4);
        std::memcpy(&bytes_[at + 12], &length, 4);
        if (type == virtio::CAP_NOTIFY) {
            const uint32_t multiplier = 4;
            std::memcpy(&bytes_[at + 16], &multiplier, 4);
        }
        link(at);
    }

    void link(uint8_t at) {
        bytes_[last_] = at;
        last_ = static_cast<uint8_t>(at + 1);
    }

    /// As QEMU's virtio-net-pci lays it out.
    void all_of_them() {
        bytes_[0x98] = 0x11;  // MSI-X comes first.
        link(0x98);
        capability(0x84, 5, 0, 0, 0);
        capability(0x70, virtio::CAP_NOTIFY, 4, 0x3000, 0x1000);
        capability(0x60, virtio::CAP_DEVICE, 4, 0x2000, 0x1000);
        capability(0x50, virtio::CAP_ISR, 4, 0x1000, 0x1000);
        capability(0x40, virtio::CAP_COMMON, 4, 0x0000, 0x1000);
    }

    uint8_t& operator[](size_t at) { return bytes_[at]; }
    ModernLayout layout() const { return virtio::find_modern_layout(bytes_.data()); }

  private:
    std::array<uint8_t, virtio::kConfigBytes> bytes_{};
    uint8_t last_ = 0x34;
};

TEST(VirtioCapabilities, FindsTheModernInterface) {
    ConfigSpace config;
    config.all_of_them();
    const ModernLayout layout = config.layout();
    EXPECT_TRUE(layout.usable());
    EXPECT_EQ(layout.common.bar, 4);
    EXPECT_EQ(layout.device.offset, 0x2000u);
    EXPECT_EQ(layout.notify.offset, 0x3000u);
    EXPECT_EQ(layout.notify_multiplier, 4u);
}

TEST(VirtioCapabilities, TransitionalOnlyDeviceHasNone) {
    ConfigSpace config;
    EXPECT_FALSE(config.layout().usable());
    config.all_of_them();
    config[0x06] = 0;
    EXPECT_FALSE(config.layout().usable()) << "status says there is no list";
}

TEST(VirtioCapabilities, FirstOfATypeCountsAndReservedBarsDoNot) {
    ConfigSpace config;
    config.capability(0x40, virtio::CAP_COMMON, 6, 0x500, 0x1000);
    config.capability(0x50, virtio::CAP_COMMON, 2, 0x100, 0x1000);
    config.capability(0x60, virtio::CAP_COMMON, 4, 0x200, 0x1000);
    EXPECT_EQ(config.layout().common.bar, 2);
    EXPECT_EQ(config.layout().common.offset, 0x100u);
}

TEST(VirtioCapabilities, LoopsAndListsThatRunOutOfSpaceEnd) {
    ConfigSpace loop;
    loop.capability(0x40, virtio::CAP_ISR, 4, 0, 0x1000);
    loop[0x41] = 0x40;
    EXPECT_TRUE(loop.layout().isr.present);

    ConfigSpace edge;
    edge.capability(0x40, virtio::CAP_ISR, 4, 0, 0x1000);
    edge[0x41] = 0xfc;
    edge[0xfc] = 0x09;
    EXPECT_TRUE(edge.layout().isr.present);
    EXPECT_FALSE(edge.layout().common.present);
}

TEST(VirtioFeatures, TakesWhatTheDriverUsesAndNothingElse) {
    const uint64_t all = ~uint64_t{0};
    const uint64_t modern = virtio::accept_features(all, true);
    EXPECT_TRUE(modern & virtio::F_VERSION_1);
    EXPECT_FALSE(modern & virtio::feature(15)) << "MRG_RXBUF";
    EXPECT_FALSE(modern & virtio::feature(0)) << "CSUM";
    EXPECT_FALSE(modern & virtio::feature(33)) << "ACCESS_PLATFORM";
    EXPECT_FALSE(virtio::accept_features(all, false) & virtio::F_VERSION_1);
    EXPECT_EQ(virtio::header_bytes(modern), 12u);
    EXPECT_EQ(virtio::header_bytes(virtio::accept_features(all, false)), 10u);
}

TEST(VirtioFeatures, ControlFeaturesNeedTheControlQueue) {
    const uint64_t offered = virtio::NET_F_CTRL_RX | virtio::NET_F_CTRL_RX_EXTRA;
    EXPECT_EQ(virtio::accept_features(offered, true), 0u);
    EXPECT_EQ(
        virtio::accept_features(offered | virtio::NET_F_CTRL_VQ, true),
        offered | virtio::NET_F_CTRL_VQ
    );
}

/// Plays the device: what filter state do the commands leave behind?
struct DeviceFilter {
    bool promiscuous = true, all_multicast = false, no_multicast = false, no_unicast = false,
         no_broadcast = false;
    std::vector<std::array<uint8_t, 6>> unicast, multicast;

    void apply(const ControlCommand& command) {
        if (command.command_class == virtio::CTRL_MAC) {
            const uint8_t* at = command.data;
            for (auto* table : {&unicast, &multicast}) {
                uint32_t count = 0;
                std::memcpy(&count, at, 4);
                table->resize(count);
                if (count != 0) {
                    std::memcpy(table->data(), at + 4, 6 * count);
                }
                at += 4 + 6 * count;
            }
            ASSERT_EQ(command.data_bytes, at - command.data);
            return;
        }
        ASSERT_EQ(command.data_bytes, 1u);
        bool* modes[] = {
            &promiscuous, &all_multicast, nullptr, &no_multicast, &no_unicast, &no_broadcast};
        *modes[command.command] = command.data[0] != 0;
    }
};

constexpr nic::MacAddress kStation{};

DeviceFilter applied(const nic::FrameFilter& filter, uint64_t features) {
    ControlCommand commands[virtio::kFilterCommandsMax];
    const uint32_t count = virtio::filter_commands(filter, kStation, features, commands);
    DeviceFilter device;
    for (uint32_t i = 0; i < count; ++i) {
        device.apply(commands[i]);
    }
    return device;
}

constexpr uint64_t kControl =
    virtio::NET_F_CTRL_VQ | virtio::NET_F_CTRL_RX | virtio::NET_F_CTRL_RX_EXTRA;

TEST(VirtioFilter, NothingWantedLeavesTheDeviceDeaf) {
    const DeviceFilter device = applied(nic::FrameFilter{}, kControl);
    EXPECT_FALSE(device.promiscuous);
    EXPECT_FALSE(device.all_multicast);
    EXPECT_TRUE(device.no_multicast && device.no_unicast && device.no_broadcast);
    EXPECT_TRUE(device.multicast.empty());
}

TEST(VirtioFilter, ListGoesToTheTableOnlyWhileMulticastIsWanted) {
    nic::FrameFilter filter;
    const nic::MacAddress list[] = {{{1, 0, 0x5e, 0, 0, 1}}, {{0x33, 0x33, 0, 0, 0, 9}}};
    ASSERT_TRUE(filter.set_multicast_list(list, 2));
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed | nic::filter_multicast));
    DeviceFilter device = applied(filter, kControl);
    ASSERT_EQ(device.multicast.size(), 2u);
    EXPECT_EQ(device.multicast[1][5], 9);
    EXPECT_FALSE(device.no_multicast);
    EXPECT_FALSE(device.no_unicast);
    EXPECT_TRUE(device.no_broadcast);
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed));
    device = applied(filter, kControl);
    EXPECT_TRUE(device.multicast.empty());
    EXPECT_TRUE(device.no_multicast);
}

TEST(VirtioFilter, PromiscuousIsSaidToTheDevice) {
    nic::FrameFilter filter;
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_promiscuous));
    const DeviceFilter device = applied(filter, kControl);
    EXPECT_TRUE(device.promiscuous);
    EXPECT_FALSE(device.no_unicast || device.no_multicast || device.no_broadcast);
}

TEST(VirtioFilter, FullListFitsOneCommand) {
    nic::FrameFilter filter;
    nic::MacAddress list[nic::FrameFilter::kMulticastMax]{};
    for (auto& address : list) {
        address.bytes[0] = 1;
    }
    ASSERT_TRUE(filter.set_multicast_list(list, nic::FrameFilter::kMulticastMax));
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_multicast));
    EXPECT_EQ(applied(filter, kControl).multicast.size(), nic::FrameFilter::kMulticastMax);
}

TEST(VirtioFilter, AddressTheDeviceDoesNotKnowGoesToTheUnicastTable) {
    nic::FrameFilter filter;
    EXPECT_TRUE(applied(filter, kControl).unicast.empty()) << "the station's own";
    filter.set_address({{2, 0, 0, 0, 0, 7}});
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed));
    const DeviceFilter device = applied(filter, kControl);
    ASSERT_EQ(device.unicast.size(), 1u);
    EXPECT_EQ(device.unicast[0][5], 7);
}

TEST(VirtioFilter, WithoutTheFeatureNoCommandIsSent) {
    ControlCommand commands[virtio::kFilterCommandsMax];
    EXPECT_EQ(virtio::filter_commands(nic::FrameFilter{}, kStation, 0, commands), 0u);
}

}  // namespace
