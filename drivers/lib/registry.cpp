// SPDX-License-Identifier: MIT
// lib/registry.cpp
#include "lib/registry.hpp"

namespace rundown
{
namespace
{

constexpr WCHAR ParametersKey[] = L"Parameters";
constexpr ULONG LongestValue = sizeof(ULONG64);

} // namespace

DriverParameters::DriverParameters(PCUNICODE_STRING service)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE serviceKey;
    UNICODE_STRING name;

    InitializeObjectAttributes(
        &attributes,
        const_cast<PUNICODE_STRING>(service),
        OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        nullptr,
        nullptr);
    if (!NT_SUCCESS(ZwOpenKey(&serviceKey, KEY_READ, &attributes))) {
        return;
    }

    RtlInitUnicodeString(&name, ParametersKey);
    InitializeObjectAttributes(
        &attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, serviceKey, nullptr);
    if (!NT_SUCCESS(ZwOpenKey(&Key_, KEY_READ, &attributes))) {
        Key_ = nullptr;
    }
    ZwClose(serviceKey);
}

DriverParameters::~DriverParameters()
{
    if (Key_ != nullptr) {
        ZwClose(Key_);
    }
}

ULONG
DriverParameters::Number(PCWSTR name, ULONG otherwise) const
{
    ULONG value;

    return Read(name, &value, sizeof(value)) ? value : otherwise;
}

ULONG64
DriverParameters::Quad(PCWSTR name, ULONG64 otherwise) const
{
    ULONG64 value;

    return Read(name, &value, sizeof(value)) ? value : otherwise;
}

/// The value's data when it has exactly `bytes` of them.
bool
DriverParameters::Read(PCWSTR name, void *data, ULONG bytes) const
{
    union {
        KEY_VALUE_PARTIAL_INFORMATION Information;
        UCHAR Space[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + LongestValue];
    } value;
    UNICODE_STRING valueName;
    ULONG length;

    if (Key_ == nullptr) {
        return false;
    }

    RtlInitUnicodeString(&valueName, name);
    if (!NT_SUCCESS(ZwQueryValueKey(
            Key_, &valueName, KeyValuePartialInformation, &value, sizeof(value), &length)) ||
        value.Information.DataLength != bytes) {
        return false;
    }
    RtlCopyMemory(data, value.Information.Data, bytes);
    return true;
}

UNICODE_STRING
ServiceName(PCUNICODE_STRING path)
{
    const USHORT characters = path->Length / sizeof(WCHAR);
    USHORT start = characters;

    while (start > 0 && path->Buffer[start - 1] != L'\\') {
        --start;
    }

    const USHORT length = static_cast<USHORT>((characters - start) * sizeof(WCHAR));

    return {length, length, path->Buffer + start};
}

} // namespace rundown
