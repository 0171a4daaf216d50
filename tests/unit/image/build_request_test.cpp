// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "image/build.hpp"

namespace rundown::image {
namespace {

using testing::HasSubstr;

struct Wrong {
    ImageKind kind;
    const char* words;
    std::function<void(BuildRequest&)> make;
};

TEST(BuildRequest, WhatMeansNothingIsRefused) {
    const Wrong wrongs[] = {
        {ImageKind::invalid, "of no kind", [](BuildRequest&) {}},
        {ImageKind::reference, "--iso means nothing", [](auto& r) { r.iso = "x"; }},
        {ImageKind::reference, "--firmware uefi", [](auto& r) { r.firmware = Firmware::uefi; }},
        {ImageKind::reference, "--disk-bus", [](auto& r) { r.disk_bus = DiskBus::virtio; }},
        {ImageKind::reference, "--product-key", [](auto& r) { r.product_key = "x"; }},
        {ImageKind::reactos, "needs --iso", [](BuildRequest&) {}},
        {ImageKind::reactos, "exclude", [](auto& r) { r.iso = r.disk = "x"; }},
        {ImageKind::reactos, "--edition", [](auto& r) { r.iso = r.edition = "x"; }},
        {ImageKind::windows, "needs --iso", [](BuildRequest&) {}},
        {ImageKind::windows, "--disk means nothing", [](auto& r) { r.iso = r.disk = "x"; }},
        {ImageKind::windows, "cannot be the name", [](auto& r) { r.name = "a/b"; }},
        {ImageKind::windows, "--memory 70000", [](auto& r) { r.memory_mib = 70000; }},
    };
    for (const auto& wrong : wrongs) {
        BuildRequest request;
        request.kind = wrong.kind;
        wrong.make(request);
        const auto checked = check(request);
        ASSERT_FALSE(checked) << wrong.words;
        EXPECT_THAT(checked.error().sentence, HasSubstr(wrong.words));
    }
}

TEST(BuildRequest, WhatMakesSenseIsTaken) {
    BuildRequest reference{.kind = ImageKind::reference, .firmware = Firmware::bios};
    EXPECT_TRUE(check(reference));
    BuildRequest reactos{.kind = ImageKind::reactos, .disk = "installed.qcow2"};
    EXPECT_TRUE(check(reactos));
    BuildRequest windows{
        .kind = ImageKind::windows, .name = "w", .iso = "a.iso", .virtio_iso = "v.iso"};
    EXPECT_TRUE(check(windows));
}

}  // namespace
}  // namespace rundown::image
