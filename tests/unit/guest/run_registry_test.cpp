// SPDX-License-Identifier: MIT
#include "guest/run_registry.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/run_registry_io.hpp"
#include "unit/guest/temporary_directory.hpp"

namespace rundown::guest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Resource kDomain{ResourceKind::domain, "rd-7-1", "1234-abcd"};
const Resource kWindow{ResourceKind::window, "rundown-7-9-1", ""};
const Resource kSocket{ResourceKind::socket, "serial-1", ""};

std::string opening() {
    return registry_opening({7, 9}, "boot");
}

TEST(RegistryText, HoldsWhatWasTakenAndNotReleased) {
    const auto contents = parse_registry(
        opening() + registry_line('+', kDomain) + registry_line('+', kSocket) +
        registry_line('+', kWindow) + registry_line('-', kSocket)
    );
    ASSERT_TRUE(contents.has_value());
    EXPECT_EQ(contents->process, (ProcessIdentity{7, 9}));
    EXPECT_EQ(contents->boot_id, "boot");
    EXPECT_THAT(contents->held, ElementsAre(kDomain, kWindow));
}

TEST(RegistryText, OnlyThrowAwayFilesAreHeldAndRemoved) {
    EXPECT_EQ(throw_away_path("/runs/1", "a.qcow2"), "/runs/1/rundown-tmp-a.qcow2");
    for (const char* good :
         {"/runs/1/rundown-tmp-a.qcow2", "/runs/a b/overlay.qcow2", "/r/vars.fd"})
        EXPECT_TRUE(is_throw_away_path(good)) << good;
    for (const char* bad :
         {"",
          "/",
          "overlay.qcow2",
          "rundown-tmp-a",
          "/home/me/thesis.txt",
          "/runs/../overlay.qcow2",
          "/runs/1/rundown-tmp-a/b",
          "/runs\t1/overlay.qcow2",
          "/runs/1/overlay.qcow2\n",
          "/runs/1/rundown-tmp- "})
        EXPECT_FALSE(is_throw_away_path(bad)) << bad;
    const Resource file{ResourceKind::file, "/runs/1/overlay.qcow2", ""};
    const auto contents =
        parse_registry(opening() + registry_line('+', file) + "+\tfile\t/home/me/thesis.txt\n");
    EXPECT_THAT(contents->held, ElementsAre(file));
}

TEST(RegistryText, TornLastLineIsIgnored) {
    const std::string whole = opening() + registry_line('+', kDomain);
    const std::string torn = registry_line('+', kWindow);
    for (std::size_t length = 0; length < torn.size(); ++length) {
        const auto contents = parse_registry(whole + torn.substr(0, length));
        ASSERT_TRUE(contents.has_value());
        EXPECT_THAT(contents->held, ElementsAre(kDomain)) << length;
    }
}

TEST(RegistryText, WhatIsNoRegistryIsNotRead) {
    for (const char* text :
         {"",
          "\n",
          "rundown-registry\t2\nprocess\t1\t2\tb\n",
          "rundown-registry\t1\n",
          "rundown-registry\t1\nprocess\tx\t2\tb\n",
          "rundown-registry\t1\nprocess\t1\t2\n"})
        EXPECT_FALSE(parse_registry(text).has_value()) << text;
}

TEST(RegistryText, NamesThatLeadElsewhereAreSkipped) {
    const auto contents = parse_registry(
        opening() +
        "+\twindow\t../etc/passwd\n+\twindow\tpasswd\n+\tsocket\t..\n+\tsocket\ta/"
        "b\n+\tdomain\trd-1\n" +
        "+\tdomain\tother\tuuid\n+\tweird\tx\n?\tsocket\tx\n\n+\n"
    );
    ASSERT_TRUE(contents.has_value());
    EXPECT_THAT(contents->held, IsEmpty());
}

TEST(ProcessDirectoryName, GoesBothWays) {
    EXPECT_EQ(process_directory_name({7, 9}), "7-9");
    EXPECT_EQ(parse_process_directory_name("7-9"), (ProcessIdentity{7, 9}));
    for (const char* name : {"", "7", "7-", "-9", "7-9-1", "7-9x", "a-b"})
        EXPECT_FALSE(parse_process_directory_name(name).has_value()) << name;
}

/// A number that no process has: one that just ended.
ProcessIdentity dead_process() {
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(0);
    ::waitpid(child, nullptr, 0);
    return {child, 1};
}

/// A directory as a killed run leaves it, holding the resources.
std::string dead_run(
    const Places& places, const std::vector<Resource>& held, const std::string& boot = boot_id()
) {
    const ProcessIdentity dead = dead_process();
    const std::string directory = places.runtime + "/" + process_directory_name(dead);
    EXPECT_TRUE(make_private_directory(places.runtime).has_value());
    EXPECT_TRUE(make_private_directory(directory).has_value());
    std::string text = registry_opening(dead, boot);
    for (const Resource& resource : held)
        text += registry_line('+', resource);
    write(directory + "/registry", text);
    return directory;
}

std::string window_path(const Resource& window) {
    return "/dev/shm/" + window.name;
}

