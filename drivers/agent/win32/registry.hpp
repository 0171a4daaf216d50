// SPDX-License-Identifier: MIT
// agent/win32/registry.hpp
//
// Keys below HKEY_LOCAL_MACHINE, opened or made, closed with their scope.
#pragma once
#include <windows.h>

#include <optional>
#include <string>
#include <vector>

namespace rundown::win32
{

class RegistryKey
{
  public:
    RegistryKey() = default;
    ~RegistryKey();
    RegistryKey(const RegistryKey &) = delete;
    RegistryKey &operator=(const RegistryKey &) = delete;

    /// 0, or a Win32 error. `path`: below HKEY_LOCAL_MACHINE.
    DWORD open(const std::wstring &path, REGSAM access = KEY_READ);
    /// Makes it when it is not there. Volatile keys end with the system's session.
    DWORD create(const std::wstring &path, bool is_volatile = false);

    DWORD set(const wchar_t *name, DWORD type, const void *data, size_t bytes);
    DWORD set(const wchar_t *name, DWORD number);
    DWORD set(const wchar_t *name, const std::wstring &text);
    DWORD set(const wchar_t *name, const std::vector<std::string> &texts); // REG_MULTI_SZ
    /// 0 as well when there was none.
    DWORD remove_value(const wchar_t *name);

    std::optional<DWORD> number(const wchar_t *name) const;
    /// REG_SZ, REG_EXPAND_SZ or the first of a REG_MULTI_SZ; empty: none.
    std::wstring text(const wchar_t *name) const;
    std::vector<std::string> texts(const wchar_t *name) const; // of a REG_MULTI_SZ
    std::vector<std::wstring> subkeys() const;

  private:
    std::wstring characters(const wchar_t *name, DWORD *type) const;
    HKEY key_ = nullptr;
};

/// Deletes a key and all below it; a key that is not there is no error. 0, or a Win32 error.
DWORD remove_registry_tree(const std::wstring &path);

/// "SYSTEM\CurrentControlSet\Services\NAME".
std::wstring service_key(const std::string &service);

} // namespace rundown::win32
