// SPDX-License-Identifier: MIT
// Which frames an open gets, and that a device set to the union of all opens' wishes misses none of
// them.
#include "guest-images/reference/ndis/filter.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using namespace ndis;
using Address = std::array<uint8_t, kAddressBytes>;

constexpr Address kOwn{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
constexpr Address kOther{0x52, 0x54, 0x00, 0x12, 0x34, 0x57};
constexpr Address kGroup{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};
constexpr Address kOtherGroup{0x33, 0x33, 0x00, 0x00, 0x00, 0x01};
constexpr Address kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr std::array kAddresses{kOwn, kOther, kGroup, kOtherGroup, kBroadcast};

struct Free {
    void operator()(MulticastList* list) const { std::free(list); }
};
using List = std::unique_ptr<MulticastList, Free>;

List list_of(const std::vector<Address>& addresses, std::size_t room = 0) {
    room = std::max(room, addresses.size());
    List list(static_cast<MulticastList*>(std::malloc(sizeof(MulticastList) + room * kAddressBytes))
    );
    list->count = static_cast<uint32_t>(addresses.size());
    list->room = static_cast<uint32_t>(room);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        std::copy(addresses[i].begin(), addresses[i].end(), list->address[i]);
    }
    return list;
}

bool wants_from_wire(uint32_t filter, const MulticastList* list, const Address& destination) {
    return wants(filter, list, kOwn.data(), destination.data(), true);
}

TEST(NdisFilter, ZeroWantsNothing) {
    const List list = list_of({kGroup});
    for (const Address& address : kAddresses) {
        EXPECT_FALSE(wants_from_wire(0, list.get(), address));
        EXPECT_FALSE(wants(0, list.get(), kOwn.data(), address.data(), false));
    }
}

TEST(NdisFilter, EachBitWantsItsKindOfFrame) {
    const List list = list_of({kGroup});
    const auto wanted_by = [&](uint32_t filter) {
        std::vector<bool> wanted;
        for (const Address& address : kAddresses) {
            wanted.push_back(wants_from_wire(filter, list.get(), address));
        }
        return wanted;
    };
    using Wanted = std::vector<bool>;  // own, other, group, other group, broadcast
    EXPECT_EQ(wanted_by(kFilterDirected), (Wanted{true, false, false, false, false}));
    EXPECT_EQ(wanted_by(kFilterMulticast), (Wanted{false, false, true, false, false}));
    EXPECT_EQ(wanted_by(kFilterAllMulticast), (Wanted{false, false, true, true, false}));
    EXPECT_EQ(wanted_by(kFilterBroadcast), (Wanted{false, false, false, false, true}));
    EXPECT_EQ(wanted_by(kFilterPromiscuous), (Wanted{true, true, true, true, true}));
    EXPECT_EQ(wanted_by(kFilterAllLocal), (Wanted{false, false, false, false, false}));
}

TEST(NdisFilter, BroadcastIsNotAMulticastAddressOfTheList) {
    const List list = list_of({kBroadcast});
    EXPECT_FALSE(wants_from_wire(kFilterMulticast | kFilterAllMulticast, list.get(), kBroadcast));
}

TEST(NdisFilter, NoListIsAnEmptyOne) {
    EXPECT_FALSE(wants_from_wire(kFilterMulticast, nullptr, kGroup));
    const List empty = list_of({});
    EXPECT_TRUE(same_addresses(nullptr, empty.get()));
    EXPECT_TRUE(same_addresses(nullptr, nullptr));
    EXPECT_TRUE(merge(empty.get(), nullptr));
    EXPECT_FALSE(contains(nullptr, kGroup.data()));
}

TEST(NdisFilter, AllLocalWantsEverythingThatIsLoopedBack) {
    for (const Address& address : kAddresses) {
        EXPECT_TRUE(wants(kFilterAllLocal, nullptr, kOwn.data(), address.data(), false));
    }
}

TEST(NdisFilter, AMergeThatDoesNotFitSaysSo) {
    const List sum = list_of({kGroup}, 1);
    const List one_more = list_of({kGroup, kOtherGroup});
    EXPECT_FALSE(merge(sum.get(), one_more.get()));
    EXPECT_EQ(sum->count, 1u);
}

TEST(NdisFilter, TheDeviceIsNotAskedForAllLocal) {
    EXPECT_EQ(device_filter(kFilterSupported), kFilterSupported & ~kFilterAllLocal);
}

