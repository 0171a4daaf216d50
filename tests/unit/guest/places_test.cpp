// SPDX-License-Identifier: MIT
#include "guest/places.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <map>

#include "unit/guest/temporary_directory.hpp"

namespace rundown::guest {
namespace {

using testing::HasSubstr;

Places places_with(std::map<std::string, std::string> variables) {
    return choose_places(
        [&variables](const char* name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        1000
    );
}

TEST(Places, FollowTheDesktopsVariables) {
    const Places places = places_with(
        {{"XDG_RUNTIME_DIR", "/run/user/1000"}, {"XDG_CACHE_HOME", "/c"}, {"HOME", "/h"}}
    );
    EXPECT_EQ(places.runtime, "/run/user/1000/rundown");
    EXPECT_EQ(places.cache, "/c/rundown");
}

TEST(Places, HaveDefaults) {
    EXPECT_EQ(places_with({{"HOME", "/h"}}).cache, "/h/.cache/rundown");
    EXPECT_EQ(places_with({{"HOME", "/h"}}).runtime, "/tmp/rundown-1000");
    EXPECT_EQ(places_with({}).cache, "/var/tmp/rundown-1000");
}

TEST(Places, RuntimeDirectoryTooLongForSocketsIsPassedOver) {
    EXPECT_EQ(
        places_with({{"XDG_RUNTIME_DIR", "/" + std::string(60, 'x')}}).runtime, "/tmp/rundown-1000"
    );
    EXPECT_EQ(places_with({{"XDG_RUNTIME_DIR", "relative"}}).runtime, "/tmp/rundown-1000");
}

TEST(PrivateDirectory, IsMadeWithItsParentsForThisUserOnly) {
    TemporaryDirectory here;
    const std::string path = here / "a/b/c";
    ASSERT_TRUE(make_private_directory(path).has_value());
    struct stat status = {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
    EXPECT_TRUE(make_private_directory(path).has_value()) << "again";
}

TEST(PrivateDirectory, RefusesWhatOthersCouldHavePrepared) {
    TemporaryDirectory here;
    std::filesystem::create_directory(here / "open");
    ::chmod((here / "open").c_str(), 0777);
    EXPECT_THAT(make_private_directory(here / "open").error().sentence, HasSubstr("chmod 700"));
    std::filesystem::create_directory(here / "target");
    std::filesystem::create_symlink(here / "target", here / "link");
    EXPECT_THAT(
        make_private_directory(here / "link").error().sentence, HasSubstr("not a directory")
    );
    write(here / "file", "");
    EXPECT_THAT(
        make_private_directory(here / "file").error().sentence, HasSubstr("not a directory")
    );
    EXPECT_EQ(make_private_directory(here / "file").error().kind, ErrorKind::environment);
}

}  // namespace
}  // namespace rundown::guest
