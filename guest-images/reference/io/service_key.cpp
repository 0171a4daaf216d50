// SPDX-License-Identifier: MIT
// io/service_key.cpp
//
// What the registry says of a service.
#include "io/service.hpp"

#include "rtl/literal.hpp"

namespace io {

namespace {

constexpr ULONG kFileSystemDriver = 2;

NTSTATUS set(UNICODE_STRING* string, WCHAR* text, USHORT bytes) {
    *string = {0, bytes, text};
    return STATUS_SUCCESS;
}

/// Appends parts to an empty string; fails when they do not fit with a terminator.
NTSTATUS join(UNICODE_STRING* to, PCWSTR first, PCUNICODE_STRING second) {
    to->Length = 0;
    NTSTATUS status = RtlAppendUnicodeToString(to, first);
    if (NT_SUCCESS(status)) status = RtlAppendUnicodeStringToString(to, const_cast<PUNICODE_STRING>(second));
    if (!NT_SUCCESS(status)) return STATUS_NAME_TOO_LONG;
    if (to->Length + sizeof(WCHAR) > to->MaximumLength) return STATUS_NAME_TOO_LONG;
    to->Buffer[to->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

UNICODE_STRING last_component(PCUNICODE_STRING path) {
    USHORT units = path->Length / sizeof(WCHAR), begin = units;
    while (begin && path->Buffer[begin - 1] != '\\') --begin;
    const auto bytes = static_cast<USHORT>((units - begin) * sizeof(WCHAR));
    return {bytes, bytes, path->Buffer + begin};
}

bool starts_with(const UNICODE_STRING& text, const UNICODE_STRING& prefix) {
    return RtlPrefixUnicodeString(const_cast<PUNICODE_STRING>(&prefix), const_cast<PUNICODE_STRING>(&text), TRUE);
}

UNICODE_STRING behind(const UNICODE_STRING& text, USHORT bytes) {
    const auto left = static_cast<USHORT>(text.Length - bytes);
    return {left, left, text.Buffer + bytes / sizeof(WCHAR)};
}

/// ImagePath as services write it, as a name the object manager finds.
NTSTATUS resolve_image(const UNICODE_STRING& path, UNICODE_STRING* image) {
    constexpr UNICODE_STRING variable = rtl::literal(L"%SystemRoot%\\");
    const bool drive = path.Length > 2 * sizeof(WCHAR) && path.Buffer[1] == ':';
    if (path.Length && path.Buffer[0] == '\\') return join(image, L"", &path);
    if (drive) return join(image, L"\\??\\", &path);
    if (starts_with(path, variable)) {
        const UNICODE_STRING rest = behind(path, variable.Length);
        return join(image, L"\\SystemRoot\\", &rest);
    }
    return join(image, L"\\SystemRoot\\", &path);
}

/// The default of a service without ImagePath.
NTSTATUS default_image(const UNICODE_STRING& name, UNICODE_STRING* image) {
    const NTSTATUS status = join(image, L"\\SystemRoot\\system32\\drivers\\", &name);
    if (!NT_SUCCESS(status)) return status;
    return NT_SUCCESS(RtlAppendUnicodeToString(image, L".sys")) ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
}

NTSTATUS read_values(Service* service) {
    WCHAR path_text[200];
    UNICODE_STRING path = {0, sizeof path_text, path_text};
    ULONG missing_start = 3, missing_type = 1;  // demand start, kernel driver
    RTL_QUERY_REGISTRY_TABLE table[4] = {};
    table[0] = {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Start", &service->start, REG_DWORD, &missing_start, sizeof(ULONG)};
    table[1] = {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Type", &service->type, REG_DWORD, &missing_type, sizeof(ULONG)};
    table[2] = {
        nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_NOEXPAND, L"ImagePath", &path, REG_NONE, nullptr, 0};
    const NTSTATUS status = RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, service->key.Buffer, table, nullptr, nullptr);
    if (!NT_SUCCESS(status)) return status;
    return path.Length ? resolve_image(path, &service->image) : default_image(service->name, &service->image);
}

}  // namespace

NTSTATUS read_service(PCUNICODE_STRING key, Service* service) {
    *service = {};
    set(&service->key, service->key_text, sizeof service->key_text);
    set(&service->name, service->name_text, sizeof service->name_text);
    set(&service->driver, service->driver_text, sizeof service->driver_text);
    set(&service->image, service->image_text, sizeof service->image_text);
    const UNICODE_STRING last = last_component(key);
    if (!last.Length) return STATUS_OBJECT_NAME_INVALID;
    NTSTATUS status = join(&service->key, L"", key);
    if (NT_SUCCESS(status)) status = join(&service->name, L"", &last);
    if (NT_SUCCESS(status)) status = read_values(service);
    if (!NT_SUCCESS(status)) return status;
    return join(&service->driver, service->type == kFileSystemDriver ? L"\\FileSystem\\" : L"\\Driver\\", &service->name);
}

NTSTATUS read_service_by_name(PCUNICODE_STRING name, Service* service) {
    WCHAR text[160];
    UNICODE_STRING key = {0, sizeof text, text};
    const NTSTATUS status = join(&key, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\", name);
    return NT_SUCCESS(status) ? read_service(&key, service) : status;
}

void image_base_name(const Service& service, char (&name)[64]) {
    const UNICODE_STRING base = last_component(&service.image);
    ULONG length = 0;
    for (; length < base.Length / sizeof(WCHAR) && length < sizeof name - 1; ++length)
        name[length] = base.Buffer[length] < 0x7f ? static_cast<char>(base.Buffer[length]) : '?';
    name[length] = 0;
}

}  // namespace io
