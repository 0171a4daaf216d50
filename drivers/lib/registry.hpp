// SPDX-License-Identifier: MIT
// lib/registry.hpp
//
// A driver's own parameters: values under <service key>\Parameters; what it notes there until the
// system goes; and one question about devices. All PASSIVE_LEVEL.
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

    /// A number noted earlier in this boot with NoteForThisBoot(), or 0.
    ULONG64 NotedThisBoot(PCWSTR name) const;

    /// Notes a number, for as long as the system is up and the service is installed: in a volatile
    /// key under Parameters. False when that could not be done.
    bool NoteForThisBoot(PCWSTR name, ULONG64 number) const;

  private:
    HANDLE Key_ = nullptr;
};

/// Whether a device that `enumerator` (as under ...\Enum) has found, with an identifier that begins
/// so, has a service: somebody drives it. Also true when the registry cannot tell.
bool DeviceHasService(PCWSTR enumerator, PCWSTR identifier);

/// The last component of a registry path: the service's name. Points into `path`.
UNICODE_STRING ServiceName(PCUNICODE_STRING path);

} // namespace rundown
