// SPDX-License-Identifier: MIT
// ndis/lib/configuration.cpp
//
// Opening and closing configuration handles, and the memory behind them. PASSIVE_LEVEL, all of it.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/nf-ndis-ndisopenprotocolconfiguration
#include "ndis/lib/configuration.hpp"

#include "ndis/lib/core_seam.hpp"

using namespace ndis;

namespace ndis {

Configuration* make_configuration(HANDLE key, PVOID caller) {
    auto* configuration =
        static_cast<Configuration*>(allocate_for(caller, NonPagedPool, sizeof(Configuration), kConfigurationTag));
    if (!configuration) {
        ZwClose(key);
        return nullptr;
    }
    RtlZeroMemory(configuration, sizeof *configuration);
    configuration->magic = kConfigurationMagic;
    configuration->key = key;
    configuration->creator = caller;
    return configuration;
}

Configuration& configuration_of(NDIS_HANDLE handle, const char* function, PVOID caller) {
    auto* configuration = static_cast<Configuration*>(handle);
    if (!configuration || configuration->magic != kConfigurationMagic) {
        RdPutString(function);
        RdBugCheckText(
            ": not a configuration handle, or one that is closed", 0xC4, 0x5244000B, reinterpret_cast<ULONG_PTR>(handle), 0,
            reinterpret_cast<ULONG_PTR>(caller));
    }
    return *configuration;
}

PVOID configuration_memory(Configuration& configuration, SIZE_T bytes) {
    auto* value =
        static_cast<Value*>(allocate_for(configuration.creator, NonPagedPool, sizeof(Value) + bytes, kConfigurationTag));
    if (!value) return nullptr;
    SpinGuard guard(configuration.lock);
    value->next = configuration.values;
    configuration.values = value;
    return value + 1;
}

NTSTATUS read_value(Configuration& configuration, PUNICODE_STRING name, PKEY_VALUE_PARTIAL_INFORMATION* information) {
    ULONG bytes = 0;
    NTSTATUS status = ZwQueryValueKey(configuration.key, name, KeyValuePartialInformation, nullptr, 0, &bytes);
    if (status != STATUS_BUFFER_TOO_SMALL && status != STATUS_BUFFER_OVERFLOW)
        return NT_SUCCESS(status) ? STATUS_UNSUCCESSFUL : status;
    const SIZE_T room = bytes + 2 * sizeof(WCHAR);
    auto* result = static_cast<PKEY_VALUE_PARTIAL_INFORMATION>(configuration_memory(configuration, room));
    if (!result) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(result, room);
    status = ZwQueryValueKey(configuration.key, name, KeyValuePartialInformation, result, bytes, &bytes);
    if (NT_SUCCESS(status)) *information = result;
    return status;
}

}  // namespace ndis

namespace {

constexpr WCHAR kServices[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
constexpr ULONG kAccess = KEY_READ | KEY_WRITE;

NTSTATUS open_key(HANDLE root, PUNICODE_STRING name, PHANDLE key) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, nullptr);
    return ZwOpenKey(key, kAccess, &attributes);
}

/// Finishes an open: a handle for the driver, or why not.
void finish(PNDIS_STATUS status, PNDIS_HANDLE handle, NTSTATUS opened, HANDLE key, PVOID caller) {
    *handle = NT_SUCCESS(opened) ? make_configuration(key, caller) : nullptr;
    if (*handle)
        *status = NDIS_STATUS_SUCCESS;
    else
        *status = NT_SUCCESS(opened) || opened == STATUS_INSUFFICIENT_RESOURCES ? NDIS_STATUS_RESOURCES : NDIS_STATUS_FAILURE;
}

}  // namespace

/// The adapter's driver key (Control\Class\{...}\NNNN); `WrapperConfigurationContext` is MiniportInitialize's.
/// NDIS_STATUS_FAILURE: there is none. PASSIVE_LEVEL.
VOID NTAPI NdisOpenConfiguration(PNDIS_STATUS Status, PNDIS_HANDLE ConfigurationHandle, NDIS_HANDLE WrapperConfigurationContext) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisOpenConfiguration", NDIS_CALLER);
    HANDLE key = nullptr;
    const NTSTATUS opened =
        IoOpenDeviceRegistryKey(resources_of(WrapperConfigurationContext)->pdo, PLUGPLAY_REGKEY_DRIVER, kAccess, &key);
    finish(Status, ConfigurationHandle, opened, key, NDIS_CALLER);
}

