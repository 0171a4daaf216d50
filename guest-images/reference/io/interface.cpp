// SPDX-License-Identifier: MIT
// io/interface.cpp
//
// Device interfaces: names by which the devices of a class are found. Enabling one makes its symbolic link to the PDO.
// https://learn.microsoft.com/windows-hardware/drivers/install/overview-of-device-interface-classes
// Everything at PASSIVE_LEVEL.
#include "io/interface.hpp"

#include "io/pnp/device_node.hpp"
#include "io/pnp/registry_key.hpp"
#include "io/pnp/text_writer.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr ULONG kTag = 'fIoI';
constexpr SIZE_T kLinkMax = 320;

/// A registered interface; never freed, as its registration in Windows' registry is not.
struct Interface {
    Interface* next;
    GUID interface_class;
    PDEVICE_OBJECT pdo;       ///< Not referenced: compared only.
    WCHAR link[kLinkMax];     ///< "\??\PCI#VEN_...#<instance>#{class}", with "\<reference>" behind it.
    SIZE_T object_units;      ///< Of `link`, up to the reference string: the symbolic link's name.
    WCHAR target[pnp::kServiceMax];
    bool enabled;
};

Interface* interfaces;
KMUTEX mutex;

class Lock {
  public:
    Lock() { KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, nullptr); }
    ~Lock() { KeReleaseMutex(&mutex, FALSE); }
    Lock(const Lock&) = delete;
};

bool same(const GUID& a, const GUID& b) { return RtlCompareMemory(&a, &b, sizeof a) == sizeof a; }

Interface* find(PCUNICODE_STRING link) {
    for (Interface* at = interfaces; at; at = at->next) {
        const UNICODE_STRING name = rtl::counted(at->link);
        if (RtlEqualUnicodeString(&name, link, TRUE)) return at;
    }
    return nullptr;
}

/// Whether another enabled interface shares the symbolic link (they differ in the reference string only).
bool link_is_shared(const Interface* entry) {
    for (Interface* at = interfaces; at; at = at->next) {
        if (at == entry || !at->enabled || at->object_units != entry->object_units) continue;
        if (RtlCompareMemory(at->link, entry->link, at->object_units * sizeof(WCHAR)) ==
            at->object_units * sizeof(WCHAR))
            return true;
    }
    return false;
}

bool write_names(Interface* made, const pnp::DeviceNode& node, const WCHAR* guid, PCUNICODE_STRING reference) {
    pnp::TextWriter out(made->link, kLinkMax);
    out.text(L"\\??\\");
    const SIZE_T device = out.length();
    out.text(node.enum_path).text(L"#").text(guid);
    for (SIZE_T i = device; i < out.length(); ++i)
        if (made->link[i] == L'\\') made->link[i] = L'#';
    made->object_units = out.length();
    if (reference && reference->Length) {
        WCHAR text[64] = {};
        if (reference->Length >= sizeof text) return false;
        RtlCopyMemory(text, reference->Buffer, reference->Length);
        out.text(L"\\").text(text);
    }
    pnp::TextWriter(made->target, pnp::kServiceMax).text(node.pdo_name);
    return out.fits();
}

NTSTATUS write_registry(const Interface* made, const pnp::DeviceNode& node, const WCHAR* guid) {
    WCHAR path[kLinkMax + 80], device[kLinkMax] = {};
    RtlCopyMemory(device, made->link + 4, (made->object_units - 4) * sizeof(WCHAR));
    pnp::TextWriter out(path, kLinkMax + 80);
    out.text(L"Control\\DeviceClasses\\").text(guid).text(L"\\##?#").text(device);
    pnp::RegistryKey key;
    const NTSTATUS status = out.fits() ? key.create(path) : STATUS_NAME_TOO_LONG;
    return NT_SUCCESS(status) ? key.set_text(L"DeviceInstance", node.enum_path) : status;
}

NTSTATUS give_name(const WCHAR* link, PUNICODE_STRING name) {
    const UNICODE_STRING counted = rtl::counted(link);
    name->Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, counted.Length + sizeof(WCHAR), 'tsUR'));
    if (!name->Buffer) return STATUS_INSUFFICIENT_RESOURCES;
    name->MaximumLength = static_cast<USHORT>(counted.Length + sizeof(WCHAR));
    name->Length = counted.Length;
    RtlCopyMemory(name->Buffer, counted.Buffer, counted.Length);
    name->Buffer[counted.Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

Interface* make(const pnp::DeviceNode& node, const GUID& interface_class, PCUNICODE_STRING reference, NTSTATUS* status) {
    WCHAR guid[pnp::kGuidText] = {};
    UNICODE_STRING text;
    *status = RtlStringFromGUID(interface_class, &text);
    if (!NT_SUCCESS(*status)) return nullptr;
    RtlCopyMemory(guid, text.Buffer, text.Length);
    RtlFreeUnicodeString(&text);
    auto* made = static_cast<Interface*>(ExAllocatePoolWithTag(PagedPool, sizeof(Interface), kTag));
    *status = made ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    if (!made) return nullptr;
    RtlZeroMemory(made, sizeof *made);
    made->interface_class = interface_class;
    made->pdo = node.pdo;
    *status = write_names(made, node, guid, reference) ? write_registry(made, node, guid) : STATUS_NAME_TOO_LONG;
    if (NT_SUCCESS(*status)) return made;
    ExFreePoolWithTag(made, kTag);
    return nullptr;
}

NTSTATUS set_link(const Interface* entry, bool enable) {
    const auto bytes = static_cast<USHORT>(entry->object_units * sizeof(WCHAR));
    UNICODE_STRING link = {bytes, bytes, const_cast<PWCHAR>(entry->link)};
    UNICODE_STRING target = rtl::counted(entry->target);
    return enable ? IoCreateSymbolicLink(&link, &target) : IoDeleteSymbolicLink(&link);
}

}  // namespace

