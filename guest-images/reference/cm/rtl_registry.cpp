// SPDX-License-Identifier: MIT
// cm/rtl_registry.cpp
//
// RtlWriteRegistryValue and its kin. Everything at PASSIVE_LEVEL.
#include "cm/rtl_registry.hpp"

#include "rtl/literal.hpp"

namespace cm {

namespace {

constexpr ULONG kPathBytesMax = 1024;

PCWSTR prefix_of(ULONG relative_to) {
    switch (relative_to) {
    case RTL_REGISTRY_ABSOLUTE: return L"";
    case RTL_REGISTRY_SERVICES: return L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    case RTL_REGISTRY_CONTROL: return L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\";
    case RTL_REGISTRY_WINDOWS_NT: return L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\";
    case RTL_REGISTRY_DEVICEMAP: return L"\\Registry\\Machine\\Hardware\\DeviceMap\\";
    case RTL_REGISTRY_USER: return L"\\Registry\\User\\.Default\\";
    default: return nullptr;
    }
}

NTSTATUS open_named(UNICODE_STRING* name, HANDLE root, bool make, HANDLE* handle) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, nullptr);
    return make ? ZwCreateKey(handle, KEY_ALL_ACCESS, &attributes, 0, nullptr, REG_OPTION_NON_VOLATILE, nullptr)
                : ZwOpenKey(handle, KEY_ALL_ACCESS, &attributes);
}

}  // namespace

void RelativeKey::close() {
    if (handle_ && !borrowed_) ZwClose(handle_);
    handle_ = nullptr;
}

NTSTATUS RelativeKey::open(ULONG relative_to, PCWSTR path, bool make) {
    close();
    borrowed_ = (relative_to & RTL_REGISTRY_HANDLE) != 0;
    if (borrowed_) {
        handle_ = const_cast<HANDLE>(static_cast<const void*>(path));
        return handle_ ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
    }
    const PCWSTR prefix = prefix_of(relative_to & ~static_cast<ULONG>(RTL_REGISTRY_OPTIONAL));
    if (!prefix || !path) return STATUS_INVALID_PARAMETER;
    auto* text = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, kPathBytesMax, 'pRmC'));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    UNICODE_STRING name = {0, kPathBytesMax, text};
    NTSTATUS status = RtlAppendUnicodeToString(&name, prefix);
    if (NT_SUCCESS(status)) status = RtlAppendUnicodeToString(&name, path);
    if (NT_SUCCESS(status)) status = open_named(&name, nullptr, make, &handle_);
    ExFreePoolWithTag(text, 'pRmC');
    return status;
}

NTSTATUS RelativeKey::open_below(HANDLE parent, PCWSTR path) {
    close();
    borrowed_ = false;
    UNICODE_STRING name = rtl::counted(path);
    return open_named(&name, parent, false, &handle_);
}

}  // namespace cm

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlwriteregistryvalue
NTSTATUS NTAPI RtlWriteRegistryValue(
    ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlWriteRegistryValue");
    cm::RelativeKey key;
    const NTSTATUS status = key.open(RelativeTo, Path, true);
    if (!NT_SUCCESS(status)) return status;
    UNICODE_STRING name = rtl::counted(ValueName);
    return ZwSetValueKey(key.get(), &name, 0, ValueType, ValueData, ValueLength);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtldeleteregistryvalue
NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlDeleteRegistryValue");
    cm::RelativeKey key;
    const NTSTATUS status = key.open(RelativeTo, Path, false);
    if (!NT_SUCCESS(status)) return status;
    UNICODE_STRING name = rtl::counted(ValueName);
    return ZwDeleteValueKey(key.get(), &name);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcreateregistrykey
NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlCreateRegistryKey");
    cm::RelativeKey key;
    return key.open(RelativeTo, Path, true);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcheckregistrykey
NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlCheckRegistryKey");
    cm::RelativeKey key;
    return key.open(RelativeTo, Path, false);
}
