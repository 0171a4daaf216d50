// SPDX-License-Identifier: MIT
// lib/registry.hpp
//
// A driver's own parameters: values under <service key>\Parameters. All PASSIVE_LEVEL.
#pragma once
#include "lib/kernel.hpp"

namespace rundown
{

/// The Parameters key, open while this lives. A key that is absent behaves like an empty one.
class DriverParameters
{
  public:
    /// `service`: the path DriverEntry was given; only read here.
    explicit DriverParameters(PCUNICODE_STRING service);
    ~DriverParameters();
    DriverParameters(const DriverParameters &) = delete;
    DriverParameters &operator=(const DriverParameters &) = delete;

    /// A REG_DWORD, or `otherwise` when it is absent or of another type.
    ULONG Number(PCWSTR name, ULONG otherwise) const;

    /// An 8-byte REG_BINARY (or REG_QWORD), or `otherwise`.
    ULONG64 Quad(PCWSTR name, ULONG64 otherwise) const;

  private:
    bool Read(PCWSTR name, void *data, ULONG bytes) const;

    HANDLE Key_ = nullptr;
};

/// The last component of a registry path: the service's name. Points into `path`.
UNICODE_STRING ServiceName(PCUNICODE_STRING path);

} // namespace rundown
