// SPDX-License-Identifier: MIT
#include "agent/win32/text.hpp"

#include <stdarg.h>
#include <stdio.h>

namespace rundown::win32
{

std::wstring
widen(std::string_view utf8)
{
    const int bytes = static_cast<int>(utf8.size());
    std::wstring text(
        static_cast<size_t>(MultiByteToWideChar(CP_UTF8, 0, utf8.data(), bytes, nullptr, 0)),
        L'\0');
    MultiByteToWideChar(CP_UTF8, 0, utf8.data(), bytes, text.data(), static_cast<int>(text.size()));
    return text;
}

std::string
narrow(std::wstring_view text)
{
    const int count = static_cast<int>(text.size());
    const int bytes =
        WideCharToMultiByte(CP_UTF8, 0, text.data(), count, nullptr, 0, nullptr, nullptr);
    std::string utf8(static_cast<size_t>(bytes), '\0');
    WideCharToMultiByte(CP_UTF8, 0, text.data(), count, utf8.data(), bytes, nullptr, nullptr);
    return utf8;
}

std::string
format(const char *pattern, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, pattern);
    const int length = vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    const size_t room = sizeof text - 1;
    return std::string(text, length < 0 ? 0 : length > static_cast<int>(room) ? room : length);
}

std::string
error_text(DWORD error)
{
    wchar_t text[400];
    const DWORD length = FormatMessageW(
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
        nullptr,
        error,
        0,
        text,
        400,
        nullptr);
    std::wstring_view said(text, length);
    while (!said.empty() && (said.back() == L' ' || said.back() == L'.'))
        said.remove_suffix(1);
    return narrow(said);
}

std::wstring
expanded(const std::wstring &path)
{
    wchar_t text[1024];
    const DWORD length = ExpandEnvironmentStringsW(path.c_str(), text, 1024);
    return length && length <= 1024 ? std::wstring(text) : path;
}

std::wstring
system_root()
{
    wchar_t text[MAX_PATH];
    const UINT length = GetWindowsDirectoryW(text, MAX_PATH);
    std::wstring path(text, length < MAX_PATH ? length : 0);
    while (!path.empty() && path.back() == L'\\')
        path.pop_back();
    return path;
}

std::wstring
own_path()
{
    wchar_t text[1024];
    const DWORD length = GetModuleFileNameW(nullptr, text, 1024);
    return std::wstring(text, length < 1024 ? length : 0);
}

std::wstring
folder_of(const std::wstring &path)
{
    const size_t separator = path.find_last_of(L"\\/");
    return separator == std::wstring::npos ? std::wstring(L".") : path.substr(0, separator);
}

} // namespace rundown::win32
