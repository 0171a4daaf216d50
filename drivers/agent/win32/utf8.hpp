// SPDX-License-Identifier: MIT
// agent/win32/utf8.hpp
//
// Texts of the wire are UTF-8, and a message with a text that is not is refused by its reader: what
// goes into one is cut between characters, and bytes that are none become '?'. Pure.
#pragma once
#include <stddef.h>

#include <string_view>

namespace rundown::win32
{

/// Bytes of the character that begins at `at`; 0: no character of UTF-8 begins there.
size_t character_bytes(std::string_view text, size_t at);

/// Copies what fits into `room` bytes, a NUL included.
void copy_utf8(char *to, size_t room, std::string_view from);

template <size_t room>
void
copy(char (&to)[room], std::string_view from)
{
    copy_utf8(to, room, from);
}

} // namespace rundown::win32
