// SPDX-License-Identifier: MIT
// ndis/lib/configuration_value.cpp
//
// Reading and writing values through a configuration handle. PASSIVE_LEVEL, all of it.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/nf-ndis-ndisreadconfiguration
#include "ndis/lib/configuration.hpp"
#include "ndis/lib/configuration_text.hpp"

using namespace ndis;

namespace {

constexpr ULONG kNdisVersion = 0x00050001;
constexpr SIZE_T kAddressBytesMax = 32;

/// Keywords that are answered without the registry.
struct FixedKeyword {
    const WCHAR* name;
    ULONG value;
};
constexpr FixedKeyword kFixedKeywords[] = {
    {L"Environment", NdisEnvironmentWindowsNt},
    {L"ProcessorType", NdisProcessorAmd64},
    {L"NdisVersion", kNdisVersion},
};

const FixedKeyword* find_fixed(PUNICODE_STRING keyword) {
    for (const FixedKeyword& fixed : kFixedKeywords) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, fixed.name);
        if (RtlEqualUnicodeString(&name, keyword, TRUE)) return &fixed;
    }
    return nullptr;
}

const char16_t* text_of(const KEY_VALUE_PARTIAL_INFORMATION& value) { return reinterpret_cast<const char16_t*>(value.Data); }

bool read_integer(const KEY_VALUE_PARTIAL_INFORMATION& value, NDIS_PARAMETER_TYPE type, NDIS_CONFIGURATION_PARAMETER& parameter) {
    parameter.ParameterType = type;
    if (value.Type == REG_DWORD && value.DataLength == sizeof(ULONG)) {
        RtlCopyMemory(&parameter.ParameterData.IntegerData, value.Data, sizeof(ULONG));
        return true;
    }
    uint32_t number = 0;
    const unsigned base = type == NdisParameterHexInteger ? 16 : 10;
    if (value.Type != REG_SZ || !parse_number(text_of(value), value.DataLength / sizeof(WCHAR), base, &number)) return false;
    parameter.ParameterData.IntegerData = number;
    return true;
}

bool read_string(KEY_VALUE_PARTIAL_INFORMATION& value, NDIS_PARAMETER_TYPE type, NDIS_CONFIGURATION_PARAMETER& parameter) {
    const bool multi = type == NdisParameterMultiString;
    const bool fits = multi ? value.Type == REG_MULTI_SZ : value.Type == REG_SZ || value.Type == REG_EXPAND_SZ;
    if (!fits || value.DataLength > 0xFFFC) return false;
    parameter.ParameterType = type;
    NDIS_STRING& text = parameter.ParameterData.StringData;
    text.Buffer = reinterpret_cast<PWSTR>(value.Data);
    text.Length = static_cast<USHORT>(value.DataLength & ~1u);
    // A string's length leaves its terminator out; a list of strings is all of it.
    if (!multi && text.Length >= sizeof(WCHAR) && text.Buffer[text.Length / sizeof(WCHAR) - 1] == 0) text.Length -= sizeof(WCHAR);
    text.MaximumLength = static_cast<USHORT>(text.Length + sizeof(WCHAR));
    return true;
}

bool read_binary(KEY_VALUE_PARTIAL_INFORMATION& value, NDIS_CONFIGURATION_PARAMETER& parameter) {
    if (value.Type != REG_BINARY || value.DataLength > 0xFFFF) return false;
    parameter.ParameterType = NdisParameterBinary;
    parameter.ParameterData.BinaryData.Buffer = value.Data;
    parameter.ParameterData.BinaryData.Length = static_cast<USHORT>(value.DataLength);
    return true;
}

bool convert(KEY_VALUE_PARTIAL_INFORMATION& value, NDIS_PARAMETER_TYPE type, NDIS_CONFIGURATION_PARAMETER& parameter) {
    switch (type) {
        case NdisParameterInteger:
        case NdisParameterHexInteger: return read_integer(value, type, parameter);
        case NdisParameterString:
        case NdisParameterMultiString: return read_string(value, type, parameter);
        case NdisParameterBinary: return read_binary(value, parameter);
    }
    return false;
}

