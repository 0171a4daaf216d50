// SPDX-License-Identifier: MIT
// image/qcow2_header.hpp
//
// What the first bytes of a qcow2 file tell (QEMU's docs/interop/qcow2.txt, "Header"). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image {

struct Qcow2Header {
    std::uint32_t version = 0;
    std::uint64_t virtual_bytes = 0;
    bool has_backing_file = false;
    bool dirty = false;    // Was not closed properly.
    bool corrupt = false;  // QEMU marked it as damaged.
};

inline constexpr std::size_t kQcow2HeaderBytes = 104;

/// Parses the beginning of `file` (its name, for the sentence).
result<Qcow2Header> parse_qcow2_header(std::string_view bytes, const std::string& file);

}  // namespace rundown::image
