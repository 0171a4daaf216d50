// SPDX-License-Identifier: MIT
// The store on real qcow2 files: what comes in comes in at once, what is damaged is refused with a
// sentence, who is killed leaves nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file_io.hpp"
#include "image/calendar_io.hpp"
#include "image/qemu_img_io.hpp"
#include "image/recipe.hpp"
#include "image/store.hpp"
#include "integration/support/program.hpp"
#include "integration/support/small_machine.hpp"
#include "support/sample_manifest.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using image::ImageKind;
using image::Manifest;
using image::Store;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kDiskBytes = 4 << 20;

Deadline soon() {
    return Deadline::in(Milliseconds(30000), "qemu-img");
}

/// A manifest for a small BIOS image.
Manifest plain_manifest() {
    Manifest manifest = test::sample_manifest();
    manifest.firmware = image::Firmware::bios;
    manifest.uefi_variables.reset();
    manifest.snapshots.clear();
    manifest.base = {};
    manifest.base.file = "disk.qcow2";
    return manifest;
}

/// A disk with some bytes in it, at `path`.
void make_disk(const std::string& path) {
    const TemporaryDirectory directory;
    const std::string raw = directory.file("raw", std::string(kDiskBytes, 'd'));
    ASSERT_TRUE(image::convert_disk(raw, "raw", path, false, soon()));
}

class ImageStore : public testing::Test {
  protected:
    Store open() const {
        auto store = Store::open(directory_.path() + "/images");
        EXPECT_TRUE(store);
        return *store;
    }
    result<Manifest> add(
        const std::string& name, Manifest manifest = plain_manifest(), bool replace = false
    ) const {
        const Store store = open();
        auto partial = store.begin(name, 1 << 20, replace);
        if (!partial) {
            return partial.error();
        }
        make_disk((*partial)->directory() + "/disk.qcow2");
        if (manifest.uefi_variables) {
            EXPECT_TRUE(write_whole_file((*partial)->directory() + "/vars.fd", "variables"));
        }
        return store.add(**partial, manifest, replace);
    }
    std::string image(const std::string& name) const {
        return directory_.path() + "/images/" + name;
    }
    std::vector<std::string> contents_of_store() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory_.path() + "/images")) {
            if (entry.path().filename() != ".lock") {
                names.push_back(entry.path().filename());
            }
        }
        return names;
    }
    /// Changes a byte of the base's data, its times too, as any writer does.
    void damage(const std::string& name) const {
        const std::string disk = image(name) + "/disk.qcow2";
        ::chmod(disk.c_str(), 0644);
        std::fstream file(disk, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1000, std::ios::end);
        file.put('X');
    }
    std::string refusal(const std::string& name) const {
        const auto use = open().use(name);
        return use ? std::string() : use.error().sentence;
    }

    const TemporaryDirectory directory_;
};

TEST_F(ImageStore, WhatIsAddedIsFoundAndDescribed) {
    const auto added = add("one");
    ASSERT_TRUE(added) << added.error().sentence;
    EXPECT_EQ(added->base.virtual_bytes, kDiskBytes);
    EXPECT_EQ(added->base.bytes, fs::file_size(image("one") + "/disk.qcow2"));
    EXPECT_EQ(added->base.sha256.size(), 64u);

    struct stat status = {};
    ASSERT_EQ(::stat((image("one") + "/disk.qcow2").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0444u);

    const auto use = open().use("one");
    ASSERT_TRUE(use) << use.error().sentence;
    EXPECT_EQ(use->base, image("one") + "/disk.qcow2");
    EXPECT_EQ(use->uefi_variables, "");
    EXPECT_EQ(use->manifest.name, "one");
    EXPECT_TRUE(open().use(ImageKind::windows, ""));

    const auto list = open().list();
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].complaint, "");
    EXPECT_TRUE(list[0].in_use);
    EXPECT_GT(list[0].bytes_on_disk, kDiskBytes);
}

TEST_F(ImageStore, UefiVariablesComeAlong) {
    Manifest manifest = plain_manifest();
    manifest.firmware = image::Firmware::uefi;
    manifest.uefi_variables = image::ExtraFile{"vars.fd", ""};
    ASSERT_TRUE(add("uefi", manifest));
    EXPECT_EQ(open().use("uefi")->uefi_variables, image("uefi") + "/vars.fd");
    EXPECT_THAT(open().verify("uefi")->complaints, IsEmpty());
    ::chmod((image("uefi") + "/vars.fd").c_str(), 0644);
    ASSERT_TRUE(write_whole_file(image("uefi") + "/vars.fd", "other"));
    EXPECT_THAT(
        open().verify("uefi")->complaints, testing::ElementsAre(HasSubstr("vars.fd has changed"))
    );
}

