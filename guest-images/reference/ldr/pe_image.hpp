// SPDX-License-Identifier: MIT
// ldr/pe_image.hpp
//
// What a PE32+ file says, believed only after it has been checked: every offset, count and size is compared with the bytes
// that are there, since images come from outside. Pure: no kernel or library headers beyond the freestanding ones, no
// allocation, no I/O; the loader uses it inside the guest, the harness before booting one.
// Format: https://learn.microsoft.com/windows/win32/debug/pe-format
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace ldr {

/// NTSTATUS values an image can be refused with, as Windows refuses them.
enum : uint32_t {
    kImageFine = 0,
    kImageInvalid = 0xC000007B,           ///< STATUS_INVALID_IMAGE_FORMAT
    kImageChecksumMismatch = 0xC0000221,  ///< STATUS_IMAGE_CHECKSUM_MISMATCH
};

/// Result of a check: a status and, when it is not kImageFine, one English sentence without the file's name.
struct ImageVerdict {
    uint32_t status = kImageFine;
    const char* sentence = "";
    explicit operator bool() const { return status == kImageFine; }
};

struct ImageSection {
    char name[9];            ///< NUL terminated.
    uint32_t address;        ///< Image relative.
    uint32_t bytes;          ///< In memory.
    uint32_t file_offset;
    uint32_t file_bytes;     ///< Of those from the file; never more than fit the section in memory.
    uint32_t characteristics;
};

struct ImageRange {
    uint32_t address, bytes;
};

/// One function or datum an image wants from another.
struct ImageImport {
    const char* dll;    ///< As the image spells it.
    const char* name;   ///< Null when imported by ordinal.
    uint16_t ordinal;
    uint32_t slot;      ///< Image-relative address of the pointer to fill in.
};

/// An entry of an export table: an address inside the image, or "module.name" elsewhere.
struct ImageExport {
    uint32_t address;
    const char* forwarder;  ///< Null, or where the export really is.
};

enum ImageDirectory : unsigned {
    kDirectoryExport = 0,
    kDirectoryImport = 1,
    kDirectoryException = 3,
    kDirectorySecurity = 4,  ///< The only one given as a file offset.
    kDirectoryRelocation = 5,
    kDirectoryLoadConfig = 10,
};

constexpr uint32_t kSectionExecute = 0x20000000, kSectionRead = 0x40000000, kSectionWrite = 0x80000000,
                   kSectionDiscardable = 0x02000000;
constexpr unsigned kSectionsMax = 96;
constexpr uint32_t kImageBytesMax = 64u << 20;

/// A checked image, either as it lies in its file or as it is laid out in memory. Refers to the bytes, owns nothing.
class PeImage {
  public:
    /// Checks headers, section table, directories and checksum of a file. On success `*image` is its file view.
    static ImageVerdict parse(const void* file, size_t bytes, PeImage* image);

    /// The same image laid out at `base` (image_bytes() long).
    PeImage mapped_at(const void* base) const;

    uint64_t preferred_base() const { return preferred_base_; }
    uint32_t image_bytes() const { return image_bytes_; }    ///< Rounded up to pages.
    uint32_t header_bytes() const { return header_bytes_; }
    uint32_t entry_point() const { return entry_point_; }    ///< Image relative, 0: none.
    unsigned section_count() const { return section_count_; }
    ImageSection section(unsigned index) const;
    ImageRange directory(ImageDirectory which) const;
    /// Sections smaller than a page: memory protection cannot tell them apart.
    bool has_page_sections() const { return section_alignment_ >= 4096; }

    /// `bytes` bytes of the image, or null when they are not (all) there. In the file view what the file does not hold
    /// (zero-filled tails) is not there either.
    const uint8_t* at(uint32_t address, size_t bytes) const;
    /// A NUL-terminated string of printable ASCII, or null.
    const char* text_at(uint32_t address) const;

    /// Calls `visit` for every import in table order. Stops early when it returns false.
    ImageVerdict for_each_import(bool (*visit)(void* context, const ImageImport&), void* context) const;
    /// Calls `visit` for every base relocation. An image without any can be moved all the same.
    ImageVerdict for_each_relocation(bool (*visit)(void* context, uint32_t address, unsigned type), void* context) const;

    /// Looks a name up in the export table. False: no such export, or the table is broken there.
    bool find_export(const char* name, ImageExport* found) const;
    bool find_export(uint16_t ordinal, ImageExport* found) const;

    /// Checks imports, relocations and the exception table too, as far as their form goes. For a file, before it is used.
    ImageVerdict check_tables() const;

  private:
    ImageVerdict parse_headers();
    ImageVerdict parse_sections();
    ImageVerdict parse_directories();
    ImageVerdict check_exceptions() const;
    bool unwind_information_fits(uint32_t address, unsigned depth = 0) const;
    bool export_at(uint32_t index, ImageExport* found) const;
    bool zero_filled(uint32_t address, size_t bytes) const;

    const uint8_t* data_ = nullptr;
    size_t size_ = 0;
    bool mapped_ = false;
    uint32_t optional_ = 0;  // offset of the optional header
    uint32_t sections_ = 0;  // offset of the section table
    uint32_t section_count_ = 0;
    uint32_t directory_count_ = 0;
    uint64_t preferred_base_ = 0;
    uint32_t image_bytes_ = 0;
    uint32_t header_bytes_ = 0;
    uint32_t entry_point_ = 0;
    uint32_t section_alignment_ = 0;
};

/// The checksum of the optional header, computed anew. `checksum_offset` is where the header keeps it.
uint32_t image_checksum(const uint8_t* file, size_t bytes, size_t checksum_offset);

/// Do two module names mean the same one? Case does not matter; "ntoskrnl" is not "ntoskrnl.exe".
bool same_module_name(const char* left, const char* right);

}  // namespace ldr
