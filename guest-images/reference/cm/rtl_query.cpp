// SPDX-License-Identifier: MIT
// cm/rtl_query.cpp
//
// RtlQueryRegistryValues: walks a table of what the caller wants from a key and hands it to routines or stores it.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlqueryregistryvalues
#include "cm/rtl_registry.hpp"
#include "cm/expand.hpp"
#include "rtl/literal.hpp"

#ifndef RTL_QUERY_REGISTRY_TYPECHECK
#define RTL_QUERY_REGISTRY_TYPECHECK 0x00000100
#endif
#ifndef RTL_QUERY_REGISTRY_TYPECHECK_SHIFT
#define RTL_QUERY_REGISTRY_TYPECHECK_SHIFT 24
#endif

namespace cm {

namespace {

constexpr ULONG kTag = 'qRmC';
using Entry = RTL_QUERY_REGISTRY_TABLE;

/// Pool for a scope.
struct Block {
    PVOID memory = nullptr;
    ~Block() {
        if (memory) ExFreePoolWithTag(memory, kTag);
    }
    bool resize(SIZE_T bytes) {
        if (memory) ExFreePoolWithTag(memory, kTag);
        memory = ExAllocatePoolWithTag(PagedPool, bytes, kTag);
        return memory != nullptr;
    }
    template <class T>
    T* as() const {
        return static_cast<T*>(memory);
    }
};

/// One value on its way to the caller.
struct Found {
    PCWSTR name;
    ULONG type;
    PVOID data;
    ULONG bytes;
};

bool is_string(ULONG type) { return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ; }

/// A string into the UNICODE_STRING the caller pointed at: with a buffer as much as it takes, else newly allocated.
NTSTATUS store_string(const Found& found, PUNICODE_STRING to) {
    ULONG bytes = found.bytes & ~1u;
    const auto* text = static_cast<const WCHAR*>(found.data);
    const bool ended = bytes >= sizeof(WCHAR) && text[bytes / sizeof(WCHAR) - 1] == 0;
    const ULONG room = ended ? bytes : bytes + static_cast<ULONG>(sizeof(WCHAR));
    if (room > MAXUSHORT) return STATUS_BUFFER_OVERFLOW;
    if (!to->Buffer) {
        // The caller frees it with RtlFreeUnicodeString or ExFreePool.
        to->Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, room, 'tsUR'));
        if (!to->Buffer) return STATUS_INSUFFICIENT_RESOURCES;
        to->MaximumLength = static_cast<USHORT>(room);
    } else if (room > to->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(to->Buffer, text, bytes);
    to->Buffer[room / sizeof(WCHAR) - 1] = 0;
    to->Length = static_cast<USHORT>(room - sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/// Other data: up to 4 bytes as they are; more behind the size the buffer begins with.
NTSTATUS store_data(const Found& found, PVOID to) {
    if (found.bytes <= sizeof(ULONG)) {
        RtlCopyMemory(to, found.data, found.bytes);
        return STATUS_SUCCESS;
    }
    LONG announced;
    RtlCopyMemory(&announced, to, sizeof announced);
    if (announced < 0) {
        if (found.bytes > static_cast<ULONG>(-announced)) return STATUS_BUFFER_TOO_SMALL;
        RtlCopyMemory(to, found.data, found.bytes);
        return STATUS_SUCCESS;
    }
    const ULONG header[2] = {found.bytes, found.type};
    if (static_cast<ULONG>(announced) < sizeof header || found.bytes > static_cast<ULONG>(announced) - sizeof header)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(to, header, sizeof header);
    RtlCopyMemory(static_cast<PUCHAR>(to) + sizeof header, found.data, found.bytes);
    return STATUS_SUCCESS;
}

NTSTATUS hand_over(const Entry& entry, const Found& found, PVOID context) {
    if (!(entry.Flags & RTL_QUERY_REGISTRY_DIRECT))
        return entry.QueryRoutine(
            const_cast<PWSTR>(found.name), found.type, found.data, found.bytes, context, entry.EntryContext);
    if (entry.Flags & RTL_QUERY_REGISTRY_TYPECHECK) {
        const ULONG wanted = entry.DefaultType >> RTL_QUERY_REGISTRY_TYPECHECK_SHIFT;
        const bool expanded = wanted == REG_EXPAND_SZ && found.type == REG_SZ;
        if (wanted != found.type && !expanded) return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return is_string(found.type) ? store_string(found, static_cast<PUNICODE_STRING>(entry.EntryContext))
                                 : store_data(found, entry.EntryContext);
}

/// One call for each string of a multi-string.
NTSTATUS hand_over_each(const Entry& entry, const Found& found, PVOID context) {
    auto* text = static_cast<PWCHAR>(found.data);
    const ULONG units = found.bytes / sizeof(WCHAR);
    for (ULONG begin = 0; begin < units && text[begin];) {
        ULONG end = begin;
        while (end < units && text[end]) ++end;
        if (end == units) return STATUS_INVALID_PARAMETER;  // the last one has no end
        const Found one = {
            found.name, REG_SZ, text + begin, static_cast<ULONG>((end + 1 - begin) * sizeof(WCHAR))};
        const NTSTATUS status = hand_over(entry, one, context);
        if (!NT_SUCCESS(status)) return status;
        begin = end + 1;
    }
    return STATUS_SUCCESS;
}

/// Expansion and splitting, which NOEXPAND switches off.
NTSTATUS deliver(const Entry& entry, const Found& found, PVOID context) {
    const bool expand = !(entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND);
    if (expand && found.type == REG_MULTI_SZ) {
        if (entry.Flags & RTL_QUERY_REGISTRY_DIRECT) return STATUS_INVALID_PARAMETER;  // documented: needs NOEXPAND
        return hand_over_each(entry, found, context);
    }
    if (!expand || found.type != REG_EXPAND_SZ) return hand_over(entry, found, context);
    const ULONG units = found.bytes / sizeof(WCHAR);
    const auto* text = static_cast<const WCHAR*>(found.data);
    const ULONG needed = expand_variables<WCHAR>(text, units, nullptr, 0);
    Block expanded;
    if (!expanded.resize((needed + 1) * sizeof(WCHAR))) return STATUS_INSUFFICIENT_RESOURCES;
    expand_variables(text, units, expanded.as<WCHAR>(), needed);
    expanded.as<WCHAR>()[needed] = 0;
    const bool ended = needed && expanded.as<WCHAR>()[needed - 1] == 0;
    const ULONG bytes = static_cast<ULONG>((ended ? needed : needed + 1) * sizeof(WCHAR));
    return hand_over(entry, {found.name, REG_SZ, expanded.memory, bytes}, context);
}

NTSTATUS deliver_default(const Entry& entry, PVOID context) {
    if (entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) return STATUS_OBJECT_NAME_NOT_FOUND;
    const ULONG type = entry.Flags & RTL_QUERY_REGISTRY_TYPECHECK ? entry.DefaultType & 0xFFFFFF : entry.DefaultType;
    if (type == REG_NONE || !entry.DefaultData) return STATUS_SUCCESS;
    ULONG bytes = entry.DefaultLength;
    if (!bytes && is_string(type)) {
        const auto* text = static_cast<const WCHAR*>(entry.DefaultData);
        ULONG units = 0;
        if (type == REG_MULTI_SZ)
            while (text[units] || text[units + 1]) ++units;
        else
            while (text[units]) ++units;
        bytes = static_cast<ULONG>((units + (type == REG_MULTI_SZ ? 2 : 1)) * sizeof(WCHAR));
    }
    return deliver(entry, {entry.Name, type, entry.DefaultData, bytes}, context);
}

/// Value number `index`, or the one called `name` when that is not null, with its terminated name.
NTSTATUS read_value(HANDLE key, PCWSTR name, ULONG index, Block* block, Found* found) {
    ULONG needed = 256;
    for (;;) {
        if (!block->resize(needed + sizeof(WCHAR))) return STATUS_INSUFFICIENT_RESOURCES;
        NTSTATUS status;
        UNICODE_STRING counted = rtl::counted(name ? name : L"");
        if (name)
            status = ZwQueryValueKey(key, &counted, KeyValueFullInformation, block->memory, needed, &needed);
        else
            status = ZwEnumerateValueKey(key, index, KeyValueFullInformation, block->memory, needed, &needed);
        if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) continue;
        if (!NT_SUCCESS(status)) return status;
        break;
    }
    auto* value = block->as<KEY_VALUE_FULL_INFORMATION>();
    found->type = value->Type;
    found->bytes = value->DataLength;
    found->data = value->DataLength ? block->as<UCHAR>() + value->DataOffset : block->as<UCHAR>() + needed;
    found->name = name;
    return STATUS_SUCCESS;
}

NTSTATUS delete_value(HANDLE key, PCWSTR name) {
    UNICODE_STRING counted = rtl::counted(name);
    return ZwDeleteValueKey(key, &counted);
}

NTSTATUS query_one(HANDLE key, const Entry& entry, PVOID context) {
    Block block;
    Found found;
    NTSTATUS status = read_value(key, entry.Name, 0, &block, &found);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) return deliver_default(entry, context);
    if (NT_SUCCESS(status)) status = deliver(entry, found, context);
    if (NT_SUCCESS(status) && entry.Flags & RTL_QUERY_REGISTRY_DELETE) status = delete_value(key, entry.Name);
    return status;
}

/// Every value of the key, for an entry without a name.
NTSTATUS query_all(HANDLE key, const Entry& entry, PVOID context) {
    ULONG met = 0;
    for (ULONG index = 0;; ++met) {
        Block block, name;
        Found found;
        NTSTATUS status = read_value(key, nullptr, index, &block, &found);
        if (status == STATUS_NO_MORE_ENTRIES) break;
        if (!NT_SUCCESS(status)) return status;
        const auto* value = block.as<KEY_VALUE_FULL_INFORMATION>();
        if (!name.resize(value->NameLength + sizeof(WCHAR))) return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyMemory(name.memory, value->Name, value->NameLength);
        name.as<WCHAR>()[value->NameLength / sizeof(WCHAR)] = 0;
        found.name = name.as<WCHAR>();
        status = deliver(entry, found, context);
        if (!NT_SUCCESS(status)) return status;
        if (!(entry.Flags & RTL_QUERY_REGISTRY_DELETE))
            ++index;
        else if (!NT_SUCCESS(status = delete_value(key, found.name)))
            return status;
    }
    return !met && entry.Flags & RTL_QUERY_REGISTRY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
}

NTSTATUS query_entry(HANDLE key, const Entry& entry, PVOID context) {
    const bool direct = entry.Flags & RTL_QUERY_REGISTRY_DIRECT;
    if (direct && (!entry.Name || !entry.EntryContext || entry.Flags & RTL_QUERY_REGISTRY_SUBKEY || entry.QueryRoutine))
        return STATUS_INVALID_PARAMETER;
    if (entry.Flags & RTL_QUERY_REGISTRY_NOVALUE)
        return entry.QueryRoutine ? entry.QueryRoutine(nullptr, REG_NONE, nullptr, 0, context, entry.EntryContext)
                                  : STATUS_SUCCESS;
    if (entry.Flags & RTL_QUERY_REGISTRY_SUBKEY || !entry.Name)
        return entry.QueryRoutine ? query_all(key, entry, context) : STATUS_SUCCESS;
    if (!direct && !entry.QueryRoutine) return STATUS_SUCCESS;
    return query_one(key, entry, context);
}

bool ends_table(const Entry& entry) {
    return !entry.QueryRoutine && !(entry.Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT));
}

}  // namespace

}  // namespace cm

