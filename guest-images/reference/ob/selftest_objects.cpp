// SPDX-License-Identifier: MIT
// ob/selftest_objects.cpp
//
// Lives, names and handles of objects, with a type of the test's own.
#include "ex/selftest_thread.hpp"
#include "io/selftest.hpp"
#include "ob/ob.hpp"
#include "rtl/literal.hpp"

namespace {

POBJECT_TYPE test_type;  // made once: types live for good
LONG deleted, opened, closed, last_close;
KIRQL deleted_at;
WCHAR parsed[32];
KEVENT deleted_event;

struct Body {
    ULONG64 number;
};

NTSTATUS open_test(OB_OPEN_REASON, PVOID, ACCESS_MASK access, ULONG) {
    if (access & 0x8000) return STATUS_ACCESS_DENIED;  // how the test has a handle refused
    ++opened;
    return STATUS_SUCCESS;
}

VOID close_test(PVOID, ACCESS_MASK, ULONG handles) {
    ++closed;
    if (!handles) ++last_close;
}

VOID NTAPI delete_test(PVOID) {
    ++deleted;
    deleted_at = KeGetCurrentIrql();
    KeSetEvent(&deleted_event, 0, FALSE);
}

/// Refuses names below it that are not "\rest", and remembers what it was given.
NTSTATUS parse_test(OB_PARSE* parse) {
    const USHORT characters = parse->RemainingName.Length / sizeof(WCHAR);
    if (characters >= RTL_NUMBER_OF(parsed)) return STATUS_OBJECT_NAME_INVALID;
    RtlCopyMemory(parsed, parse->RemainingName.Buffer, parse->RemainingName.Length);
    parsed[characters] = L'\0';
    ObfReferenceObject(parse->ParseObject);
    parse->Object = parse->ParseObject;
    return STATUS_SUCCESS;
}

bool begin() {
    deleted = opened = closed = last_close = 0;
    KeInitializeEvent(&deleted_event, SynchronizationEvent, FALSE);
    if (test_type) return true;
    OB_TYPE_INFO info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    info.Tag = 'tseT';
    info.MinimumBody = sizeof(Body);
    info.ValidAccess = STANDARD_RIGHTS_REQUIRED | 0x800F;
    info.Mapping = {0x1, 0x2, 0x4, STANDARD_RIGHTS_REQUIRED | 0xF};
    info.Open = open_test;
    info.Close = close_test;
    info.Delete = delete_test;
    info.Parse = parse_test;
    return NT_SUCCESS(ObCreateType(L"Selftest", &info, &test_type));
}

OBJECT_ATTRIBUTES attributes_of(UNICODE_STRING* name, ULONG flags, HANDLE root = nullptr) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, flags, root, nullptr);
    return attributes;
}

PVOID create(PCWSTR text, ULONG flags) {
    UNICODE_STRING name = rtl::counted(text);
    OBJECT_ATTRIBUTES attributes = attributes_of(&name, flags);
    PVOID object;
    const NTSTATUS status = ObCreateObject(
        KernelMode, test_type, text ? &attributes : nullptr, KernelMode, nullptr, sizeof(Body), 0, 0, &object);
    return NT_SUCCESS(status) ? object : nullptr;
}

NTSTATUS reference(PCWSTR text, PVOID* object, ULONG flags = OBJ_CASE_INSENSITIVE, POBJECT_TYPE type = nullptr) {
    UNICODE_STRING name = rtl::counted(text);
    return ObReferenceObjectByName(&name, flags, nullptr, 0, type, KernelMode, nullptr, object);
}

const char* test_lifetime() {
    KI_EXPECT(begin());
    PVOID object = create(nullptr, 0);
    KI_EXPECT(object && static_cast<Body*>(object)->number == 0);
    KI_EXPECT(ObfReferenceObject(object) == 2 && ObfDereferenceObject(object) == 1 && deleted == 0);
    KI_EXPECT(ObReferenceObjectByPointer(object, 0, ObpDirectoryType, KernelMode) == STATUS_OBJECT_TYPE_MISMATCH);
    KI_EXPECT(ObfDereferenceObject(object) == 0 && deleted == 1 && selftest::wait_for(&deleted_event));
    object = create(nullptr, 0);
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    ObfDereferenceObject(object);  // a worker deletes it
    KeLowerIrql(irql);
    KI_EXPECT(selftest::wait_for(&deleted_event) && deleted == 2);
    KI_EXPECT(deleted_at == PASSIVE_LEVEL);
    return nullptr;
}