void io::initialize_interfaces() { KeInitializeMutex(&mutex, 0); }

/// The name goes with RtlFreeUnicodeString. STATUS_INVALID_DEVICE_REQUEST: not a PDO.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioregisterdeviceinterface
NTSTATUS NTAPI IoRegisterDeviceInterface(
    PDEVICE_OBJECT PhysicalDeviceObject, CONST GUID* InterfaceClassGuid, PUNICODE_STRING ReferenceString,
    PUNICODE_STRING SymbolicLinkName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoRegisterDeviceInterface");
    if (PhysicalDeviceObject->DriverObject != pnp::PciDriver) return STATUS_INVALID_DEVICE_REQUEST;
    NTSTATUS status;
    Interface* made = make(*pnp::node_of(PhysicalDeviceObject), *InterfaceClassGuid, ReferenceString, &status);
    if (!made) return status;
    status = give_name(made->link, SymbolicLinkName);
    const Lock lock;
    const UNICODE_STRING name = rtl::counted(made->link);
    Interface* known = find(&name);
    if (!NT_SUCCESS(status) || known) {
        if (known) known->pdo = PhysicalDeviceObject;
        ExFreePoolWithTag(made, kTag);
        return status;
    }
    made->next = interfaces;
    interfaces = made;
    return STATUS_SUCCESS;
}

/// STATUS_OBJECT_NAME_NOT_FOUND: never registered, or to be disabled and not enabled; STATUS_OBJECT_NAME_EXISTS: enabled
/// already. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iosetdeviceinterfacestate
NTSTATUS NTAPI IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoSetDeviceInterfaceState");
    GUID interface_class;
    {
        const Lock lock;
        Interface* entry = find(SymbolicLinkName);
        if (!entry || (!Enable && !entry->enabled)) return STATUS_OBJECT_NAME_NOT_FOUND;
        if (Enable && entry->enabled) return STATUS_OBJECT_NAME_EXISTS;
        const NTSTATUS status = link_is_shared(entry) ? STATUS_SUCCESS : set_link(entry, Enable);
        if (!NT_SUCCESS(status)) return status;
        entry->enabled = Enable;
        interface_class = entry->interface_class;
    }
    io::notify_interface(interface_class, SymbolicLinkName, Enable);
    return STATUS_SUCCESS;
}

namespace {

bool listed(const Interface* entry, const GUID& wanted, PDEVICE_OBJECT pdo, ULONG flags) {
    return same(entry->interface_class, wanted) && (!pdo || entry->pdo == pdo) &&
           (entry->enabled || flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE);
}

}  // namespace

/// The list, NUL-terminated strings with an empty one at the end, goes with ExFreePool.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetdeviceinterfaces
NTSTATUS NTAPI IoGetDeviceInterfaces(
    CONST GUID* InterfaceClassGuid, PDEVICE_OBJECT PhysicalDeviceObject, ULONG Flags, PWSTR* SymbolicLinkList) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoGetDeviceInterfaces");
    const Lock lock;
    SIZE_T bytes = sizeof(WCHAR);
    for (Interface* at = interfaces; at; at = at->next)
        if (listed(at, *InterfaceClassGuid, PhysicalDeviceObject, Flags))
            bytes += rtl::counted(at->link).Length + sizeof(WCHAR);
    auto* list = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, bytes, kTag));
    if (!list) return STATUS_INSUFFICIENT_RESOURCES;
    PWCHAR end = list;
    for (Interface* at = interfaces; at; at = at->next) {
        if (!listed(at, *InterfaceClassGuid, PhysicalDeviceObject, Flags)) continue;
        const UNICODE_STRING name = rtl::counted(at->link);
        RtlCopyMemory(end, name.Buffer, name.Length);
        end += name.Length / sizeof(WCHAR);
        *end++ = 0;
    }
    *end = 0;
    *SymbolicLinkList = list;
    return STATUS_SUCCESS;
}
