// SPDX-License-Identifier: MIT
// io/pnp/registry_key.cpp: see registry_key.hpp.
#include "registry_key.hpp"

namespace pnp {

namespace {
constexpr ULONG kTag = 'gRpP';
constexpr ULONG kValueBytesMax = 1024;
}  // namespace

void RegistryKey::close() {
    if (handle_) ZwClose(handle_);
    handle_ = nullptr;
}

HANDLE RegistryKey::release() {
    const HANDLE handle = handle_;
    handle_ = nullptr;
    return handle;
}

NTSTATUS RegistryKey::open_at(HANDLE parent, UNICODE_STRING* name, bool make) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, parent, nullptr);
    HANDLE next = nullptr;
    const NTSTATUS status =
        make ? ZwCreateKey(&next, KEY_ALL_ACCESS, &attributes, 0, nullptr, REG_OPTION_NON_VOLATILE, nullptr)
             : ZwOpenKey(&next, KEY_ALL_ACCESS, &attributes);
    close();
    handle_ = NT_SUCCESS(status) ? next : nullptr;
    return status;
}

NTSTATUS RegistryKey::walk(const WCHAR* path, bool make) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, kControlSet);
    NTSTATUS status = open_at(nullptr, &name, make);
    // ZwCreateKey makes one level at a time.
    while (NT_SUCCESS(status) && *path != L'\0') {
        const WCHAR* end = path;
        while (*end != L'\0' && *end != L'\\') ++end;
        name.Buffer = const_cast<PWSTR>(path);
        name.Length = name.MaximumLength = static_cast<USHORT>((end - path) * sizeof(WCHAR));
        status = open_at(handle_, &name, make);
        path = *end == L'\\' ? end + 1 : end;
    }
    return status;
}

NTSTATUS RegistryKey::create(const WCHAR* path) { return walk(path, true); }
NTSTATUS RegistryKey::open(const WCHAR* path) { return walk(path, false); }

NTSTATUS RegistryKey::set_multi(const WCHAR* name, const WCHAR* text, SIZE_T characters) const {
    UNICODE_STRING unicode;
    RtlInitUnicodeString(&unicode, name);
    return ZwSetValueKey(
        handle_, &unicode, 0, REG_MULTI_SZ, const_cast<PWSTR>(text), static_cast<ULONG>(characters * sizeof(WCHAR)));
}

NTSTATUS RegistryKey::set_text(const WCHAR* name, const WCHAR* text) const {
    UNICODE_STRING unicode;
    RtlInitUnicodeString(&unicode, name);
    SIZE_T length = 0;
    while (text[length] != L'\0') ++length;
    return ZwSetValueKey(
        handle_, &unicode, 0, REG_SZ, const_cast<PWSTR>(text), static_cast<ULONG>((length + 1) * sizeof(WCHAR)));
}

NTSTATUS RegistryKey::set_number(const WCHAR* name, ULONG number) const {
    UNICODE_STRING unicode;
    RtlInitUnicodeString(&unicode, name);
    return ZwSetValueKey(handle_, &unicode, 0, REG_DWORD, &number, sizeof number);
}

bool RegistryKey::get_text(const WCHAR* name, WCHAR* text, SIZE_T characters) const {
    UNICODE_STRING unicode;
    RtlInitUnicodeString(&unicode, name);
    auto* value =
        static_cast<PKEY_VALUE_PARTIAL_INFORMATION>(ExAllocatePoolWithTag(PagedPool, kValueBytesMax, kTag));
    if (!value) return false;
    ULONG bytes = 0;
    const NTSTATUS status =
        ZwQueryValueKey(handle_, &unicode, KeyValuePartialInformation, value, kValueBytesMax, &bytes);
    bool copied = false;
    if (NT_SUCCESS(status) && (value->Type == REG_SZ || value->Type == REG_MULTI_SZ)) {
        const auto* data = reinterpret_cast<const WCHAR*>(value->Data);
        const SIZE_T present = value->DataLength / sizeof(WCHAR);
        SIZE_T length = 0;
        while (length < present && data[length] != L'\0') ++length;
        if (length < characters) {
            RtlCopyMemory(text, data, length * sizeof(WCHAR));
            text[length] = L'\0';
            copied = true;
        }
    }
    ExFreePoolWithTag(value, kTag);
    return copied;
}

}  // namespace pnp