TEST(RunRegistry, RemovesWhatItHoldsAndItself) {
    TemporaryDirectory here;
    const Resource window{ResourceKind::window, "rundown-test-" + std::to_string(::getpid()), ""};
    std::string directory;
    {
        auto registry = RunRegistry::create({here / "run", here / "cache"});
        ASSERT_TRUE(registry.has_value()) << registry.error().sentence;
        directory = (*registry)->directory();
        ASSERT_TRUE((*registry)->hold(window).has_value());
        ASSERT_TRUE((*registry)->hold(kSocket).has_value());
        write(window_path(window), "x");
        write(directory + "/serial-1", "");
        (*registry)->release(kSocket);
        EXPECT_FALSE(std::filesystem::exists(directory + "/serial-1"));
        EXPECT_THAT(parse_registry(read(directory + "/registry"))->held, ElementsAre(window));
        EXPECT_EQ(
            (*registry)->hold({ResourceKind::window, "passwd", ""}).error().kind,
            ErrorKind::internal
        );
    }
    EXPECT_FALSE(std::filesystem::exists(window_path(window)));
    EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(Leftovers, OfADeadRunAreRemoved) {
    TemporaryDirectory here;
    const Places places{here / "run", here / "cache"};
    const Resource window{ResourceKind::window, "rundown-test-" + std::to_string(::getpid()), ""};
    const std::string directory = dead_run(places, {window, kSocket, kDomain});
    write(window_path(window), "x");
    std::filesystem::create_directories(directory + "/v/run/qemu");
    const Leftovers leftovers = clean_leftovers(places);
    EXPECT_EQ(leftovers.runs, 1);
    EXPECT_EQ(leftovers.resources, 3);
    EXPECT_FALSE(std::filesystem::exists(window_path(window)));
    EXPECT_FALSE(std::filesystem::exists(directory));
    EXPECT_EQ(clean_leftovers(places).runs, 0);
}

TEST(Leftovers, OfAnEarlierBootAreOnlyTheDirectory) {
    TemporaryDirectory here;
    const Places places{here / "run", here / "cache"};
    const Resource window{ResourceKind::window, "rundown-test-" + std::to_string(::getpid()), ""};
    dead_run(places, {window}, "another-boot");
    write(window_path(window), "somebody else's now");
    const Leftovers leftovers = clean_leftovers(places);
    EXPECT_EQ(leftovers.runs, 1);
    EXPECT_EQ(leftovers.resources, 0);
    EXPECT_TRUE(std::filesystem::remove(window_path(window)));
}

TEST(Leftovers, ThrowAwayFilesGoWhateverTheBoot) {
    TemporaryDirectory here;
    const Places places{here / "run", here / "cache"};
    const Resource file{ResourceKind::file, here / "overlay.qcow2", ""};
    for (const std::string& boot : {boot_id(), std::string("another-boot")}) {
        write(file.name, "x");
        dead_run(places, {file}, boot);
        EXPECT_EQ(clean_leftovers(places).resources, 1);
        EXPECT_FALSE(std::filesystem::exists(file.name)) << boot;
    }
}

TEST(Leftovers, LiveRunsAndForeignThingsStay) {
    TemporaryDirectory here;
    const Places places{here / "run", here / "cache"};
    auto live = RunRegistry::create(places);
    ASSERT_TRUE(live.has_value());
    std::filesystem::create_directory(places.runtime + "/notes");
    write(places.runtime + "/1-1", "a file, not a directory");
    EXPECT_EQ(clean_leftovers(places).runs, 0);
    EXPECT_TRUE(std::filesystem::exists((*live)->directory() + "/registry"));
    EXPECT_TRUE(std::filesystem::exists(places.runtime + "/notes"));
    EXPECT_TRUE(std::filesystem::exists(places.runtime + "/1-1"));
}

TEST(Leftovers, ALockedRegistryIsLeftAlone) {
    TemporaryDirectory here;
    const Places places{here / "run", here / "cache"};
    const std::string directory = dead_run(places, {});
    const int fd = ::open((directory + "/registry").c_str(), O_RDWR);
    ASSERT_EQ(
        ::flock(fd, LOCK_EX), 0
    );  // Another process that is cleaning it, or an owner in another pid namespace.
    EXPECT_EQ(clean_leftovers(places).runs, 0);
    EXPECT_TRUE(std::filesystem::exists(directory));
    ::close(fd);
    EXPECT_EQ(clean_leftovers(places).runs, 1);
}

TEST(Leftovers, ADirectoryWithoutARegistryGoesToo) {
    TemporaryDirectory here;
    const Places places{here / "run", here / "cache"};
    const std::string directory = dead_run(places, {});
    std::filesystem::remove(directory + "/registry");
    EXPECT_EQ(clean_leftovers(places).runs, 1);
    EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(Leftovers, NothingThereIsFine) {
    TemporaryDirectory here;
    EXPECT_EQ(clean_leftovers({here / "never", here / "cache"}).runs, 0);
    EXPECT_FALSE(std::filesystem::exists(here / "never"));
}

}  // namespace
}  // namespace rundown::guest
