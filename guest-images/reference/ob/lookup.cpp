// SPDX-License-Identifier: MIT
// ob/lookup.cpp
//
// From a name to an object: component by component through directories, and through the parse procedures of whatever is
// met on the way (symbolic links, devices, registry keys).
#include "ob/name_path.hpp"
#include "ob/object.hpp"

namespace {

constexpr ULONG kReparsesMax = 32;
constexpr ULONG kNameBytesMax = 0xFFFE;

ob::NamePath<WCHAR> path_of(const UNICODE_STRING& name) { return {name.Buffer, name.Length / sizeof(WCHAR)}; }

UNICODE_STRING string_of(ob::NamePath<WCHAR> path) {
    const USHORT bytes = static_cast<USHORT>(path.length * sizeof(WCHAR));
    return {bytes, bytes, path.text};
}

/// The lookup under way: the complete name lives in pool, because links replace it.
struct Walk {
    ob::Lookup* lookup;
    OB_PARSE parse;

    explicit Walk(ob::Lookup* what) : lookup(what), parse() {
        parse.WantedType = what->type;
        parse.AccessMode = what->mode;
        parse.Attributes = what->attributes;
        parse.DesiredAccess = what->access;
        parse.Context = what->context;
    }
    ~Walk() {
        if (parse.CompleteName.Buffer) ExFreePoolWithTag(parse.CompleteName.Buffer, ob::kNameTag);
    }
    Walk(const Walk&) = delete;

