// SPDX-License-Identifier: MIT
// io/pnp/registry_key.hpp
//
// A registry key for the length of a scope. All of it at PASSIVE_LEVEL.
#pragma once
#include "nt_internal.hpp"

namespace pnp {

class RegistryKey {
  public:
    RegistryKey() = default;
    ~RegistryKey() { close(); }
    RegistryKey(const RegistryKey&) = delete;
    RegistryKey& operator=(const RegistryKey&) = delete;

    /// Opens `path` below HKLM\System\CurrentControlSet, making every part of it that does not exist.
    NTSTATUS create(const WCHAR* path);
    /// Opens it; STATUS_OBJECT_NAME_NOT_FOUND when it does not exist.
    NTSTATUS open(const WCHAR* path);
    bool is_open() const { return handle_ != nullptr; }
    HANDLE handle() const { return handle_; }
    /// The caller closes it from now on.
    HANDLE release();

    NTSTATUS set_text(const WCHAR* name, const WCHAR* text) const;
    /// `characters` of a multi-string, its terminators included.
    NTSTATUS set_multi(const WCHAR* name, const WCHAR* text, SIZE_T characters) const;
    NTSTATUS set_number(const WCHAR* name, ULONG number) const;
    /// Copies a string value (the first of several) with its terminator; false when absent, of another type or too long.
    bool get_text(const WCHAR* name, WCHAR* text, SIZE_T characters) const;

  private:
    NTSTATUS open_at(HANDLE parent, UNICODE_STRING* name, bool make);
    NTSTATUS walk(const WCHAR* path, bool make);
    void close();

    HANDLE handle_ = nullptr;
};

/// The full name of a key below HKLM\System\CurrentControlSet.
inline constexpr WCHAR kControlSet[] = L"\\Registry\\Machine\\System\\CurrentControlSet";

}  // namespace pnp