/// PASSIVE_LEVEL. Stops at the first failure and returns it.
NTSTATUS NTAPI RtlQueryRegistryValues(
    ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable, PVOID Context, PVOID Environment) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlQueryRegistryValues");
    cm::RelativeKey top, below;
    NTSTATUS status = top.open(RelativeTo, Path, false);
    // With RTL_REGISTRY_OPTIONAL a missing key is one without values.
    const bool missing = status == STATUS_OBJECT_NAME_NOT_FOUND && RelativeTo & RTL_REGISTRY_OPTIONAL;
    if (!NT_SUCCESS(status)) return missing ? STATUS_SUCCESS : status;
    HANDLE key = top.get();
    for (; !cm::ends_table(*QueryTable); ++QueryTable) {
        const ULONG flags = QueryTable->Flags;
        if (flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY)) key = top.get();
        if (flags & RTL_QUERY_REGISTRY_SUBKEY) {
            if (!QueryTable->Name) return STATUS_INVALID_PARAMETER;
            status = below.open_below(top.get(), QueryTable->Name);
            key = below.get();
            if (status == STATUS_OBJECT_NAME_NOT_FOUND && !(flags & RTL_QUERY_REGISTRY_REQUIRED)) {
                // The entries of a subkey that is not there are passed over.
                while (!cm::ends_table(QueryTable[1]) &&
                       !(QueryTable[1].Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY)))
                    ++QueryTable;
                continue;
            }
            if (!NT_SUCCESS(status)) return status;
        }
        status = cm::query_entry(key, *QueryTable, Context);
        if (!NT_SUCCESS(status)) return status;
    }
    return STATUS_SUCCESS;
}