TEST_F(ImageStore, ANameThatIsNotThereIsGuessed) {
    EXPECT_THAT(refusal("win10"), HasSubstr("is empty; build one"));
    ASSERT_TRUE(add("win10"));
    ASSERT_TRUE(add("win11"));
    EXPECT_THAT(refusal("win1o"), HasSubstr("(there are win10, win11): did you mean 'win10'?"));
    EXPECT_THAT(refusal("../win10"), HasSubstr("there is no image"));
    EXPECT_EQ(open().use("zzz").error().kind, ErrorKind::usage);
    EXPECT_THAT(
        open().use(ImageKind::windows, "").error().sentence,
        HasSubstr("which windows image? There are win10, win11")
    );
    EXPECT_THAT(
        open().use(ImageKind::reactos, "").error().sentence, HasSubstr("there is no reactos image")
    );
    EXPECT_THAT(
        open().use(ImageKind::reactos, "win10").error().sentence,
        HasSubstr("is of kind windows, not reactos")
    );
}

TEST_F(ImageStore, ANameIsTakenOnceUnlessItGivesWay) {
    const auto first = add("one");
    ASSERT_TRUE(first);
    const auto again = add("one");
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().sentence, HasSubstr("--replace"));
    EXPECT_THAT(contents_of_store(), testing::ElementsAre("one"));
    Manifest other = plain_manifest();
    other.os_version = "2";
    ASSERT_TRUE(add("one", other, true));
    EXPECT_EQ(open().use("one")->manifest.os_version, "2");
    EXPECT_THAT(contents_of_store(), testing::ElementsAre("one"));
    for (const char* name : {"", "a/b", ".x"}) {
        EXPECT_THAT(add(name).error().sentence, HasSubstr("cannot be the name"));
    }
}

TEST_F(ImageStore, AnImageInUseIsNeitherRemovedNorReplaced) {
    ASSERT_TRUE(add("one"));
    {
        const auto use = open().use("one");
        const auto other_user = open().use("one");
        ASSERT_TRUE(use && other_user);
        EXPECT_THAT(open().remove("one").error().sentence, HasSubstr("is in use by a run"));
        EXPECT_THAT(
            add("one", plain_manifest(), true).error().sentence, HasSubstr("is in use by a run")
        );
        EXPECT_THAT(contents_of_store(), testing::ElementsAre("one"));
    }
    EXPECT_TRUE(open().remove("one"));
    EXPECT_THAT(contents_of_store(), IsEmpty());
    EXPECT_EQ(open().remove("one").error().kind, ErrorKind::usage);
}

