// SPDX-License-Identifier: MIT
// `rundown image` as a person uses it, with the reference guest's image.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "integration/support/program.hpp"
#include "integration/support/small_machine.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class ImageCommands : public testing::Test {
  protected:
    Outcome image(std::vector<std::string> words) const {
        words.insert(words.begin(), "image");
        Invocation invocation;
        invocation.arguments = std::move(words);
        invocation.environment = {"RUNDOWN_IMAGES=" + store()};
        return run_program(invocation);
    }
    std::string store() const { return directory_.path() + "/store"; }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(store())) {
            names.push_back(entry.path().filename());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    const TemporaryDirectory directory_;
};

TEST_F(ImageCommands, AnImageIsBuiltListedVerifiedAndRemoved) {
    EXPECT_THAT(image({"list"}).out, HasSubstr("no images in " + store()));
    const auto built = image({"build", "reference", "--name", "ref"});
    ASSERT_EQ(built.exit_code, 0) << built.err;
    EXPECT_THAT(built.out, HasSubstr("use it with `rundown run --guest reference:ref`"));
    EXPECT_THAT(image({"list"}).out, HasSubstr("ref   reference  rundown reference guest"));

    const auto json = image({"list", "--json"});
    const auto document = boost::json::parse(json.out).as_object();
    const auto& listed = document.at("images").as_array().at(0).as_object();
    EXPECT_EQ(listed.at("name"), "ref");
    EXPECT_EQ(listed.at("manifest").as_object().at("arch"), "x86-64");

    const auto verified = image({"verify", "--all"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("ok        ref"));
    EXPECT_EQ(image({"build", "reference", "--name", "ref"}).exit_code, 2);
    EXPECT_EQ(image({"build", "reference", "--name", "ref", "--replace"}).exit_code, 0);
    EXPECT_EQ(image({"remove", "ref"}).exit_code, 0);
    EXPECT_EQ(image({"remove", "ref"}).exit_code, 2);
    EXPECT_THAT(names(), testing::ElementsAre(".lock"));
}

TEST_F(ImageCommands, ADamagedImageIsNamedAndNotRun) {
    ASSERT_EQ(image({"build", "reference"}).exit_code, 0);
    const std::string disk = store() + "/reference/disk.qcow2";
    ::chmod(disk.c_str(), 0644);
    {
        std::fstream file(disk, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-100, std::ios::end);
        file.put('X');
    }
    const auto verified = image({"verify", "reference"});
    EXPECT_EQ(verified.exit_code, 69);
    EXPECT_THAT(verified.out, HasSubstr("DAMAGED   reference"));
    EXPECT_THAT(verified.out, HasSubstr("is not the disk that was added to the store"));
    Invocation run;
    run.arguments = {
        "run",
        "unload-idle",
        "--guest",
        "reference:reference",
        "--out",
        directory_.path() + "/runs"};
    run.environment = {"RUNDOWN_IMAGES=" + store()};
    const auto refused = run_program(run);
    EXPECT_EQ(refused.exit_code, 69);
    EXPECT_THAT(refused.err, HasSubstr("is not the disk that was added to the store"));
    EXPECT_LT(refused.seconds, 20);
}

std::vector<std::string> overlays_below(const std::string& directory) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        if (entry.path().filename() == "overlay.qcow2") {
            found.push_back(entry.path());
        }
    }
    return found;
}

TEST_F(ImageCommands, ARunOfAnImageLeavesNoOverlayHoweverItEnds) {
    ASSERT_EQ(image({"build", "reference"}).exit_code, 0);
    const std::string out = directory_.path() + "/runs";
    fs::create_directory(out);
    Invocation run;
    run.arguments = {
        "run", "unload-idle", "--nic", "e1000", "--guest", "reference:reference", "--out", out};
    run.environment = {"RUNDOWN_IMAGES=" + store()};
    const auto passed = run_program(run);
    EXPECT_EQ(passed.exit_code, 0) << passed.out << passed.err;
    EXPECT_THAT(overlays_below(out), IsEmpty());

    run.meanwhile = [&out](pid_t pid) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (overlays_below(out).empty() && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        EXPECT_EQ(overlays_below(out).size(), 1u);
        EXPECT_EQ(::kill(pid, SIGKILL), 0);
    };
    EXPECT_EQ(run_program(run).exit_code, 128 + SIGKILL);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!overlays_below(out).empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_THAT(overlays_below(out), IsEmpty());
    EXPECT_EQ(image({"remove", "reference"}).exit_code, 0);  // Nobody holds it any more.
}

TEST_F(ImageCommands, OnAFullDiskTheFiguresAreTold) {
    if (!can_make_namespaces()) {
        GTEST_SKIP() << "needs the right to make a mount namespace";
    }
    fs::create_directory(store());
    Invocation invocation;
    invocation.arguments = {"image", "build", "reference"};
    invocation.environment = {"RUNDOWN_IMAGES=" + store()};
    invocation.before_start = with_disk(store(), "8m");
    const auto refused = run_program(invocation);
    EXPECT_EQ(refused.exit_code, 69);
    EXPECT_THAT(refused.err, HasSubstr("64.0 MiB is needed in " + store()));
    EXPECT_THAT(refused.err, HasSubstr("8.0 MiB free"));
}

TEST_F(ImageCommands, FilesThatCannotBeWrittenEndTheBuild) {
    Invocation invocation;
    invocation.arguments = {"image", "build", "reference"};
    invocation.environment = {"RUNDOWN_IMAGES=" + store()};
    for (const std::uint64_t limit : {1000u, 100000u, 1600000u}) {
        invocation.before_start = with_file_size_limit(limit);
        const auto ended = run_program(invocation);
        EXPECT_EQ(ended.exit_code, 69) << limit << ended.out << ended.err;
        EXPECT_THAT(ended.err, testing::StartsWith("rundown: ")) << limit;
        EXPECT_THAT(names(), testing::ElementsAre(".lock")) << limit;
    }
}

TEST_F(ImageCommands, ABuildKilledAtAnyMomentLeavesNothingToTheNext) {
    for (int kill = 0; kill < 12; ++kill) {
        Invocation invocation;
        invocation.arguments = {"image", "build", "reference", "--name", "killed"};
        invocation.environment = {"RUNDOWN_IMAGES=" + store()};
        invocation.meanwhile = [kill](pid_t pid) {
            std::this_thread::sleep_for(std::chrono::milliseconds(15 * kill));
            ::kill(pid, SIGKILL);
        };
        run_program(invocation);
        ASSERT_EQ(image({"list"}).exit_code, 0);  // Cleans up.
        for (const auto& name : names()) {
            EXPECT_THAT(name, testing::AnyOf(".lock", "killed"));
        }
        if (fs::exists(store() + "/killed")) {
            EXPECT_EQ(image({"verify", "killed"}).exit_code, 0);
            EXPECT_EQ(image({"remove", "killed"}).exit_code, 0);
        }
    }
}

}  // namespace
}  // namespace rundown::integration
