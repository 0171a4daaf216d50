// SPDX-License-Identifier: MIT
#include "cli/image_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cli/options.hpp"

namespace rundown::cli {
namespace {

using testing::HasSubstr;

Options parse(std::vector<const char*> words) {
    words.insert(words.begin(), "build/rundown");
    return parse_command_line(static_cast<int>(words.size()), words.data());
}

std::string complaint_about(std::vector<const char*> words) {
    testing::internal::CaptureStderr();
    const auto options = parse(std::move(words));
    EXPECT_EQ(options.command, Command::none);
    EXPECT_EQ(options.exit_code, exit_usage);
    return testing::internal::GetCapturedStderr();
}

TEST(ImageOptions, EveryOptionOfBuildArrives) {
    const auto options = parse(
        {"image",
         "build",
         "windows",
         "--iso",
         "w.iso",
         "--virtio-iso",
         "v.iso",
         "--edition",
         "Pro",
         "--language",
         "de-DE",
         "--product-key",
         "KEY",
         "--name",
         "w",
         "--firmware",
         "uefi",
         "--disk-bus",
         "virtio",
         "--memory",
         "4096",
         "--processors",
         "2",
         "--disk-size",
         "40",
         "--replace",
         "--keep",
         "--out",
         "/tmp/x",
         "--accel",
         "tcg",
         "--connect",
         "qemu:///system",
         "--nic-drivers",
         "ours"}
    );
    EXPECT_EQ(options.command, Command::image_build);
    const auto& build = options.image.build;
    EXPECT_EQ(build.kind, image::ImageKind::windows);
    EXPECT_EQ(build.iso, "w.iso");
    EXPECT_EQ(build.virtio_iso, "v.iso");
    EXPECT_EQ(build.edition, "Pro");
    EXPECT_EQ(build.language, "de-DE");
    EXPECT_EQ(build.product_key, "KEY");
    EXPECT_EQ(build.name, "w");
    EXPECT_EQ(build.firmware, image::Firmware::uefi);
    EXPECT_EQ(build.disk_bus, image::DiskBus::virtio);
    EXPECT_EQ(build.memory_mib, 4096u);
    EXPECT_EQ(build.processors, 2u);
    EXPECT_EQ(build.disk_gib, 40u);
    EXPECT_TRUE(build.replace && build.keep);
    EXPECT_EQ(build.out, "/tmp/x");
    EXPECT_EQ(build.accelerator, "tcg");
    EXPECT_EQ(build.connect, "qemu:///system");
    EXPECT_EQ(build.nic_drivers, image::DriverSource::ours);
}

TEST(ImageOptions, WhatIsNotSaidIsTheRecipesChoice) {
    const auto build = parse({"image", "build", "reactos", "--disk", "d.qcow2"}).image.build;
    EXPECT_EQ(build.disk, "d.qcow2");
    EXPECT_FALSE(build.firmware || build.disk_bus || build.replace || build.keep);
    EXPECT_EQ(build.memory_mib + build.processors + build.disk_gib, 0u);
}

TEST(ImageOptions, TheOtherCommands) {
    EXPECT_EQ(parse({"image", "list"}).command, Command::image_list);
    EXPECT_TRUE(parse({"image", "list", "--json"}).json);
    EXPECT_EQ(parse({"image", "verify", "w"}).image.name, "w");
    EXPECT_TRUE(parse({"image", "verify", "--all"}).image.all);
    EXPECT_EQ(parse({"image", "remove", "w"}).command, Command::image_remove);
}

TEST(ImageOptions, WrongWordsAreToldWhatTheyCouldHaveBeen) {
    EXPECT_THAT(
        complaint_about({"image"}), HasSubstr("`rundown image` needs a command: build, list")
    );
    EXPECT_THAT(complaint_about({"image", "lst"}), HasSubstr("did you mean 'list'?"));
    EXPECT_THAT(complaint_about({"imag"}), HasSubstr("did you mean 'image'?"));
    EXPECT_THAT(
        complaint_about({"image", "build", "reactso"}), HasSubstr("did you mean 'reactos'?")
    );
    EXPECT_THAT(
        complaint_about({"image", "build", "windows", "--firmware", "ufei"}),
        HasSubstr("did you mean 'uefi'?")
    );
    EXPECT_THAT(
        complaint_about({"image", "list", "--jsn"}),
        HasSubstr("unknown option '--jsn': did you mean '--json'?")
    );
    EXPECT_THAT(
        complaint_about({"image", "list", "x"}), HasSubstr("`rundown image list` takes no 'x'")
    );
    EXPECT_THAT(complaint_about({"image", "verify"}), HasSubstr("name an image, or say --all"));
    complaint_about({"image", "remove"});
    complaint_about({"image", "verify", "x", "--all"});
    complaint_about({"image", "build", "windows", "--processors", "0"});
}

}  // namespace
}  // namespace rundown::cli