    bool insensitive() const { return lookup->attributes & OBJ_CASE_INSENSITIVE; }
};

NTSTATUS set_complete_name(Walk* walk, const UNICODE_STRING* name) {
    auto* text = static_cast<PWCHAR>(ExAllocatePoolWithTag(NonPagedPool, name->Length + sizeof(WCHAR), ob::kNameTag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(text, name->Buffer, name->Length);
    text[name->Length / sizeof(WCHAR)] = L'\0';
    walk->parse.CompleteName = {name->Length, static_cast<USHORT>(name->Length + sizeof(WCHAR)), text};
    return STATUS_SUCCESS;
}

/// Asks the parse procedure of `object`, which is referenced for the call by the caller.
NTSTATUS call_parse(Walk* walk, PVOID object, ob::NamePath<WCHAR> rest, PVOID* found) {
    walk->parse.ParseObject = object;
    walk->parse.RemainingName = string_of(rest);
    walk->parse.Object = nullptr;
    const NTSTATUS status = ObGetObjectType(object)->Info.Parse(&walk->parse);
    if (NT_SUCCESS(status) && status != STATUS_REPARSE) *found = walk->parse.Object;
    return status;
}

/// One component in a directory: references what is there, or inserts the new object if that is wanted and this is the end.
NTSTATUS enter(Walk* walk, ob::Directory* directory, ob::NamePath<WCHAR> component, bool last, PVOID* found) {
    const UNICODE_STRING name = string_of(component);
    ob::NameLock lock;
    ob::Header* header = ob::find_entry(directory, &name, walk->insensitive());
    if (!header) {
        if (!last) return STATUS_OBJECT_PATH_NOT_FOUND;
        header = walk->lookup->insert;
        if (!header) return STATUS_OBJECT_NAME_NOT_FOUND;
        const NTSTATUS status = ob::insert_entry(directory, header, &name);
        if (!NT_SUCCESS(status)) return status;
        walk->lookup->inserted = true;
    }
    *found = header->body();
    ObfReferenceObject(*found);
    return STATUS_SUCCESS;
}

/// Walks `rest` from `at`, whose reference it consumes. STATUS_REPARSE: begin again with the complete name.
NTSTATUS walk_from(Walk* walk, PVOID at, ob::NamePath<WCHAR> rest, bool from_handle, PVOID* found) {
    bool first = from_handle;
    for (;;) {
        const POBJECT_TYPE type = ObGetObjectType(at);
        if (type->Info.Parse && !(walk->lookup->insert && rest.empty() && !first)) {
            const NTSTATUS status = call_parse(walk, at, rest, found);
            ObfDereferenceObject(at);
            return status;
        }
        first = false;
        if (rest.empty()) {
            *found = at;
            return STATUS_SUCCESS;
        }
        NTSTATUS status = STATUS_OBJECT_TYPE_MISMATCH;  // more name below something that holds no names
        PVOID next = nullptr;
        if (type == ObpDirectoryType) {
            const ob::NamePath<WCHAR> component = ob::take_component(rest);
            status = component.empty()
                         ? STATUS_OBJECT_NAME_INVALID
                         : enter(walk, static_cast<ob::Directory*>(at), component, rest.empty(), &next);
        }
        ObfDereferenceObject(at);
        if (!NT_SUCCESS(status)) return status;
        if (walk->lookup->inserted) {
            *found = next;
            return STATUS_SUCCESS;
        }
        at = next;
    }
}

NTSTATUS walk_absolute(Walk* walk, PVOID* found) {
    ob::NamePath<WCHAR> path = path_of(walk->parse.CompleteName);
    if (!path.absolute()) return STATUS_OBJECT_PATH_SYNTAX_BAD;
    if (path.length == 1) path = {};  // the root itself
    ObfReferenceObject(ob::root_directory);
    return walk_from(walk, ob::root_directory, path, false, found);
}

NTSTATUS walk_relative(Walk* walk, PVOID* found) {
    ob::HandleInfo root;
    const NTSTATUS status = ob::reference_handle(walk->lookup->root, walk->lookup->mode, &root);
    if (!NT_SUCCESS(status)) return status;
    const ob::NamePath<WCHAR> path = path_of(walk->parse.CompleteName);
    if (path.absolute()) {
        ObfDereferenceObject(root.object);
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    return walk_from(walk, root.object, path, true, found);
}

}  // namespace

namespace ob {

NTSTATUS look_up(Lookup* lookup, PVOID* object) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "looking up an object's name");
    Walk walk(lookup);
    const UNICODE_STRING nothing = {};
    NTSTATUS status = set_complete_name(&walk, lookup->name ? lookup->name : &nothing);
    if (!NT_SUCCESS(status)) return status;
    PVOID found = nullptr;
    status = lookup->root ? walk_relative(&walk, &found) : walk_absolute(&walk, &found);
    for (ULONG again = 0; status == STATUS_REPARSE; ++again) {
        if (again == kReparsesMax) return STATUS_OBJECT_NAME_NOT_FOUND;  // links in a circle
        status = walk_absolute(&walk, &found);
    }
    if (!NT_SUCCESS(status)) return status;
    if (!found) return STATUS_OBJECT_NAME_NOT_FOUND;
    if (!lookup->insert && lookup->type && ObGetObjectType(found) != lookup->type) {
        ObfDereferenceObject(found);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    *object = found;
    return STATUS_SUCCESS;
}

}  // namespace ob

extern "C" {

NTSTATUS ObReparse(OB_PARSE* parse, const UNICODE_STRING* prefix, const UNICODE_STRING* rest) {
    const ob::NamePath<WCHAR> head = path_of(*prefix), tail = path_of(*rest);
    const ULONG skipped = ob::has_two_separators(head, tail) ? 1 : 0;
    const ULONG added = ob::needs_separator(head, tail) ? 1 : 0;
    const SIZE_T characters = head.length + added + tail.length - skipped;
    if (characters * sizeof(WCHAR) > kNameBytesMax) return STATUS_NAME_TOO_LONG;
    auto* text = static_cast<PWCHAR>(
        ExAllocatePoolWithTag(NonPagedPool, (characters + 1) * sizeof(WCHAR), ob::kNameTag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(text, head.text, head.length * sizeof(WCHAR));
    if (added) text[head.length] = L'\\';
    RtlCopyMemory(text + head.length + added, tail.text + skipped, (tail.length - skipped) * sizeof(WCHAR));
    text[characters] = L'\0';
    ExFreePoolWithTag(parse->CompleteName.Buffer, ob::kNameTag);
    const USHORT bytes = static_cast<USHORT>(characters * sizeof(WCHAR));
    parse->CompleteName = {bytes, bytes, text};
    return STATUS_REPARSE;
}

NTSTATUS ObLookupObject(
    HANDLE root, PUNICODE_STRING name, ULONG attributes, POBJECT_TYPE type, KPROCESSOR_MODE mode, ACCESS_MASK access,
    PVOID parse_context, PVOID* object) {
    ob::Lookup lookup = {root, name, attributes, type, mode, access, parse_context, nullptr, false};
    return ob::look_up(&lookup, object);
}

/// PASSIVE_LEVEL. Opens what a name means and makes a handle to it. STATUS_OBJECT_NAME_NOT_FOUND,
/// STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_TYPE_MISMATCH, or what a parse procedure says.
NTSTATUS NTAPI ObOpenObjectByName(
    POBJECT_ATTRIBUTES attributes, POBJECT_TYPE type, KPROCESSOR_MODE mode, PACCESS_STATE state, ACCESS_MASK access,
    PVOID parse_context, PHANDLE handle) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObOpenObjectByName");
    if (!attributes || attributes->Length != sizeof *attributes) return STATUS_INVALID_PARAMETER;
    PVOID object;
    NTSTATUS status = ObLookupObject(
        attributes->RootDirectory, attributes->ObjectName, attributes->Attributes, type, mode, access, parse_context,
        &object);
    if (!NT_SUCCESS(status)) return status;
    const NTSTATUS made = ObCreateHandle(OB_OPEN_HANDLE, object, attributes->Attributes, access, handle);
    ObfDereferenceObject(object);
    return NT_SUCCESS(made) ? STATUS_SUCCESS : made;
}

/// PASSIVE_LEVEL. References what a name means. Free with ObDereferenceObject.
NTSTATUS NTAPI ObReferenceObjectByName(
    PUNICODE_STRING name, ULONG attributes, PACCESS_STATE state, ACCESS_MASK access, POBJECT_TYPE type,
    KPROCESSOR_MODE mode, PVOID parse_context, PVOID* object) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObReferenceObjectByName");
    return ObLookupObject(nullptr, name, attributes, type, mode, access, parse_context, object);
}

}  // extern "C"
