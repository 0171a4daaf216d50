// SPDX-License-Identifier: MIT
// cm/zw_key.cpp
//
// Keys and values as drivers use them. Everything at PASSIVE_LEVEL.
#include "cm/cm.hpp"
#include "cm/information.hpp"

using namespace cm;

namespace {

void require_passive(const char* function) { KiRequireIrqlAtMost(PASSIVE_LEVEL, function); }

}  // namespace

/// Makes or opens one level: the key's parent must exist. STATUS_CHILD_MUST_BE_VOLATILE below a volatile key.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatekey
NTSTATUS NTAPI ZwCreateKey(
    PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG TitleIndex,
    PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition) {
    require_passive("ZwCreateKey");
    CreateRequest request = {Class ? name_of(*Class) : Name{}, (CreateOptions & REG_OPTION_VOLATILE) != 0, false};
    const NTSTATUS status =
        ObOpenObjectByName(ObjectAttributes, KeyType, KernelMode, nullptr, DesiredAccess, &request, KeyHandle);
    if (NT_SUCCESS(status) && Disposition)
        *Disposition = request.created ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    return status;
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenkey
NTSTATUS NTAPI ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    require_passive("ZwOpenKey");
    return ObOpenObjectByName(ObjectAttributes, KeyType, KernelMode, nullptr, DesiredAccess, nullptr, KeyHandle);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenkeyex
NTSTATUS NTAPI ZwOpenKeyEx(
    PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG OpenOptions) {
    if (OpenOptions & ~static_cast<ULONG>(REG_OPTION_BACKUP_RESTORE)) return STATUS_INVALID_PARAMETER;
    return ZwOpenKey(KeyHandle, DesiredAccess, ObjectAttributes);
}

/// STATUS_CANNOT_DELETE: it has subkeys. Other handles then see STATUS_KEY_DELETED.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwdeletekey
NTSTATUS NTAPI ZwDeleteKey(HANDLE KeyHandle) {
    require_passive("ZwDeleteKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, DELETE);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    return status_of(remove(key.get(), now()));
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwsetvaluekey
NTSTATUS NTAPI ZwSetValueKey(
    HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data, ULONG DataSize) {
    require_passive("ZwSetValueKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, KEY_SET_VALUE);
    if (!NT_SUCCESS(status)) return status;
    if (DataSize && !Data) return STATUS_ACCESS_VIOLATION;
    const Lock lock;
    return status_of(set_value(key.get(), name_of(*ValueName), Type, Data, DataSize, now()));
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwdeletevaluekey
NTSTATUS NTAPI ZwDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName) {
    require_passive("ZwDeleteValueKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, KEY_SET_VALUE);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    return status_of(remove_value(key.get(), name_of(*ValueName), now()));
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwqueryvaluekey
NTSTATUS NTAPI ZwQueryValueKey(
    HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
    PVOID KeyValueInformation, ULONG Length, PULONG ResultLength) {
    require_passive("ZwQueryValueKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, KEY_QUERY_VALUE);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    if (key->is_deleted) return STATUS_KEY_DELETED;
    const Value* value = find_value(key.get(), name_of(*ValueName));
    if (!value) return STATUS_OBJECT_NAME_NOT_FOUND;
    return describe_value(value, KeyValueInformationClass, KeyValueInformation, Length, ResultLength);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwenumeratevaluekey
NTSTATUS NTAPI ZwEnumerateValueKey(
    HANDLE KeyHandle, ULONG Index, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
    ULONG Length, PULONG ResultLength) {
    require_passive("ZwEnumerateValueKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, KEY_QUERY_VALUE);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    if (key->is_deleted) return STATUS_KEY_DELETED;
    if (Index >= key->value_count) return STATUS_NO_MORE_ENTRIES;
    return describe_value(key->values[Index], KeyValueInformationClass, KeyValueInformation, Length, ResultLength);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwenumeratekey
NTSTATUS NTAPI ZwEnumerateKey(
    HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation, ULONG Length,
    PULONG ResultLength) {
    require_passive("ZwEnumerateKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, KEY_ENUMERATE_SUB_KEYS);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    if (key->is_deleted) return STATUS_KEY_DELETED;
    if (Index >= key->subkey_count) return STATUS_NO_MORE_ENTRIES;
    return describe_key(key->subkeys[Index], KeyInformationClass, KeyInformation, Length, ResultLength);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwquerykey
NTSTATUS NTAPI ZwQueryKey(
    HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation, ULONG Length,
    PULONG ResultLength) {
    require_passive("ZwQueryKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, KeyInformationClass == KeyNameInformation ? 0 : KEY_QUERY_VALUE);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    if (key->is_deleted) return STATUS_KEY_DELETED;
    return describe_key(key.get(), KeyInformationClass, KeyInformation, Length, ResultLength);
}

/// The registry has no disk behind it, so every change is as lasting as it will get when it returns.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwflushkey
NTSTATUS NTAPI ZwFlushKey(HANDLE KeyHandle) {
    require_passive("ZwFlushKey");
    cm::KeyHandle key;
    const NTSTATUS status = key.open(KeyHandle, 0);
    if (!NT_SUCCESS(status)) return status;
    const Lock lock;
    return key->is_deleted ? STATUS_KEY_DELETED : STATUS_SUCCESS;
}