/// Few different addresses, so that lists overlap and destinations hit.
Address draw_address() {
    Address address =
        *rc::gen::elementOf(std::vector<Address>(kAddresses.begin(), kAddresses.end()));
    address[5] = static_cast<uint8_t>(address[5] ^ *rc::gen::inRange(0, 4));
    return address;
}

std::vector<Address> draw_groups(int most) {
    std::vector<Address> groups(static_cast<std::size_t>(*rc::gen::inRange(0, most + 1)));
    for (Address& group : groups) {
        group = draw_address();
        group[0] |= 1;
    }
    return groups;
}

uint32_t draw_filter() {
    return *rc::gen::arbitrary<uint32_t>() & kFilterSupported;
}

RC_GTEST_PROP(NdisFilterProperty, ADeviceSetToTheUnionMissesNoFrame, ()) {
    const Address destination = draw_address();
    const List sum = list_of({}, 64);
    uint32_t filters = 0;
    bool wanted = false;
    const int opens = *rc::gen::inRange(0, 6);
    for (int i = 0; i < opens; ++i) {
        const uint32_t filter = draw_filter();
        const List list = list_of(draw_groups(8));
        filters |= filter;
        RC_ASSERT(merge(sum.get(), list.get()));
        wanted = wanted || wants_from_wire(filter, list.get(), destination);
    }
    RC_CLASSIFY(wanted, "wanted");
    RC_ASSERT(!wanted || wants_from_wire(device_filter(filters), sum.get(), destination));
}

RC_GTEST_PROP(NdisFilterProperty, MoreBitsNeverWantLess, ()) {
    const List list = list_of(draw_groups(8));
    const uint32_t filter = draw_filter(), more = filter | draw_filter();
    const Address destination = draw_address();
    const bool from_wire = *rc::gen::arbitrary<bool>();
    RC_ASSERT(
        !wants(filter, list.get(), kOwn.data(), destination.data(), from_wire) ||
        wants(more, list.get(), kOwn.data(), destination.data(), from_wire)
    );
}

RC_GTEST_PROP(NdisFilterProperty, AMergeIsASetAndDoesNotDependOnOrder, ()) {
    const List one = list_of(draw_groups(12)), other = list_of(draw_groups(12));
    const List forth = list_of({}, 24), back = list_of({}, 24);
    RC_ASSERT(merge(forth.get(), one.get()) && merge(forth.get(), other.get()));
    RC_ASSERT(merge(back.get(), other.get()) && merge(back.get(), one.get()));
    RC_ASSERT(same_addresses(forth.get(), back.get()));
    for (uint32_t i = 0; i < forth->count; ++i) {
        RC_ASSERT(
            contains(one.get(), forth->address[i]) || contains(other.get(), forth->address[i])
        );
        for (uint32_t k = 0; k < i; ++k) {
            RC_ASSERT(!same_address(forth->address[i], forth->address[k]));
        }
    }
    const uint32_t before = forth->count;
    RC_ASSERT(merge(forth.get(), one.get()));
    RC_ASSERT(forth->count == before);
}

RC_GTEST_PROP(NdisFilterProperty, SetsThatDifferAreSeenToDiffer, ()) {
    const List one = list_of({}, 16), other = list_of({}, 16);
    RC_ASSERT(
        merge(one.get(), list_of(draw_groups(8)).get()) &&
        merge(other.get(), list_of(draw_groups(8)).get())
    );
    bool same = one->count == other->count;
    for (uint32_t i = 0; i < one->count; ++i) {
        same = same && contains(other.get(), one->address[i]);
    }
    RC_ASSERT(same_addresses(one.get(), other.get()) == same);
    RC_ASSERT(same_addresses(other.get(), one.get()) == same);
}

RC_GTEST_PROP(NdisFilterProperty, AMergeThatHasNoRoomNeverWritesBeyondIt, ()) {
    const uint32_t room = *rc::gen::inRange<uint32_t>(0, 6);
    const List sum = list_of({}, room);
    const List list = list_of(draw_groups(12));
    const bool fitted = merge(sum.get(), list.get());
    RC_ASSERT(sum->count <= room);
    for (uint32_t i = 0; fitted && i < list->count; ++i) {
        RC_ASSERT(contains(sum.get(), list->address[i]));
    }
}

}  // namespace