/// `ProtocolSection` (SystemSpecific1 of ProtocolBindAdapter) is a path below Services. NDIS_STATUS_FAILURE: no such key.
/// PASSIVE_LEVEL.
VOID NTAPI NdisOpenProtocolConfiguration(PNDIS_STATUS Status, PNDIS_HANDLE ConfigurationHandle, PNDIS_STRING ProtocolSection) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisOpenProtocolConfiguration", NDIS_CALLER);
    UNICODE_STRING path = {};
    const SIZE_T bytes = sizeof kServices + ProtocolSection->Length;
    HANDLE key = nullptr;
    NTSTATUS opened = STATUS_OBJECT_NAME_INVALID;
    if (bytes <= 0xFFFE) {
        path.Buffer = static_cast<PWSTR>(ExAllocatePoolWithTag(NonPagedPool, bytes, kConfigurationTag));
        opened = STATUS_INSUFFICIENT_RESOURCES;
    }
    if (path.Buffer) {
        path.MaximumLength = static_cast<USHORT>(bytes);
        RtlAppendUnicodeToString(&path, kServices);
        RtlAppendUnicodeStringToString(&path, ProtocolSection);
        // An absolute path is taken as it is.
        const bool absolute = ProtocolSection->Length && ProtocolSection->Buffer[0] == L'\\';
        opened = open_key(nullptr, absolute ? ProtocolSection : &path, &key);
        ExFreePoolWithTag(path.Buffer, kConfigurationTag);
    }
    finish(Status, ConfigurationHandle, opened, key, NDIS_CALLER);
}

/// A key below an open one. NDIS_STATUS_FAILURE: no such key. PASSIVE_LEVEL.
VOID NTAPI NdisOpenConfigurationKeyByName(
    PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisOpenConfigurationKeyByName", NDIS_CALLER);
    Configuration& parent = configuration_of(ConfigurationHandle, "NdisOpenConfigurationKeyByName", NDIS_CALLER);
    HANDLE key = nullptr;
    const NTSTATUS opened = open_key(parent.key, SubKeyName, &key);
    finish(Status, SubKeyHandle, opened, key, NDIS_CALLER);
}

/// The key with this number below an open one, and its name in memory of the open one's handle. NDIS_STATUS_FAILURE: fewer
/// keys. PASSIVE_LEVEL.
VOID NTAPI NdisOpenConfigurationKeyByIndex(
    PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, ULONG Index, PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisOpenConfigurationKeyByIndex", NDIS_CALLER);
    Configuration& parent = configuration_of(ConfigurationHandle, "NdisOpenConfigurationKeyByIndex", NDIS_CALLER);
    *KeyName = {};
    *KeyHandle = nullptr;
    ULONG bytes = 0;
    NTSTATUS status = ZwEnumerateKey(parent.key, Index, KeyBasicInformation, nullptr, 0, &bytes);
    *Status = NDIS_STATUS_FAILURE;
    if (status != STATUS_BUFFER_TOO_SMALL && status != STATUS_BUFFER_OVERFLOW) return;
    auto* information = static_cast<PKEY_BASIC_INFORMATION>(configuration_memory(parent, bytes + sizeof(WCHAR)));
    *Status = NDIS_STATUS_RESOURCES;
    if (!information) return;
    status = ZwEnumerateKey(parent.key, Index, KeyBasicInformation, information, bytes, &bytes);
    *Status = NDIS_STATUS_FAILURE;
    if (!NT_SUCCESS(status) || information->NameLength > 0xFFFC) return;
    KeyName->Buffer = information->Name;
    KeyName->Length = KeyName->MaximumLength = static_cast<USHORT>(information->NameLength);
    HANDLE key = nullptr;
    status = open_key(parent.key, KeyName, &key);
    finish(Status, KeyHandle, status, key, NDIS_CALLER);
}

/// What was read through the handle is gone with it. PASSIVE_LEVEL.
VOID NTAPI NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisCloseConfiguration", NDIS_CALLER);
    Configuration& configuration = configuration_of(ConfigurationHandle, "NdisCloseConfiguration", NDIS_CALLER);
    configuration.magic = 0;
    ZwClose(configuration.key);
    while (Value* value = configuration.values) {
        configuration.values = value->next;
        ExFreePool(value);
    }
    ExFreePool(&configuration);
}
