// SPDX-License-Identifier: MIT
// agent/win32/library.hpp
//
// Functions that not every system has, or that are needed seldom: looked up when they are used, so
// that the program loads wherever kernel32 does.
#pragma once
#include <windows.h>

namespace rundown::win32
{

/// function<BOOL WINAPI(HANDLE)>(L"setupapi.dll", "X"); null: the system does not have it. The
/// library stays loaded.
template <class Signature>
Signature *
function(const wchar_t *library, const char *name)
{
    HMODULE module = LoadLibraryW(library);
    return module ? reinterpret_cast<Signature *>(
                        reinterpret_cast<void *>(GetProcAddress(module, name)))
                  : nullptr;
}

} // namespace rundown::win32
