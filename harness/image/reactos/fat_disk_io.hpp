// SPDX-License-Identifier: MIT
// image/reactos/fat_disk_io.hpp
//
// Files on the FAT partition of a raw disk image nobody uses, by mtools. Paths are relative to the
// partition's root, '/' between names; case does not matter. Blocking.
#pragma once

#include <string>

#include "base/result.hpp"
#include "image/reactos/partition.hpp"
#include "image/store.hpp"

namespace rundown::image::reactos {

class FatDisk {
  public:
    /// Errors: environment (cannot be read, no FAT partition).
    static result<FatDisk> open(const std::string& path, Watch watch);

    /// The file's contents. Error: environment, it is not there or cannot be read.
    result<std::string> get(const std::string& file) const;
    /// Writes a file, in place of one that may be there.
    result<void> put(const std::string& file, const std::string& contents) const;
    /// Makes a directory, unless it is there.
    result<void> make_directory(const std::string& directory) const;
    bool has(const std::string& file) const;
    const std::string& path() const { return path_; }

  private:
    FatDisk(std::string path, FatPartition partition, Watch watch)
        : path_(std::move(path)), partition_(partition), watch_(std::move(watch)) {}
    result<void> run(std::vector<std::string> arguments, const std::string& what) const;

    std::string path_;
    FatPartition partition_;
    Watch watch_;
};

/// A directory for files that programs exchange, removed with its owner.
class ScratchDirectory {
  public:
    static result<ScratchDirectory> create();
    ScratchDirectory(ScratchDirectory&& other) noexcept;
    ScratchDirectory& operator=(ScratchDirectory&&) = delete;
    ~ScratchDirectory();
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

/// The whole file. Error: environment.
result<std::string> read_whole_file(const std::string& path);

}  // namespace rundown::image::reactos
