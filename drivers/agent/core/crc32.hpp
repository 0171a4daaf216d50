// SPDX-License-Identifier: MIT
// agent/core/crc32.hpp
//
// CRC-32 as Ethernet and zlib compute it (reflected polynomial 0xEDB88320, initial value and final
// complement all ones).
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rundown::agent
{

uint32_t crc32(const uint8_t *bytes, size_t count);

} // namespace rundown::agent
