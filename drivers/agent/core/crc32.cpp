// SPDX-License-Identifier: MIT
#include "crc32.hpp"

namespace rundown::agent
{

namespace
{

struct Table {
    uint32_t entry[256];
    constexpr Table() : entry()
    {
        for (uint32_t i = 0; i < 256; ++i) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit)
                value = value & 1 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
            entry[i] = value;
        }
    }
};
constexpr Table kTable;

} // namespace

uint32_t
crc32(const uint8_t *bytes, size_t count)
{
    uint32_t value = ~0u;
    for (size_t i = 0; i < count; ++i)
        value = kTable.entry[(value ^ bytes[i]) & 0xFF] ^ (value >> 8);
    return ~value;
}

} // namespace rundown::agent
