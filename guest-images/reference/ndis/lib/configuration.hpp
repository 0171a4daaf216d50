// SPDX-License-Identifier: MIT
// ndis/lib/configuration.hpp
//
// A configuration handle: a key of the registry, and the memory of everything that was read through it.
#pragma once
#include "ndis/lib/ndis_lib.hpp"

namespace ndis {

constexpr ULONG kConfigurationTag = 'fcDN';  // "NDcf"

struct Configuration {
    ULONG64 magic;
    HANDLE key;
    PVOID creator;         ///< Whose it is.
    struct Value* values;  ///< Freed with the handle.
    KSPIN_LOCK lock;
};
constexpr ULONG64 kConfigurationMagic = 0x474946434f4e4452;  // "RDNOCFIG"

/// In front of what a read returned.
struct Value {
    Value* next;
    ULONG64 reserved;  // keeps what follows aligned
};

/// Takes over the key. Null: no memory; the key is closed then.
Configuration* make_configuration(HANDLE key, PVOID caller);
/// The handle checked; bug check 0xC4 when it is none, or closed.
Configuration& configuration_of(NDIS_HANDLE handle, const char* function, PVOID caller);
/// Memory that lives as long as the handle; null: none.
PVOID configuration_memory(Configuration& configuration, SIZE_T bytes);

/// REG_* data of a value, in memory as above with two characters of zeros behind it. STATUS_OBJECT_NAME_NOT_FOUND...
NTSTATUS read_value(Configuration& configuration, PUNICODE_STRING name, PKEY_VALUE_PARTIAL_INFORMATION* information);

}  // namespace ndis