const char* test_names() {
    KI_EXPECT(begin());
    PVOID object = create(L"\\BaseNamedObjects\\Selftest", OBJ_CASE_INSENSITIVE), found;
    HANDLE handle, second;
    KI_EXPECT(NT_SUCCESS(ObInsertObject(object, nullptr, GENERIC_READ, 1, nullptr, &handle)));
    KI_EXPECT(ObIsNamed(object) && ObGetHandleCount(object) == 1 && ObGetReferenceCount(object) == 3);
    KI_EXPECT(NT_SUCCESS(reference(L"\\basenamedobjects\\SELFTEST", &found)) && found == object);
    ObfDereferenceObject(found);
    KI_EXPECT(reference(L"\\BaseNamedObjects\\SELFTEST", &found, 0) == STATUS_OBJECT_NAME_NOT_FOUND);
    KI_EXPECT(NT_SUCCESS(reference(L"\\BaseNamedObjects\\Global\\Selftest", &found)) && found == object);
    ObfDereferenceObject(found);
    KI_EXPECT(reference(L"\\BaseNamedObjects\\Selftest", &found, 0, ObpDirectoryType) == STATUS_OBJECT_TYPE_MISMATCH);
    KI_EXPECT(reference(L"\\BaseNamedObjects\\Nothing\\More", &found) == STATUS_OBJECT_PATH_NOT_FOUND);
    KI_EXPECT(reference(L"BaseNamedObjects", &found) == STATUS_OBJECT_PATH_SYNTAX_BAD);
    KI_EXPECT(reference(L"\\BaseNamedObjects\\\\Selftest", &found) == STATUS_OBJECT_NAME_INVALID);
    PVOID twin = create(L"\\BaseNamedObjects\\selftest", OBJ_CASE_INSENSITIVE);
    KI_EXPECT(ObInsertObject(twin, nullptr, 0, 0, nullptr, &second) == STATUS_OBJECT_NAME_COLLISION && deleted == 1);
    twin = create(L"\\BaseNamedObjects\\selftest", OBJ_CASE_INSENSITIVE | OBJ_OPENIF);
    KI_EXPECT(ObInsertObject(twin, nullptr, 0, 0, &found, &second) == STATUS_OBJECT_NAME_EXISTS);
    KI_EXPECT(found == object && deleted == 2 && opened == 2);
    ZwClose(handle);
    KI_EXPECT(ObIsNamed(object) && closed == 1 && last_close == 0);
    ZwClose(second);
    KI_EXPECT(!ObIsNamed(object) && last_close == 1 && ObGetReferenceCount(object) == 1);
    ObfDereferenceObject(object);
    KI_EXPECT(deleted == 3);
    return nullptr;
}

