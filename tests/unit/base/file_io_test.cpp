// SPDX-License-Identifier: MIT
// /dev/full and a limit on file sizes stand in for full disks.
#include "base/file_io.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rundown {
namespace {

using testing::HasSubstr;

class FileIo : public testing::Test {
  protected:
    FileIo() {
        char name[] = "/tmp/rundown-test-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~FileIo() override { std::filesystem::remove_all(directory_); }
    static std::string contents(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    std::string directory_;
};

/// Files of this process may have so many bytes, for the life of the object.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

TEST_F(FileIo, AWholeFileReplacesWhatWasThere) {
    const std::string path = directory_ + "/f";
    ASSERT_TRUE(write_whole_file(path, "a long text").has_value());
    ASSERT_TRUE(write_whole_file(path, std::string_view("a\0b", 3)).has_value());
    EXPECT_EQ(contents(path), std::string("a\0b", 3));
}

TEST_F(FileIo, AFullDiskIsNamedByWhereItIsMounted) {
    const auto written = write_whole_file("/dev/full", "x");
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().kind, ErrorKind::environment);
    EXPECT_EQ(
        written.error().sentence,
        "cannot write /dev/full: the disk mounted at /dev is full; free some of it, or choose "
        "another with --out"
    );
}

TEST_F(FileIo, OtherReasonsAreNamedToo) {
    EXPECT_THAT(
        write_whole_file(directory_ + "/no/f", "x").error().sentence,
        HasSubstr("its directory is gone")
    );
    EXPECT_THAT(write_whole_file(directory_, "x").error().sentence, HasSubstr("Is a directory"));
    const FileSizeLimit limit(100);
    EXPECT_THAT(
        write_whole_file(directory_ + "/f", std::string(101, 'x')).error().sentence,
        HasSubstr("ulimit -f")
    );
}

TEST_F(FileIo, ALogThatCannotGrowSaysWhyAndStopsWhereItIs) {
    const std::string path = directory_ + "/log";
    LogFile log;
    ASSERT_TRUE(log.open(path).has_value());
    log.append("first\n");
    EXPECT_EQ(contents(path), "first\n") << "nothing is kept back";
    {
        const FileSizeLimit limit(8);
        log.append("second\n");
    }
    log.append("third\n");
    ASSERT_TRUE(log.error().has_value());
    EXPECT_THAT(log.error()->sentence, HasSubstr(path));
    log.close();
    EXPECT_TRUE(log.error().has_value());
    EXPECT_EQ(contents(path), "first\nse");
    EXPECT_FALSE(log.open(directory_ + "/no/log").has_value());
    EXPECT_TRUE(log.open(path).has_value());
    EXPECT_FALSE(log.error().has_value());
}

TEST_F(FileIo, MountPointsAreFoundForWhatDoesNotExistYet) {
    EXPECT_EQ(mount_point_of("/proc/none/such"), "/proc");
    EXPECT_EQ(mount_point_of("/"), "/");
}

}  // namespace
}  // namespace rundown
