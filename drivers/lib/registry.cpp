// SPDX-License-Identifier: MIT
// lib/registry.cpp
#include "lib/registry.hpp"

namespace rundown
{
namespace
{

constexpr WCHAR ParametersKey[] = L"Parameters";
constexpr WCHAR NotesKey[] = L"ThisBoot";
constexpr WCHAR EnumKey[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Enum";
constexpr ULONG LongestValue = sizeof(ULONG64);
constexpr ULONG LongestKeyName = 256 * sizeof(WCHAR);

/// A key under another, or at a path when `parent` is null; null when there is none.
HANDLE
OpenKey(HANDLE parent, PCUNICODE_STRING name)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;

    InitializeObjectAttributes(
        &attributes,
        const_cast<PUNICODE_STRING>(name),
        OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        parent,
        nullptr);
    return NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes)) ? key : nullptr;
}

HANDLE
OpenKey(HANDLE parent, PCWSTR name)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, name);
    return OpenKey(parent, &string);
}

void
CloseKey(HANDLE key)
{
    if (key != nullptr) {
        ZwClose(key);
    }
}

/// The value's data when it has exactly `bytes` of them.
bool
ReadValue(HANDLE key, PCWSTR name, void *data, ULONG bytes)
{
    union {
        KEY_VALUE_PARTIAL_INFORMATION Information;
        UCHAR Space[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + LongestValue];
    } value;
    UNICODE_STRING valueName;
    ULONG length;

    if (key == nullptr) {
        return false;
    }
    RtlInitUnicodeString(&valueName, name);
    if (!NT_SUCCESS(ZwQueryValueKey(
            key, &valueName, KeyValuePartialInformation, &value, sizeof(value), &length)) ||
        value.Information.DataLength != bytes) {
        return false;
    }
    RtlCopyMemory(data, value.Information.Data, bytes);
    return true;
}

/// Whether the key has a value of that name, whatever is in it.
bool
HasValue(HANDLE key, PCWSTR name)
{
    UNICODE_STRING valueName;
    KEY_VALUE_PARTIAL_INFORMATION value;
    ULONG length;

    RtlInitUnicodeString(&valueName, name);
    // With a buffer that is too small for the data: the key itself was found.
    const NTSTATUS status = ZwQueryValueKey(
        key, &valueName, KeyValuePartialInformation, &value, sizeof(value), &length);

    return NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW ||
           status == STATUS_BUFFER_TOO_SMALL;
}

bool
BeginsWith(const UNICODE_STRING &text, PCWSTR beginning)
{
    UNICODE_STRING prefix;

    RtlInitUnicodeString(&prefix, beginning);
    return RtlPrefixUnicodeString(&prefix, const_cast<PUNICODE_STRING>(&text), TRUE) != FALSE;
}

/// The subkeys of a key, one after the other.
class Subkeys
{
  public:
    explicit Subkeys(HANDLE key) : Key_(key)
    {
    }

    /// The next subkey's name, which is good until the next call; false when there is none left.
    bool Next(PUNICODE_STRING name)
    {
        ULONG length;

        if (!NT_SUCCESS(ZwEnumerateKey(
                Key_, Index_++, KeyBasicInformation, &Entry_, sizeof(Entry_), &length))) {
            return false;
        }
        name->Buffer = Entry_.Information.Name;
        name->Length = static_cast<USHORT>(Entry_.Information.NameLength);
        name->MaximumLength = name->Length;
        return true;
    }

  private:
    HANDLE Key_;
    ULONG Index_ = 0;
    union {
        KEY_BASIC_INFORMATION Information;
        UCHAR Space[FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + LongestKeyName];
    } Entry_;
};

/// Whether any instance under a device identifier's key has a service.
bool
AnyInstanceHasService(HANDLE device)
{
    Subkeys instances(device);
    UNICODE_STRING name;

    while (instances.Next(&name)) {
        const HANDLE instance = OpenKey(device, &name);
        const bool has = instance != nullptr && HasValue(instance, L"Service");

        CloseKey(instance);
        if (has) {
            return true;
        }
    }
    return false;
}

} // namespace

DriverParameters::DriverParameters(PCUNICODE_STRING service)
{
    const HANDLE serviceKey = OpenKey(nullptr, service);

    if (serviceKey != nullptr) {
        Key_ = OpenKey(serviceKey, ParametersKey);
        CloseKey(serviceKey);
    }
}

DriverParameters::~DriverParameters()
{
    CloseKey(Key_);
}

ULONG
DriverParameters::Number(PCWSTR name, ULONG otherwise) const
{
    ULONG value;

    return ReadValue(Key_, name, &value, sizeof(value)) ? value : otherwise;
}

ULONG64
DriverParameters::Quad(PCWSTR name, ULONG64 otherwise) const
{
    ULONG64 value;

    return ReadValue(Key_, name, &value, sizeof(value)) ? value : otherwise;
}

ULONG64
DriverParameters::NotedThisBoot(PCWSTR name) const
{
    ULONG64 value = 0;

    if (Key_ != nullptr) {
        const HANDLE notes = OpenKey(Key_, NotesKey);

        if (!ReadValue(notes, name, &value, sizeof(value))) {
            value = 0;
        }
        CloseKey(notes);
    }
    return value;
}

bool
DriverParameters::NoteForThisBoot(PCWSTR name, ULONG64 number) const
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE notes;

    if (Key_ == nullptr) {
        return false;
    }
    RtlInitUnicodeString(&string, NotesKey);
    InitializeObjectAttributes(
        &attributes, &string, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Key_, nullptr);
    if (!NT_SUCCESS(ZwCreateKey(
            &notes, KEY_WRITE, &attributes, 0, nullptr, REG_OPTION_VOLATILE, nullptr))) {
        return false;
    }
    RtlInitUnicodeString(&string, name);
    const NTSTATUS status = ZwSetValueKey(notes, &string, 0, REG_BINARY, &number, sizeof(number));

    ZwClose(notes);
    return NT_SUCCESS(status);
}

bool
DeviceHasService(PCWSTR enumerator, PCWSTR identifier)
{
    const HANDLE root = OpenKey(nullptr, EnumKey);
    const HANDLE bus = root != nullptr ? OpenKey(root, enumerator) : nullptr;
    bool has = bus == nullptr;

    if (bus != nullptr) {
        Subkeys devices(bus);
        UNICODE_STRING name;

        while (!has && devices.Next(&name)) {
            if (!BeginsWith(name, identifier)) {
                continue;
            }

            const HANDLE device = OpenKey(bus, &name);

            has = device == nullptr || AnyInstanceHasService(device);
            CloseKey(device);
        }
    }
    CloseKey(bus);
    CloseKey(root);
    return has;
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