TEST_F(ImageStore, AnImageWhoseUserWasKilledIsFree) {
    ASSERT_TRUE(add("one"));
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto use = Store::open(directory_.path() + "/images")->use("one");
        static_cast<void>(::write(ready[1], use ? "y" : "n", 1));
        ::pause();
        ::_exit(0);
    }
    char answer = 0;
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    EXPECT_FALSE(open().remove("one"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(open().remove("one"));
}

TEST_F(ImageStore, ADamagedBaseIsRefusedBeforeAnythingBoots) {
    ASSERT_TRUE(add("one"));
    EXPECT_EQ(refusal("one"), "");
    damage("one");
    EXPECT_THAT(
        refusal("one"),
        AllOf(HasSubstr("disk.qcow2 is not the disk that was added"), HasSubstr("its SHA-256 is"))
    );
    const auto verification = open().verify("one");
    EXPECT_THAT(
        verification->complaints, testing::Contains(HasSubstr("is not the disk that was added"))
    );
    EXPECT_THAT(verification->warnings, testing::Contains(HasSubstr("can be written to")));
    fs::resize_file(image("one") + "/disk.qcow2", 1000);
    EXPECT_THAT(refusal("one"), HasSubstr("it has 1000 bytes and had"));
    EXPECT_THAT(open().list()[0].complaint, HasSubstr("its disk has 1000 bytes"));
    fs::remove(image("one") + "/disk.qcow2");
    EXPECT_THAT(refusal("one"), HasSubstr("it is gone"));
    EXPECT_THAT(open().list()[0].complaint, HasSubstr("is gone"));
}

TEST_F(ImageStore, ATouchedBaseIsHashedOnceAndThenTrusted) {
    ASSERT_TRUE(add("one"));
    fs::last_write_time(image("one") + "/disk.qcow2", fs::file_time_type::clock::now());
    std::vector<std::string> told;
    const image::Watch watch{[&told](const std::string& text) { told.push_back(text); }, {}};
    EXPECT_TRUE(open().use("one", watch));
    EXPECT_THAT(told, testing::ElementsAre(HasSubstr("hashing ")));
    told.clear();
    EXPECT_TRUE(open().use("one", watch));
    EXPECT_THAT(told, IsEmpty());
    const image::Watch stopped{{}, [] { return true; }};
    EXPECT_EQ(open().verify("one", stopped).error().kind, ErrorKind::cancelled);
}

TEST_F(ImageStore, VerifyingLooksInsideTheDisk) {
    ASSERT_TRUE(add("one"));
    EXPECT_THAT(open().verify("one")->complaints, IsEmpty());
    EXPECT_THAT(open().verify("one")->warnings, IsEmpty());
    // The reference counts of the qcow2 file, which no guest's byte depends on.
    const std::string disk = image("one") + "/disk.qcow2";
    ::chmod(disk.c_str(), 0644);
    {
        std::fstream file(disk, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(2 * 65536);
        file.write("\0\0\0\0\0\0\0\0", 8);
    }
    EXPECT_THAT(
        open().verify("one")->complaints, testing::Contains(HasSubstr("says qemu-img check"))
    );
}

/// Writes an image's manifest anew with something changed in it.
void change_manifest(const std::string& image, const std::function<void(Manifest&)>& change) {
    const std::string path = image + "/manifest.json";
    auto manifest = image::manifest_from_json(contents_of(path), path);
    ASSERT_TRUE(manifest);
    change(*manifest);
    ASSERT_TRUE(write_whole_file(path, image::to_json(*manifest)));
}

TEST_F(ImageStore, AnOlderRecipeIsRefused) {
    ASSERT_TRUE(add("one"));
    change_manifest(image("one"), [](Manifest& manifest) { manifest.recipe.name = "winnt4"; });
    EXPECT_THAT(refusal("one"), HasSubstr("was made by a recipe 'winnt4'"));
    EXPECT_THAT(open().list()[0].complaint, HasSubstr("was made by a recipe"));
    EXPECT_THAT(
        open().verify("one")->complaints, testing::Contains(HasSubstr("a recipe 'winnt4'"))
    );
}

TEST_F(ImageStore, CertificatesAreSaidToEnd) {
    ASSERT_TRUE(add("one"));
    change_manifest(image("one"), [](Manifest& m) {
        m.certificate->not_after = image::utc_now(-1);
    });
    EXPECT_THAT(open().verify("one")->complaints, testing::Contains(HasSubstr("ended at")));
    change_manifest(image("one"), [](Manifest& m) {
        m.certificate->not_after = image::utc_now(10);
    });
    EXPECT_THAT(open().verify("one")->complaints, IsEmpty());
    EXPECT_THAT(open().verify("one")->warnings, testing::Contains(HasSubstr("ends at")));
}

TEST_F(ImageStore, DirectoriesThatAreNoImagesSayWhy) {
    ASSERT_TRUE(add("one"));
    fs::create_directory(image("empty"));
    fs::copy(image("one"), image("copy"));
    ASSERT_TRUE(write_whole_file(image("one") + "/manifest.json", "{"));
    const auto list = open().list();
    ASSERT_EQ(list.size(), 3u);
    EXPECT_THAT(list[0].complaint, HasSubstr("name is 'one', not its directory's"));
    EXPECT_THAT(list[1].complaint, HasSubstr("has no manifest.json"));
    EXPECT_THAT(list[2].complaint, HasSubstr("manifest.json is not JSON"));
    EXPECT_TRUE(open().remove("empty"));
    EXPECT_TRUE(open().remove("one"));
}

TEST_F(ImageStore, ABaseThatStandsOnAnotherIsNone) {
    const Store store = open();
    auto partial = store.begin("one", 1);
    ASSERT_TRUE(partial);
    const std::string below = directory_.path() + "/below.qcow2";
    make_disk(below);
    ASSERT_TRUE(image::create_overlay(below, (*partial)->directory() + "/disk.qcow2", soon()));
    const auto added = store.add(**partial, plain_manifest());
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().sentence, HasSubstr("it has a backing file"));
    partial->reset();
    EXPECT_THAT(contents_of_store(), IsEmpty());
}

TEST_F(ImageStore, AnImageGivenUpLeavesNothing) {
    const Store store = open();
    {
        const auto partial = store.begin("one", 1);
        ASSERT_TRUE(partial);
        make_disk((*partial)->directory() + "/disk.qcow2");
        EXPECT_THAT(store.list(), IsEmpty());
        // Another process that opens the store leaves a living builder alone.
        open();
        EXPECT_TRUE(fs::exists((*partial)->directory()));
    }
    EXPECT_THAT(contents_of_store(), IsEmpty());
}

TEST_F(ImageStore, OnADiskTooSmallNothingBegins) {
    const auto refused = open().begin("one", 1ull << 60);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().sentence, AllOf(HasSubstr("is needed in"), HasSubstr(" free")));
    EXPECT_THAT(contents_of_store(), IsEmpty());
}