/// Registry type, data and length of what a driver wants to write. False: not a parameter type.
bool registry_form(NDIS_CONFIGURATION_PARAMETER& parameter, ULONG* type, PVOID* data, ULONG* bytes) {
    NDIS_STRING& text = parameter.ParameterData.StringData;
    switch (parameter.ParameterType) {
        case NdisParameterInteger:
        case NdisParameterHexInteger:
            *type = REG_DWORD;
            *data = &parameter.ParameterData.IntegerData;
            *bytes = sizeof(ULONG);
            return true;
        case NdisParameterString:
        case NdisParameterMultiString:
            *type = parameter.ParameterType == NdisParameterString ? REG_SZ : REG_MULTI_SZ;
            *data = text.Buffer;
            *bytes = text.Length;
            // With its terminator when there is one.
            if (text.MaximumLength >= text.Length + sizeof(WCHAR) && text.Buffer[text.Length / sizeof(WCHAR)] == 0)
                *bytes += sizeof(WCHAR);
            return true;
        case NdisParameterBinary:
            *type = REG_BINARY;
            *data = parameter.ParameterData.BinaryData.Buffer;
            *bytes = parameter.ParameterData.BinaryData.Length;
            return true;
    }
    return false;
}

}  // namespace

/// The value, converted to the type asked for: REG_DWORD or the text of a number as integer (decimal, or hexadecimal for
/// NdisParameterHexInteger), REG_SZ, REG_MULTI_SZ, REG_BINARY. The memory is the handle's. NDIS_STATUS_FAILURE: no such
/// value, or not of that type; NDIS_STATUS_RESOURCES. PASSIVE_LEVEL.
VOID NTAPI NdisReadConfiguration(
    PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER* ParameterValue, NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
    NDIS_PARAMETER_TYPE ParameterType) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisReadConfiguration", NDIS_CALLER);
    Configuration& configuration = configuration_of(ConfigurationHandle, "NdisReadConfiguration", NDIS_CALLER);
    *ParameterValue = nullptr;
    *Status = NDIS_STATUS_RESOURCES;
    auto* parameter =
        static_cast<PNDIS_CONFIGURATION_PARAMETER>(configuration_memory(configuration, sizeof(NDIS_CONFIGURATION_PARAMETER)));
    if (!parameter) return;
    RtlZeroMemory(parameter, sizeof *parameter);
    if (const FixedKeyword* fixed = find_fixed(Keyword)) {
        parameter->ParameterType = NdisParameterInteger;
        parameter->ParameterData.IntegerData = fixed->value;
    } else {
        PKEY_VALUE_PARTIAL_INFORMATION value;
        const NTSTATUS read = read_value(configuration, Keyword, &value);
        if (read == STATUS_INSUFFICIENT_RESOURCES) return;
        *Status = NDIS_STATUS_FAILURE;
        if (!NT_SUCCESS(read) || !convert(*value, ParameterType, *parameter)) return;
    }
    *ParameterValue = parameter;
    *Status = NDIS_STATUS_SUCCESS;
}

/// NDIS_STATUS_FAILURE: the registry refuses, or not a parameter type. PASSIVE_LEVEL.
VOID NTAPI NdisWriteConfiguration(
    PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword, PNDIS_CONFIGURATION_PARAMETER ParameterValue) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisWriteConfiguration", NDIS_CALLER);
    const Configuration& configuration = configuration_of(ConfigurationHandle, "NdisWriteConfiguration", NDIS_CALLER);
    ULONG type, bytes;
    PVOID data;
    *Status = NDIS_STATUS_FAILURE;
    if (!registry_form(*ParameterValue, &type, &data, &bytes)) return;
    if (NT_SUCCESS(ZwSetValueKey(configuration.key, Keyword, 0, type, data, bytes))) *Status = NDIS_STATUS_SUCCESS;
}

/// The network address an administrator has set (value NetworkAddress, text). The bytes are the handle's memory.
/// NDIS_STATUS_FAILURE: none is set, or it is not an address. PASSIVE_LEVEL.
VOID NTAPI
NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID* NetworkAddress, PUINT NetworkAddressLength, NDIS_HANDLE ConfigurationHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisReadNetworkAddress", NDIS_CALLER);
    Configuration& configuration = configuration_of(ConfigurationHandle, "NdisReadNetworkAddress", NDIS_CALLER);
    *Status = NDIS_STATUS_FAILURE;
    *NetworkAddress = nullptr;
    *NetworkAddressLength = 0;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"NetworkAddress");
    PKEY_VALUE_PARTIAL_INFORMATION value;
    if (!NT_SUCCESS(read_value(configuration, &name, &value)) || value->Type != REG_SZ) return;
    auto* bytes = static_cast<uint8_t*>(configuration_memory(configuration, kAddressBytesMax));
    if (!bytes) {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    const size_t count = parse_network_address(text_of(*value), value->DataLength / sizeof(WCHAR), bytes, kAddressBytesMax);
    if (count == 0) return;
    *NetworkAddress = bytes;
    *NetworkAddressLength = static_cast<UINT>(count);
    *Status = NDIS_STATUS_SUCCESS;
}
