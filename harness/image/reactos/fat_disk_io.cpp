// SPDX-License-Identifier: MIT
#include "image/reactos/fat_disk_io.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file_io.hpp"
#include "image/program_io.hpp"

namespace rundown::image::reactos {

namespace {

constexpr Milliseconds kCopyTime{60000};
constexpr std::size_t kBootRecord = 512;

Error cannot_read(const std::string& path) {
    return fail(
        ErrorKind::environment, fmt::format("cannot read {}: {}", path, std::strerror(errno))
    );
}

}  // namespace

result<std::string> read_whole_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return cannot_read(path);
    }
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) {
        return cannot_read(path);
    }
    return bytes;
}

result<ScratchDirectory> ScratchDirectory::create() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base && *base ? base : "/tmp") + "/rundown-image-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        return cannot_write(name, errno);
    }
    return ScratchDirectory(name);
}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) {
        std::filesystem::remove_all(path_, ignored);
    }
}

result<FatDisk> FatDisk::open(const std::string& path, Watch watch) {
    std::ifstream file(path, std::ios::binary);
    std::string record(kBootRecord, '\0');
    file.read(record.data(), static_cast<std::streamsize>(record.size()));
    record.resize(static_cast<std::size_t>(file.gcount()));
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (error || record.empty()) {
        return fail(ErrorKind::environment, fmt::format("cannot read the disk {}", path));
    }
    const auto partition = fat_partition(record, bytes, path);
    if (!partition) {
        return partition.error();
    }
    return FatDisk(path, *partition, std::move(watch));
}

result<void> FatDisk::run(std::vector<std::string> arguments, const std::string& what) const {
    ProgramRun run;
    run.arguments = {arguments.front(), "-i", fmt::format("{}@@{}", path_, partition_.offset)};
    run.arguments.insert(run.arguments.end(), arguments.begin() + 1, arguments.end());
    // Odd geometries are no reason to refuse a file system that Windows and ReactOS take.
    run.environment = {"MTOOLS_SKIP_CHECK=1"};
    run.cancelled = watch_.cancelled;
    const auto ended = run_program_well(run, Deadline::in(kCopyTime, what));
    if (!ended) {
        return in_context(fmt::format("{} on {}", what, path_), ended.error());
    }
    return {};
}

result<std::string> FatDisk::get(const std::string& file) const {
    const auto scratch = ScratchDirectory::create();
    if (!scratch) {
        return scratch.error();
    }
    const std::string copy = scratch->file("copy");
    RUNDOWN_TRY(run({"mcopy", "-n", "::/" + file, copy}, "reading " + file));
    return read_whole_file(copy);
}

result<void> FatDisk::put(const std::string& file, const std::string& contents) const {
    const auto scratch = ScratchDirectory::create();
    if (!scratch) {
        return scratch.error();
    }
    const std::string copy = scratch->file("copy");
    RUNDOWN_TRY(write_whole_file(copy, contents));
    return run({"mcopy", "-o", copy, "::/" + file}, "writing " + file);
}

bool FatDisk::has(const std::string& file) const {
    return run({"mdir", "-b", "::/" + file}, "looking for " + file).has_value();
}

result<void> FatDisk::make_directory(const std::string& directory) const {
    if (has(directory)) {
        return {};
    }
    return run({"mmd", "::/" + directory}, "making " + directory);
}

}  // namespace rundown::image::reactos
