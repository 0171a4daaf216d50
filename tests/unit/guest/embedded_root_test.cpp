// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "guest/embedded_root_io.hpp"
#include "unit/guest/temporary_directory.hpp"

namespace rundown::guest {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kInRoot = "/cache/qemu/capabilities/";
constexpr const char* kInCache = "/libvirt-capabilities/";

TEST(QemuConf, AsRootNamesTheUserAndOtherwiseDoesNot) {
    EXPECT_THAT(qemu_conf(true), HasSubstr("user = \"root\"\ngroup = \"root\"\n"));
    EXPECT_THAT(qemu_conf(false), Not(HasSubstr("user")));
    for (const char* line :
         {"stdio_handler = \"file\"\n",
          "security_driver = \"none\"\n",
          "namespaces = []\n",
          "cgroup_controllers = []\n",
          "dynamic_ownership = 0\n",
          "remember_owner = 0\n"})
        EXPECT_THAT(qemu_conf(false), HasSubstr(line));
}

TEST(EmbeddedRoot, IsPreparedAndMayBePreparedAgain) {
    TemporaryDirectory here;
    const std::string root = here / "v";
    ASSERT_TRUE(prepare_embedded_root(root, false).has_value());
    ASSERT_TRUE(prepare_embedded_root(root, true).has_value());
    EXPECT_EQ(read(root + "/etc/qemu.conf"), qemu_conf(true));
    EXPECT_TRUE(std::filesystem::is_directory(root + "/run/qemu"));
    EXPECT_TRUE(std::filesystem::is_directory(root + "/log/qemu"));
}

TEST(CapabilitiesCache, CarriesWhatChanged) {
    TemporaryDirectory here;
    const std::string first = here / "first", second = here / "second", cache = here / "cache";
    ASSERT_TRUE(prepare_embedded_root(first, false).has_value());
    ASSERT_TRUE(prepare_embedded_root(second, false).has_value());
    write(first + kInRoot + "abc.xml", "<qemuCaps/>");
    write(first + kInRoot + "empty.xml", "");
    write(first + kInRoot + "draft.tmp", "x");
    EXPECT_EQ(save_capabilities(first, cache), 1);
    EXPECT_EQ(save_capabilities(first, cache), 0) << "nothing has changed";
    restore_capabilities(cache, second);
    EXPECT_EQ(read(second + kInRoot + "abc.xml"), "<qemuCaps/>");
    write(second + kInRoot + "abc.xml", "<qemuCaps new='yes'/>");
    EXPECT_EQ(save_capabilities(second, cache), 1);
    EXPECT_EQ(read(cache + kInCache + "abc.xml"), "<qemuCaps new='yes'/>");
}

TEST(CapabilitiesCache, NoneOrAnUnusableOneOnlyCostsTime) {
    TemporaryDirectory here;
    ASSERT_TRUE(prepare_embedded_root(here / "v", false).has_value());
    restore_capabilities(here / "nothing", here / "v");
    write(here / "file", "");
    write((here / "v") + kInRoot + "abc.xml", "<qemuCaps/>");
    EXPECT_EQ(save_capabilities(here / "v", here / "file"), 0);
}

}  // namespace
}  // namespace rundown::guest
