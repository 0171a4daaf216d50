// SPDX-License-Identifier: MIT
#include "guest/spec.hpp"

#include <gmock/gmock.h>

namespace rundown::guest {
namespace {

using testing::HasSubstr;

GuestSpec good() {
    GuestSpec spec;
    spec.kernel = "/k";
    spec.directory = "/d";
    spec.accelerator = Accelerator::tcg;
    spec.nics = {{NicModel::e1000, nic_mac(0)}, {NicModel::virtio_net, nic_mac(1)}};
    return spec;
}

void expect_refused(
    const GuestSpec& spec, const std::string& part, ErrorKind kind = ErrorKind::usage
) {
    const auto checked = check(spec);
    ASSERT_FALSE(checked.has_value()) << "expected: " << part;
    EXPECT_EQ(checked.error().kind, kind);
    EXPECT_THAT(checked.error().sentence, HasSubstr(part));
}

template <class Change>
GuestSpec with(Change change) {
    GuestSpec spec = good();
    change(spec);
    return spec;
}

TEST(GuestSpec, GoodOnesPass) {
    EXPECT_TRUE(check(good()).has_value());
    EXPECT_TRUE(check(with([](auto& s) { s.nics.clear(); })).has_value());
    EXPECT_TRUE(check(with([](auto& s) { s.trace_window_mib = 0; })).has_value());
    EXPECT_TRUE(check(with([](auto& s) { s.icount = IcountSpec{}; })).has_value());
    EXPECT_TRUE(check(with([](auto& s) { s.accelerator = Accelerator::kvm, s.cpu = "host"; })
    ).has_value());
}

TEST(GuestSpec, BadOnesAreRefusedBySentence) {
    expect_refused(with([](auto& s) { s.kernel = "k"; }), "absolute");
    expect_refused(with([](auto& s) { s.kernel = ""; }), "kernel");
    expect_refused(with([](auto& s) { s.initrd = "i"; }), "initrd");
    expect_refused(with([](auto& s) { s.directory = "d"; }), "run directory");
    expect_refused(with([](auto& s) { s.memory_mib = 8; }), "16 to 3072");
    expect_refused(with([](auto& s) { s.trace_window_mib = 33; }), "power of two");
    expect_refused(with([](auto& s) { s.icount = IcountSpec{11}; }), "shift");
    expect_refused(
        with([](auto& s) { s.accelerator = Accelerator::kvm, s.icount = IcountSpec{}; }), "tcg"
    );
    expect_refused(with([](auto& s) { s.cpu = "host"; }), "kvm");
    expect_refused(with([](auto& s) { s.machine = ""; }), "machine");
    expect_refused(
        with([](auto& s) { s.accelerator = Accelerator::invalid; }),
        "accelerator",
        ErrorKind::internal
    );
}

TEST(GuestSpec, ADeterministicOneNeedsInstructionsCountedAndAWindow) {
    const auto deterministic = [](auto change) {
        return with([&change](auto& s) {
            s.icount = IcountSpec{2, false};
            s.determinism = DeterminismSpec{};
            change(s);
        });
    };
    EXPECT_TRUE(check(deterministic([](auto&) {})).has_value());
    expect_refused(deterministic([](auto& s) { s.icount.reset(); }), "icount without sleep");
    expect_refused(deterministic([](auto& s) { s.icount->sleep = true; }), "icount without sleep");
    expect_refused(deterministic([](auto& s) { s.accelerator = Accelerator::kvm; }), "tcg");
    expect_refused(deterministic([](auto& s) { s.trace_window_mib = 0; }), "trace window");
    expect_refused(deterministic([](auto& s) { s.determinism->frame_interval_us = 0; }), "1 us");
}

TEST(GuestSpec, NicsAreChecked) {
    expect_refused(
        with([](auto& s) { s.nics[0].model = NicModel::invalid; }), "NIC 0 has no model"
    );
    expect_refused(
        with([](auto& s) { s.nics[0].variant = VirtioVariant::modern; }), "no virtio device"
    );
    expect_refused(with([](auto& s) { s.nics[1].mac = s.nics[0].mac; }), "used twice");
    expect_refused(with([](auto& s) { s.nics.resize(9, s.nics[0]); }), "at most 8");
    for (const char* mac :
         {"", "52:54:00:72:64", "52:54:00:72:64:0g", "52-54-00-72-64-01", "53:54:00:72:64:01"})
        expect_refused(with([mac](auto& s) { s.nics[1].mac = mac; }), "unicast MAC");
}

TEST(NicModel, NamesGoBothWays) {
    EXPECT_EQ(nic_model_from("e1000"), NicModel::e1000);
    EXPECT_EQ(nic_model_from("virtio-net"), NicModel::virtio_net);
    EXPECT_EQ(nic_model_from("ne2000"), NicModel::invalid);
    EXPECT_EQ(nic_model_from("invalid"), NicModel::invalid);
}

TEST(NicModel, ANameMayBeAVariant) {
    EXPECT_EQ(nic_from("e1000").model, NicModel::e1000);
    EXPECT_EQ(nic_from("virtio-net").variant, VirtioVariant::both);
    EXPECT_EQ(nic_from("virtio-net-modern").variant, VirtioVariant::modern);
    EXPECT_EQ(nic_from("virtio-net-transitional").variant, VirtioVariant::transitional);
    EXPECT_EQ(nic_from("virtio-net-legacy").variant, VirtioVariant::legacy);
    EXPECT_EQ(nic_from("virtio-net-legacy").model, NicModel::virtio_net);
    EXPECT_EQ(nic_from("virtio-net-newest").model, NicModel::invalid);
}

}  // namespace
}  // namespace rundown::guest
