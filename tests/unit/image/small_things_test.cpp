// SPDX-License-Identifier: MIT
// Recipes' versions, qcow2 headers, where the store is, sizes, hashes, listings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "image/hash_io.hpp"
#include "image/image_list.hpp"
#include "image/qcow2_header.hpp"
#include "image/recipe.hpp"
#include "image/room_io.hpp"
#include "image/store.hpp"
#include "support/sample_manifest.hpp"

namespace rundown::image {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RecipeOfAnImage, MustBeThisProgramsOwn) {
    Manifest manifest = test::sample_manifest();
    EXPECT_TRUE(check_recipe(manifest));
    manifest.recipe.version = 0;
    EXPECT_THAT(
        check_recipe(manifest).error().sentence,
        HasSubstr("`rundown image build windows --name win10 --replace`")
    );
    manifest.recipe.version = 1000;
    EXPECT_THAT(check_recipe(manifest).error().sentence, HasSubstr("use the newer program"));
    manifest.recipe.name = "other";
    EXPECT_THAT(check_recipe(manifest).error().sentence, HasSubstr("a recipe 'other'"));
}

std::string qcow2_header(std::uint32_t version, char backing = 0, char incompatible = 0) {
    std::string header(kQcow2HeaderBytes, '\0');
    header.replace(0, 4, "QFI\xfb");
    header[7] = static_cast<char>(version);
    header[15] = backing;
    header[28] = 4;  // 64 MiB
    header[79] = incompatible;
    return header;
}

TEST(Qcow2Header, TellsSizeAndState) {
    auto header = parse_qcow2_header(qcow2_header(3), "f");
    ASSERT_TRUE(header);
    EXPECT_EQ(header->virtual_bytes, 64u << 20);
    EXPECT_FALSE(header->has_backing_file || header->dirty || header->corrupt);
    EXPECT_TRUE(parse_qcow2_header(qcow2_header(3, 1), "f")->has_backing_file);
    EXPECT_TRUE(parse_qcow2_header(qcow2_header(3, 0, 1), "f")->dirty);
    EXPECT_TRUE(parse_qcow2_header(qcow2_header(3, 0, 2), "f")->corrupt);
    EXPECT_TRUE(parse_qcow2_header(qcow2_header(2), "f"));
}

TEST(Qcow2Header, OfSomethingElseIsRefused) {
    EXPECT_THAT(parse_qcow2_header("QFI\xfb", "f").error().sentence, HasSubstr("f is not a qcow2"));
    EXPECT_THAT(
        parse_qcow2_header(std::string(512, 'x'), "f").error().sentence, HasSubstr("is not a qcow2")
    );
    EXPECT_THAT(parse_qcow2_header(qcow2_header(4), "f").error().sentence, HasSubstr("version 4"));
}

std::string directory_for(std::map<std::string, std::string> variables) {
    return choose_store_directory([&](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
}

TEST(StoreDirectory, FollowsTheEnvironment) {
    EXPECT_EQ(directory_for({{"RUNDOWN_IMAGES", "/x"}, {"HOME", "/h"}}), "/x");
    EXPECT_EQ(directory_for({{"XDG_DATA_HOME", "/d"}, {"HOME", "/h"}}), "/d/rundown/images");
    EXPECT_EQ(
        directory_for({{"XDG_DATA_HOME", "relative"}, {"HOME", "/h"}}),
        "/h/.local/share/rundown/images"
    );
    EXPECT_EQ(directory_for({{"RUNDOWN_IMAGES", ""}}), "/var/tmp/.local/share/rundown/images");
}

TEST(SizeText, IsForPeople) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(1023), "1023 bytes");
    EXPECT_EQ(size_text(1536), "1.5 KiB");
    EXPECT_EQ(size_text(20ull << 30), "20.0 GiB");
    EXPECT_EQ(size_text(~0ull), "16777216.0 TiB");
}

TEST(Room, ThatIsNotThereIsToldWithBothFigures) {
    EXPECT_TRUE(check_room("/tmp", 1));
    const auto refused = check_room("/tmp/not/there/yet", 1ull << 60);
    ASSERT_FALSE(refused);
    EXPECT_THAT(
        refused.error().sentence, HasSubstr("1048576.0 TiB is needed in /tmp/not/there/yet")
    );
    EXPECT_THAT(refused.error().sentence, HasSubstr(" free"));
}

TEST(Sha256, IsTheStandards) {
    // FIPS 180-2, appendix B.1.
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_FALSE(sha256_of_file("/not/there"));
}

TEST(ImageList, ShowsWhatCannotBeUsedAndWhy) {
    EXPECT_THAT(list_to_text("/s", {}), HasSubstr("no images in /s"));
    ListedImage good{"win10", test::sample_manifest(), 3 << 20, true, ""};
    ListedImage bad{"old", std::nullopt, 10, false, "it has no manifest.json"};
    const std::string text = list_to_text("/s", {good, bad});
    EXPECT_THAT(text, HasSubstr("win10  windows  Windows 10 Pro 10.0.19045  x86-64  uefi"));
    EXPECT_THAT(text, HasSubstr("old cannot be used: it has no manifest.json\n"));
    EXPECT_THAT(text, HasSubstr("win10 is in use\n"));
    EXPECT_THAT(text, Not(HasSubstr(" \n")));

    const auto document = boost::json::parse(list_to_json("/s", {good, bad})).as_object();
    EXPECT_EQ(document.at("schema"), "rundown.images/1");
    const auto& images = document.at("images").as_array();
    EXPECT_EQ(images.at(0).as_object().at("manifest").as_object().at("kind"), "windows");
    EXPECT_TRUE(images.at(0).as_object().at("usable").as_bool());
    EXPECT_TRUE(images.at(1).as_object().at("manifest").is_null());
    EXPECT_FALSE(images.at(1).as_object().at("usable").as_bool());
}

}  // namespace
}  // namespace rundown::image