const char* test_permanence() {
    KI_EXPECT(begin());
    PVOID object = create(L"\\BaseNamedObjects\\Permanent", OBJ_PERMANENT), found;
    HANDLE handle;
    KI_EXPECT(NT_SUCCESS(ObInsertObject(object, nullptr, 0, 0, nullptr, &handle)));
    ZwClose(handle);
    KI_EXPECT(NT_SUCCESS(reference(L"\\BaseNamedObjects\\Permanent", &found)) && found == object && deleted == 0);
    ObMakeTemporaryObject(found);
    KI_EXPECT(!ObIsNamed(found));
    ObfDereferenceObject(found);
    KI_EXPECT(deleted == 1 && reference(L"\\BaseNamedObjects\\Permanent", &found) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_handles() {
    KI_EXPECT(begin());
    const ULONG before = ObQueryHandleCount();
    PVOID object = create(nullptr, 0), found;
    HANDLE handle, copy;
    KI_EXPECT(ObOpenObjectByPointer(object, 0, nullptr, 0x8000, test_type, KernelMode, &handle) == STATUS_ACCESS_DENIED);
    KI_EXPECT(ObGetHandleCount(object) == 0 && ObGetReferenceCount(object) == 1);
    KI_EXPECT(NT_SUCCESS(ObOpenObjectByPointer(object, OBJ_KERNEL_HANDLE, nullptr, GENERIC_READ, test_type, KernelMode, &handle)));
    KI_EXPECT(ObIsKernelHandle(handle) && ObQueryHandleCount() == before + 1);
    OBJECT_HANDLE_INFORMATION information;
    KI_EXPECT(NT_SUCCESS(ObReferenceObjectByHandle(handle, 2, test_type, KernelMode, &found, &information)));
    KI_EXPECT(found == object && information.GrantedAccess == 1);
    ObfDereferenceObject(found);
    KI_EXPECT(ObReferenceObjectByHandle(handle, 2, test_type, UserMode, &found, nullptr) == STATUS_INVALID_HANDLE);
    KI_EXPECT(ObReferenceObjectByHandle(handle, 0, *ExEventObjectType, KernelMode, &found, nullptr) == STATUS_OBJECT_TYPE_MISMATCH);
    const HANDLE process = reinterpret_cast<HANDLE>(-1);
    KI_EXPECT(NT_SUCCESS(ZwDuplicateObject(process, handle, process, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE)));
    KI_EXPECT(!ObIsKernelHandle(copy) && ObQueryHandleCount() == before + 1);
    KI_EXPECT(ObReferenceObjectByHandle(copy, 2, test_type, UserMode, &found, nullptr) == STATUS_ACCESS_DENIED);
    KI_EXPECT(ObReferenceObjectByHandle(handle, 0, nullptr, KernelMode, &found, nullptr) == STATUS_INVALID_HANDLE);
    KI_EXPECT(ZwClose(nullptr) == STATUS_INVALID_HANDLE && ZwClose(process) == STATUS_INVALID_HANDLE);
    ZwClose(copy);
    KI_EXPECT(closed == 2 && last_close == 1 && deleted == 0);
    ObfDereferenceObject(object);
    KI_EXPECT(deleted == 1 && ObQueryHandleCount() == before);
    return nullptr;
}

const char* test_many_handles() {
    KI_EXPECT(begin());
    constexpr ULONG count = 600;
    const ULONG before = ObQueryHandleCount();
    auto* handles = static_cast<HANDLE*>(ExAllocatePoolWithTag(NonPagedPool, count * sizeof(HANDLE), 'tseT'));
    PVOID object = create(nullptr, 0);
    for (ULONG index = 0; index < count; ++index)
        KI_EXPECT(NT_SUCCESS(ObOpenObjectByPointer(object, 0, nullptr, 1, nullptr, KernelMode, &handles[index])));
    KI_EXPECT(ObQueryHandleCount() == before + count && ObGetHandleCount(object) == count);
    for (ULONG index = 0; index < count; ++index) KI_EXPECT(NT_SUCCESS(ZwClose(handles[index])));
    ObfDereferenceObject(object);
    ExFreePoolWithTag(handles, 'tseT');
    KI_EXPECT(deleted == 1 && opened == static_cast<LONG>(count) && ObQueryHandleCount() == before);
    return nullptr;
}

const char* test_parse() {
    KI_EXPECT(begin());
    PVOID object = create(L"\\Device\\Selftest", 0), found;
    HANDLE handle, other;
    KI_EXPECT(NT_SUCCESS(ObInsertObject(object, nullptr, 0, 0, nullptr, &handle)));
    KI_EXPECT(NT_SUCCESS(reference(L"\\Device\\Selftest\\a\\b", &found)) && found == object && parsed[1] == L'a' && parsed[3] == L'b');
    ObfDereferenceObject(found);
    KI_EXPECT(NT_SUCCESS(reference(L"\\Device\\Selftest", &found)) && parsed[0] == L'\0');
    ObfDereferenceObject(found);
    UNICODE_STRING name = rtl::counted(L"c");
    OBJECT_ATTRIBUTES attributes = attributes_of(&name, 0, handle);
    KI_EXPECT(NT_SUCCESS(ObOpenObjectByName(&attributes, test_type, KernelMode, nullptr, 1, nullptr, &other)));
    KI_EXPECT(parsed[0] == L'c' && parsed[1] == L'\0');
    ZwClose(other);
    ZwClose(handle);
    KI_EXPECT(deleted == 1);
    return nullptr;
}

const char* test_links() {
    UNICODE_STRING name = rtl::counted(L"\\DosDevices\\SelftestLink"), target = rtl::counted(L"\\??\\SelftestLink");
    OBJECT_ATTRIBUTES attributes = attributes_of(&name, OBJ_CASE_INSENSITIVE);
    HANDLE link, again;
    PVOID found;
    KI_EXPECT(NT_SUCCESS(ZwCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, &attributes, &target)));
    KI_EXPECT(reference(L"\\??\\Selftestlink", &found) == STATUS_OBJECT_NAME_NOT_FOUND);  // in a circle
    UNICODE_STRING global = rtl::counted(L"\\DosDevices\\Global\\SelftestLink");
    OBJECT_ATTRIBUTES open = attributes_of(&global, OBJ_CASE_INSENSITIVE);
    KI_EXPECT(NT_SUCCESS(ZwOpenSymbolicLinkObject(&again, SYMBOLIC_LINK_QUERY, &open)));
    WCHAR buffer[32];
    UNICODE_STRING text = {0, 4, buffer};
    ULONG needed = 0;
    KI_EXPECT(ZwQuerySymbolicLinkObject(again, &text, &needed) == STATUS_BUFFER_TOO_SMALL && needed == target.Length);
    text.MaximumLength = sizeof buffer;
    KI_EXPECT(NT_SUCCESS(ZwQuerySymbolicLinkObject(again, &text, nullptr)) && RtlEqualUnicodeString(&text, &target, FALSE));
    ZwClose(again);
    ZwClose(link);
    KI_EXPECT(ZwOpenSymbolicLinkObject(&again, SYMBOLIC_LINK_QUERY, &open) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_queries() {
    UNICODE_STRING name = rtl::counted(L"\\SelftestDirectory");
    OBJECT_ATTRIBUTES attributes = attributes_of(&name, 0);
    HANDLE directory, event;
    KI_EXPECT(NT_SUCCESS(ZwCreateDirectoryObject(&directory, DIRECTORY_ALL_ACCESS, &attributes)));
    UNICODE_STRING inner = rtl::counted(L"Event");
    OBJECT_ATTRIBUTES below = attributes_of(&inner, 0, directory);
    KI_EXPECT(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &below, NotificationEvent, FALSE)));
    struct {
        OBJECT_NAME_INFORMATION information;
        WCHAR text[64];
    } full;
    ULONG bytes = 0;
    PVOID object;
    KI_EXPECT(NT_SUCCESS(ObReferenceObjectByHandle(event, 0, nullptr, KernelMode, &object, nullptr)));
    KI_EXPECT(ObQueryNameString(object, nullptr, 0, &bytes) == STATUS_INFO_LENGTH_MISMATCH);
    KI_EXPECT(NT_SUCCESS(ObQueryNameString(object, &full.information, sizeof full, &bytes)));
    UNICODE_STRING wanted = rtl::counted(L"\\SelftestDirectory\\Event");
    KI_EXPECT(RtlEqualUnicodeString(&full.information.Name, &wanted, FALSE));
    ObfDereferenceObject(object);
    struct {
        UNICODE_STRING name, type, end[2];
        WCHAR text[64];
    } entry;
    ULONG context = 0;
    KI_EXPECT(NT_SUCCESS(ZwQueryDirectoryObject(directory, &entry, sizeof entry, TRUE, TRUE, &context, nullptr)));
    KI_EXPECT(RtlEqualUnicodeString(&entry.name, &inner, FALSE) && entry.type.Length == 10 && context == 1);
    KI_EXPECT(ZwQueryDirectoryObject(directory, &entry, sizeof entry, TRUE, FALSE, &context, nullptr) == STATUS_NO_MORE_ENTRIES);
    ZwClose(event);
    ZwClose(directory);
    KI_EXPECT(ZwOpenDirectoryObject(&directory, DIRECTORY_QUERY, &attributes) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_security() {
    KI_EXPECT(begin());
    PVOID object = create(nullptr, 0);
    PSECURITY_DESCRIPTOR got;
    BOOLEAN allocated;
    KI_EXPECT(NT_SUCCESS(ObGetObjectSecurity(object, &got, &allocated)) && !got && !allocated);
    SECURITY_DESCRIPTOR given;
    ULONG64 memory[8];
    auto* acl = reinterpret_cast<PACL>(memory);
    KI_EXPECT(NT_SUCCESS(RtlCreateSecurityDescriptor(&given, SECURITY_DESCRIPTOR_REVISION)));
    KI_EXPECT(NT_SUCCESS(RtlCreateAcl(acl, sizeof memory, ACL_REVISION)));
    KI_EXPECT(NT_SUCCESS(RtlSetDaclSecurityDescriptor(&given, TRUE, acl, FALSE)));
    KI_EXPECT(NT_SUCCESS(ObSetSecurityObjectByPointer(object, DACL_SECURITY_INFORMATION, &given)));
    given = {};
    given.Revision = SECURITY_DESCRIPTOR_REVISION;
    given.Owner = SeExports->SeAliasAdminsSid;  // the list stays when the owner alone is set
    KI_EXPECT(NT_SUCCESS(ObSetSecurityObjectByPointer(object, OWNER_SECURITY_INFORMATION, &given)));
    KI_EXPECT(NT_SUCCESS(ObGetObjectSecurity(object, &got, &allocated)) && got && allocated);
    const auto* relative = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(got);
    KI_EXPECT(relative->Control & SE_SELF_RELATIVE && relative->Control & SE_DACL_PRESENT && relative->Dacl);
    KI_EXPECT(relative->Owner && RtlEqualSid(static_cast<PUCHAR>(got) + relative->Owner, SeExports->SeAliasAdminsSid));
    ObReleaseObjectSecurity(got, allocated);
    ObfDereferenceObject(object);
    return nullptr;
}

/// Two threads name and unname, open and close the same objects.
const char* test_races() {
    KI_EXPECT(begin());
    const ULONG before = ObQueryHandleCount();
    static const auto churn = [](PVOID context) {
        auto* failures = static_cast<volatile LONG*>(context);
        for (int round = 0; round < 200; ++round) {
            UNICODE_STRING name = rtl::counted(L"\\BaseNamedObjects\\SelftestRace");
            OBJECT_ATTRIBUTES attributes = attributes_of(&name, OBJ_OPENIF);
            HANDLE handle;
            if (!NT_SUCCESS(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE)) ||
                !NT_SUCCESS(ZwSetEvent(handle, nullptr)) || !NT_SUCCESS(ZwClose(handle)))
                InterlockedIncrement(failures);
        }
    };
    volatile LONG failures = 0;
    selftest::Thread threads[3];
    for (selftest::Thread& thread : threads)
        KI_EXPECT(thread.start([](PVOID context) { churn(context); }, const_cast<LONG*>(&failures)));
    for (selftest::Thread& thread : threads) KI_EXPECT(thread.join());
    PVOID found;
    KI_EXPECT(failures == 0 && ObQueryHandleCount() == before);
    KI_EXPECT(reference(L"\\BaseNamedObjects\\SelftestRace", &found) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST ObSelfTests[] = {
    {"ob.lifetime", test_lifetime}, {"ob.names", test_names},
    {"ob.permanence", test_permanence}, {"ob.handles", test_handles},
    {"ob.many-handles", test_many_handles}, {"ob.parse", test_parse},
    {"ob.links", test_links}, {"ob.queries", test_queries},
    {"ob.security", test_security}, {"ob.races", test_races},
    {nullptr, nullptr},
};
