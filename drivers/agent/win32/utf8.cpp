// SPDX-License-Identifier: MIT
#include "agent/win32/utf8.hpp"

#include <string.h>

namespace rundown::win32
{

size_t
character_bytes(std::string_view text, size_t at)
{
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    const size_t bytes = lead < 0x80                   ? 1
                         : lead >= 0xC2 && lead < 0xE0 ? 2
                         : lead >= 0xE0 && lead < 0xF0 ? 3
                         : lead >= 0xF0 && lead < 0xF5 ? 4
                                                       : 0;
    if (!bytes || text.size() - at < bytes)
        return 0;
    for (size_t i = 1; i < bytes; ++i)
        if ((byte(at + i) & 0xC0) != 0x80)
            return 0;
    if (bytes < 3)
        return bytes;
    const unsigned char second = byte(at + 1);
    const bool is_long = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool is_surrogate = lead == 0xED && second >= 0xA0;
    return is_long || is_surrogate || (lead == 0xF4 && second >= 0x90) ? 0 : bytes;
}

void
copy_utf8(char *to, size_t room, std::string_view from)
{
    size_t filled = 0;
    for (size_t at = 0; at < from.size();) {
        const size_t bytes = character_bytes(from, at);
        if (filled + (bytes ? bytes : 1) >= room)
            break;
        if (bytes)
            memcpy(to + filled, from.data() + at, bytes);
        else
            to[filled] = '?';
        filled += bytes ? bytes : 1;
        at += bytes ? bytes : 1;
    }
    to[filled] = '\0';
}

} // namespace rundown::win32
