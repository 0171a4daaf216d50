// SPDX-License-Identifier: MIT
// image/windows/text.hpp
//
// How a text is written in the files Windows reads: XML, answer files of the INF kind, command
// scripts, registry files. What cannot be written there is refused, never changed in silence. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image::windows {

/// As character data or in a quoted attribute. Refused: bytes that are not UTF-8, characters
/// XML 1.0 has no way to write (controls). Kind: usage.
result<std::string> escape_xml(std::string_view text);

/// As a value between double quotes in winnt.sif: a quote is doubled, a percent sign (the mark of a
/// string that [Strings] replaces) too. Refused: line ends, characters outside printable ASCII
/// (the file is read in the code page of the system that is being installed). Kind: usage.
result<std::string> escape_sif(std::string_view text);

/// For command scripts, whose values are all ours: names of letters, digits and "-_.\ ". Anything
/// else is refused; kind: internal.
result<std::string> escape_command(std::string_view text);

/// With CR LF at each line's end, whatever they were. cmd.exe loses its place in scripts with bare
/// line feeds when they have labels.
std::string with_crlf(std::string_view text);

/// UTF-16, little endian, with a byte order mark; from UTF-8. Kind of error: internal.
result<std::string> utf16le(std::string_view text);

/// From UTF-16, little endian, with or without byte order mark, to UTF-8. Kind: environment.
result<std::string> from_utf16le(std::string_view bytes);

}  // namespace rundown::image::windows
