// SPDX-License-Identifier: MIT
// cm/rtl_registry.hpp
//
// Keys as the Rtl registry functions name them: RelativeTo and a path.
#pragma once
#include "nt_internal.hpp"

namespace cm {

/// A handle to such a key for a scope. PASSIVE_LEVEL.
class RelativeKey {
  public:
    RelativeKey() = default;
    ~RelativeKey() { close(); }
    RelativeKey(const RelativeKey&) = delete;
    RelativeKey& operator=(const RelativeKey&) = delete;

    /// Opens the key. `make`: creates its last component when it is missing. With RTL_REGISTRY_HANDLE `path` is an open
    /// handle, which stays the caller's.
    NTSTATUS open(ULONG relative_to, PCWSTR path, bool make);
    /// Opens a key below another one.
    NTSTATUS open_below(HANDLE parent, PCWSTR path);
    HANDLE get() const { return handle_; }

  private:
    void close();
    HANDLE handle_ = nullptr;
    bool borrowed_ = false;
};

}  // namespace cm
