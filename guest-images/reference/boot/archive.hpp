// SPDX-License-Identifier: MIT
// boot/archive.hpp
//
// Walks a tar archive (ustar and GNU headers; plain files only). Used by the boot stub and by the kernel.
#pragma once
#include <stdint.h>

struct ArchiveFile {
    const char* name;  ///< Without a leading "./".
    const uint8_t* data;
    uint64_t bytes;
};

/// Reads the entry at *offset and moves *offset behind it. False at the end, or where the archive is cut short.
inline bool next_in_archive(uint64_t archive, uint64_t archive_bytes, uint64_t* offset, ArchiveFile* file) {
    constexpr uint64_t kBlock = 512;
    while (archive_bytes >= kBlock && *offset <= archive_bytes - kBlock) {
        const char* header = reinterpret_cast<const char*>(archive + *offset);
        if (!header[0]) return false;
        uint64_t bytes = 0;
        for (int digit = 124; digit < 136 && header[digit] >= '0' && header[digit] <= '7'; ++digit)
            bytes = bytes * 8 + static_cast<uint64_t>(header[digit] - '0');
        if (bytes > archive_bytes - *offset - kBlock) return false;
        *offset += kBlock + (bytes + kBlock - 1) / kBlock * kBlock;
        if (header[156] != '0' && header[156] != 0) continue;  // directories, links, long names
        file->name = header[0] == '.' && header[1] == '/' ? header + 2 : header;
        file->data = reinterpret_cast<const uint8_t*>(header + kBlock);
        file->bytes = bytes;
        return true;
    }
    return false;
}

inline bool same_name(const char* a, const char* b) {
    while (*a && *a == *b) ++a, ++b;
    return *a == *b;
}

inline bool find_in_archive(uint64_t archive, uint64_t archive_bytes, const char* name, ArchiveFile* file) {
    uint64_t offset = 0;
    while (next_in_archive(archive, archive_bytes, &offset, file))
        if (same_name(file->name, name)) return true;
    return false;
}
