// SPDX-License-Identifier: MIT
// agent/win32/text.hpp
//
// The wire's UTF-8 and the system's UTF-16, and sentences put together.
#pragma once
#include <windows.h>

#include <string>
#include <string_view>

#include "agent/win32/utf8.hpp"

namespace rundown::win32
{

std::wstring widen(std::string_view utf8);
std::string narrow(std::wstring_view text);

/// As printf.
std::string format(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

/// What the system says of an error, without its full stop; empty: nothing.
std::string error_text(DWORD error);

/// A path with the environment's variables filled in ("%SystemRoot%\...").
std::wstring expanded(const std::wstring &path);

/// "C:\Windows", without a separator at its end.
std::wstring system_root();

/// The program's own path.
std::wstring own_path();

/// The folder of a path, without the separator.
std::wstring folder_of(const std::wstring &path);

} // namespace rundown::win32
