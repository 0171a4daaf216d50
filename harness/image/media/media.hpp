// SPDX-License-Identifier: MIT
// image/media/media.hpp
//
// What an installation medium is, before anything boots: a CD image or not, whose, for which
// architecture. Reads ISO 9660 (with Joliet) and UDF, as Windows's media are, by itself; the bytes
// are the user's and trusted in nothing. Blocking.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/manifest.hpp"
#include "image/store.hpp"

namespace rundown::image {

/// A file or directory on a medium.
struct MediaEntry {
    std::string name;
    bool directory = false;
    std::uint64_t bytes = 0;
};

/// A run of a file's bytes on the medium.
struct MediaExtent {
    std::uint64_t offset = 0;  // In the image file; meaningless when `zero`.
    std::uint64_t bytes = 0;
    bool zero = false;  // Never written: reads as zeros.
};

class ByteSource;
class MediaImage;

/// An open file of a medium; must not outlive its MediaImage.
class MediaFile {
  public:
    std::uint64_t bytes() const { return bytes_; }
    /// Reads exactly `buffer.size()` bytes from `offset`; an error when the file has not so many.
    result<void> read(std::uint64_t offset, std::span<char> buffer) const;

  private:
    friend class MediaImage;
    const MediaImage* image_ = nullptr;
    std::string path_;
    std::uint64_t bytes_ = 0;
    std::vector<MediaExtent> extents_;
    std::string embedded_;
};

/// An ISO file. The best of its file systems is read: UDF, else Joliet, else ISO 9660. Paths are
/// relative, '/' between names ("sources/install.wim"), case does not matter. Not thread-safe.
class MediaImage {
  public:
    /// Errors, one sentence: cannot be read; "X is not a CD image: ..."; damaged or cut short.
    static result<std::unique_ptr<MediaImage>> open(const std::string& path);
    /// The same, of bytes from anywhere.
    static result<std::unique_ptr<MediaImage>> open(std::unique_ptr<ByteSource> source);
    MediaImage(const MediaImage&) = delete;
    MediaImage& operator=(const MediaImage&) = delete;
    ~MediaImage();

    const std::string& path() const;
    std::uint64_t bytes() const;           // Of the ISO file.
    const std::string& volume_id() const;  // As the file system read tells it.
    std::string_view file_system() const;  // "UDF", "Joliet", "ISO 9660".

    /// True when there is a file (not a directory) of that path.
    bool has_file(const std::string& path) const;
    bool has_directory(const std::string& path) const;
    /// What is in a directory ("" is the root).
    result<std::vector<MediaEntry>> list(const std::string& directory) const;
    /// Opens a file. Error: it is not there, or damaged.
    result<MediaFile> open_file(const std::string& path) const;
    /// A small file, whole. Error when it is larger than `bytes_max`.
    result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) const;
    /// Copies a file out of the medium.
    result<void> extract(const std::string& path, const std::string& to, const Watch& watch = {})
        const;
    /// El Torito: what the medium can be booted by.
    bool boots_bios() const;
    bool boots_uefi() const;

    struct Reader;

  private:
    friend class MediaFile;
    explicit MediaImage(std::unique_ptr<Reader> reader);
    std::unique_ptr<Reader> reader_;
};

/// How the system on a medium is installed.
enum class InstallerStyle {
    none,        // Not an installation medium we know.
    reactos,     // reactos/ tree, unattend.inf.
    text_mode,   // i386/ or amd64/ with TXTSETUP.SIF: Windows 2000 to Server 2003.
    answer_xml,  // sources/install.wim (or .esd, .swm): Windows Vista and later.
};

/// What inspect_media() found.
struct MediaInfo {
    std::string path;
    std::uint64_t bytes = 0;
    std::string volume_id;
    std::string file_system;
    ImageKind kind = ImageKind::invalid;  // invalid: no system we can install; `why_not` says why.
    InstallerStyle style = InstallerStyle::none;
    Arch arch = Arch::invalid;  // invalid where only the WIM's images tell.
    std::string os_version;     // ReactOS: "0.4.16-dev"; text mode: "5.1"; else empty.
    std::string os_name;        // "ReactOS", "Windows XP", ...; empty where the WIM tells.
    std::string source_folder;  // Text mode: "I386" or "AMD64", as on the medium.
    std::string install_file;   // "sources/install.wim", as on the medium; else empty.
    bool bios_bootable = false;
    bool uefi_bootable = false;
    std::string why_not;
};

/// Looks at a medium. An error means that it cannot be read or is no CD image.
result<MediaInfo> inspect_media(const std::string& path);

/// inspect_media() of one that is open already.
result<MediaInfo> inspect_media(const MediaImage& image);

/// Refuses, in one sentence, a medium that is not of `kind` (and `arch`, unless that is invalid).
result<void> require_media(const MediaInfo& info, ImageKind kind, Arch arch);

}  // namespace rundown::image
