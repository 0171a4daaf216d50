// SPDX-License-Identifier: MIT
#include "image/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <functional>

#include "support/sample_manifest.hpp"

namespace rundown::image {
namespace {

namespace json = boost::json;
using test::sample_manifest;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kFile = "/store/win10/manifest.json";

std::string sentence_of(const json::value& document) {
    const auto read = manifest_from_json(json::serialize(document), kFile);
    return read ? std::string() : read.error().sentence;
}

TEST(Manifest, WhatIsWrittenIsRead) {
    const std::string text = to_json(sample_manifest());
    const auto read = manifest_from_json(text, kFile);
    ASSERT_TRUE(read) << read.error().sentence;
    EXPECT_EQ(to_json(*read), text);
    EXPECT_EQ(read->machine.disk_bus, DiskBus::sata);
    EXPECT_EQ(read->media.front().bytes, 5000000000u);
    EXPECT_EQ(read->certificate->not_after, "2036-01-01T00:00:00Z");
    EXPECT_EQ(read->nics.front().source, DriverSource::system);
}

TEST(Manifest, TheFormatsOwnExampleIsRead) {
    std::ifstream file(RUNDOWN_SOURCE_DIR "/harness/image/MANIFEST_FORMAT.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto begin = text.find("```json\n");
    ASSERT_NE(begin, std::string::npos);
    const auto end = text.find("```", begin + 3);
    const auto read = manifest_from_json(text.substr(begin + 8, end - begin - 8), kFile);
    ASSERT_TRUE(read) << read.error().sentence;
    EXPECT_EQ(read->nics.at(0).driver, "e1000.sys");
}

TEST(Manifest, ABiosImageWithoutExtrasIsRead) {
    Manifest manifest = sample_manifest();
    manifest.firmware = Firmware::bios;
    manifest.uefi_variables.reset();
    manifest.agent.reset();
    manifest.certificate.reset();
    EXPECT_TRUE(manifest_from_json(to_json(manifest), kFile));
}

/// Calls `visit` for every member of every object below `value`, with its path.
void each_member(
    json::value& value,
    const std::string& path,
    const std::function<void(json::object&, const std::string& key, const std::string& path)>& visit
) {
    if (auto* object = value.if_object()) {
        std::vector<std::string> keys;
        for (const auto& member : *object) {
            keys.emplace_back(member.key());
        }
        for (const auto& key : keys) {
            const std::string at = path.empty() ? key : path + "." + key;
            visit(*object, key, at);
            each_member((*object)[key], at, visit);
        }
    } else if (auto* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            each_member((*array)[i], path + "[" + std::to_string(i) + "]", visit);
        }
    }
}

TEST(Manifest, EveryMissingMemberIsNamed) {
    json::value document = json::parse(to_json(sample_manifest()));
    unsigned members = 0;
    each_member(document, "", [&](json::object& object, const auto& key, const auto& path) {
        const json::object whole = object;
        object.erase(key);
        EXPECT_EQ(sentence_of(document), std::string(kFile) + ": " + path + " is missing");
        object = whole;
        ++members;
    });
    EXPECT_GT(members, 60u);
}

TEST(Manifest, EveryMemberOfTheWrongTypeIsNamed) {
    json::value document = json::parse(to_json(sample_manifest()));
    each_member(document, "", [&](json::object& object, const auto& key, const auto& path) {
        const json::value right = object[key];
        for (const json::value& wrong : {json::value(-1), json::value(json::array{nullptr})}) {
            object[key] = wrong;
            EXPECT_THAT(sentence_of(document), StartsWith(std::string(kFile) + ": " + path));
        }
        object[key] = right;
    });
}

TEST(Manifest, AnUnknownMemberIsNamedWithWhatWasMeant) {
    json::value document = json::parse(to_json(sample_manifest()));
    document.as_object()["machine"].as_object()["memory"] = 5;
    EXPECT_EQ(
        sentence_of(document),
        std::string(kFile) + ": machine.memory is unknown: did you mean 'memory_mib'?"
    );
}

TEST(Manifest, AnotherSchemaIsRefused) {
    json::value document = json::parse(to_json(sample_manifest()));
    document.as_object()["schema"] = "rundown.image/2";
    EXPECT_THAT(sentence_of(document), HasSubstr("\"rundown.image/2\""));
    EXPECT_THAT(sentence_of(document), HasSubstr("reads rundown.image/1 only"));
}

TEST(Manifest, WhatIsNoJsonIsSaidSo) {
    for (const char* text : {"", "{", "{\"schema\": 1} x", "\xff", "[]", "7"}) {
        const auto read = manifest_from_json(text, kFile);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().sentence, StartsWith(kFile));
        EXPECT_EQ(read.error().kind, ErrorKind::environment);
    }
}

TEST(Manifest, AWordThatIsNoKindIsToldTheChoices) {
    json::value document = json::parse(to_json(sample_manifest()));
    document.as_object()["kind"] = "linux";
    EXPECT_EQ(
        sentence_of(document),
        std::string(kFile) + ": kind is 'linux', which is none of reference, reactos, windows"
    );
}

struct Contradiction {
    const char* words;
    std::function<void(Manifest&)> make;
};

TEST(Manifest, ContradictionsAreNamed) {
    const Contradiction contradictions[] = {
        {"name is not one", [](Manifest& m) { m.name = "../other"; }},
        {"name is not one", [](Manifest& m) { m.name = ".hidden"; }},
        {"kind is not given", [](Manifest& m) { m.kind = ImageKind::invalid; }},
        {"ndis is empty", [](Manifest& m) { m.ndis.clear(); }},
        {"recipe.version is 0", [](Manifest& m) { m.recipe.version = 0; }},
        {"created is not a time", [](Manifest& m) { m.created = "yesterday"; }},
        {"base.file is not a file name", [](Manifest& m) { m.base.file = "../../etc/passwd"; }},
        {"base.format is not qcow2", [](Manifest& m) { m.base.format = "raw"; }},
        {"base.sha256 is not", [](Manifest& m) { m.base.sha256 = std::string(64, 'G'); }},
        {"base.virtual_bytes", [](Manifest& m) { m.base.virtual_bytes = 513; }},
        {"uefi_variables is null", [](Manifest& m) { m.uefi_variables.reset(); }},
        {"uefi_variables is given", [](Manifest& m) { m.firmware = Firmware::bios; }},
        {"machine.com1 and machine.com2", [](Manifest& m) { m.machine.com1 = PortRole::none; }},
        {"machine.com1 and machine.com2", [](Manifest& m) { m.machine.com2 = PortRole::rpc; }},
        {"nics[0] lacks", [](Manifest& m) { m.nics[0].driver.clear(); }},
        {"packages[0].sha256", [](Manifest& m) { m.packages[0].sha256.clear(); }},
        {"certificate.not_after", [](Manifest& m) { m.certificate->not_after = "2036"; }},
        {"is there twice", [](Manifest& m) { m.snapshots.push_back(m.snapshots[0]); }},
        {"not in snapshots/", [](Manifest& m) { m.snapshots[0].state_file = "snapshots/../x"; }},
    };
    EXPECT_TRUE(check(sample_manifest(), kFile));
    for (const auto& contradiction : contradictions) {
        Manifest manifest = sample_manifest();
        contradiction.make(manifest);
        const auto checked = check(manifest, kFile);
        ASSERT_FALSE(checked) << contradiction.words;
        EXPECT_THAT(checked.error().sentence, StartsWith(kFile));
        EXPECT_THAT(checked.error().sentence, HasSubstr(contradiction.words));
    }
}

TEST(ImageName, LeadsNowhereElse) {
    EXPECT_TRUE(is_image_name("win10-pro_1.2"));
    for (const auto& name :
         {std::string(),
          std::string("."),
          std::string(".."),
          std::string("a/b"),
          std::string("a b"),
          std::string(65, 'a'),
          std::string("a\0b", 3)}) {
        EXPECT_FALSE(is_image_name(name)) << name;
    }
}

}  // namespace
}  // namespace rundown::image