TEST_F(ImageStore, SnapshotsAreTakenIn) {
    ASSERT_TRUE(add("one"));
    const auto state = directory_.file("state", std::string(1000, 's'));
    directory_.file("state.json", "{}");
    image::Snapshot snapshot;
    snapshot.name = "ready";
    snapshot.hardware = "pc e1000";
    const auto added = open().add_snapshot("one", snapshot, state, "");
    ASSERT_TRUE(added) << added.error().sentence;
    EXPECT_EQ(added->state_file, "snapshots/ready.state");
    EXPECT_FALSE(fs::exists(state));
    EXPECT_EQ(open().use("one")->manifest.snapshots.at(0).bytes, 1000u);
    EXPECT_THAT(open().verify("one")->complaints, IsEmpty());
    EXPECT_EQ(contents_of(image("one") + "/snapshots/ready.state.json"), "{}");
    fs::resize_file(image("one") + "/snapshots/ready.state", 5);
    EXPECT_THAT(
        open().verify("one")->complaints, testing::Contains(HasSubstr("have 5 bytes and had 1000"))
    );
}

/// Builds and adds images until it is killed.
[[noreturn]] void add_for_ever(const std::string& directory, const std::string& ready_disk) {
    for (;;) {
        const auto store = Store::open(directory);
        auto partial = store->begin("image", 1, true);
        if (partial) {
            std::error_code error;
            fs::copy_file(ready_disk, (*partial)->directory() + "/disk.qcow2", error);
            static_cast<void>(store->add(**partial, plain_manifest(), true));
        }
    }
}

TEST_F(ImageStore, ABuilderKilledAtAnyMomentLeavesAWholeImageOrNone) {
    open();
    const std::string disk = directory_.path() + "/ready.qcow2";
    make_disk(disk);
    const auto began = Clock::now();
    ASSERT_TRUE(add("image"));
    const auto one_build = Clock::now() - began;
    unsigned with_image = 0;
    constexpr unsigned kKills = 40;
    for (unsigned kill = 0; kill < kKills; ++kill) {
        const pid_t child = ::fork();
        if (child == 0) {
            add_for_ever(directory_.path() + "/images", disk);
        }
        std::this_thread::sleep_for(one_build * 2 * kill / kKills);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const Store store = open();  // Cleans up.
        for (const auto& name : contents_of_store()) {
            EXPECT_EQ(name, "image");
            ++with_image;
            EXPECT_THAT(store.verify("image")->complaints, IsEmpty());
        }
    }
    // From the first one on there is always one: what is replaced gives way at once.
    EXPECT_EQ(with_image, kKills);
}

TEST_F(ImageStore, BuildersAtOnceOfOneNameHaveOneWinner) {
    open();
    const std::string disk = directory_.path() + "/ready.qcow2";
    make_disk(disk);
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            const auto store = Store::open(directory_.path() + "/images");
            auto partial = store->begin("image", 1);
            std::error_code error;
            bool won = false;
            if (partial && fs::copy_file(disk, (*partial)->directory() + "/disk.qcow2", error)) {
                won = store->add(**partial, plain_manifest()).has_value();
                partial->reset();
            }
            ::_exit(won ? 0 : 1);
        }
        children.push_back(child);
    }
    int winners = 0;
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        winners += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    EXPECT_EQ(winners, 1);
    EXPECT_THAT(contents_of_store(), testing::ElementsAre("image"));
    EXPECT_EQ(refusal("image"), "");
}

}  // namespace
}  // namespace rundown::integration
