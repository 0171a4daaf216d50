// SPDX-License-Identifier: MIT
// io/pnp/registry.cpp
//
// Which driver a device has, and the keys that say so: CriticalDeviceDatabase (the table a setup would have filled, and which
// later parts may add to), Enum\<device>, and for network adapters Control\Class\{...}\NNNN and Control\Network.
// Numbers and GUIDs come from the PCI address alone, so that they are the same in every run with the same NICs.
#include "device_node.hpp"
#include "rd_exports.hpp"
#include "registry_key.hpp"
#include "text_writer.hpp"

namespace pnp {

namespace {

constexpr WCHAR kNetClass[] = L"{4D36E972-E325-11CE-BFC1-08002BE10318}";

struct KnownDriver {
    const WCHAR* device;  ///< As in a hardware identifier, with '#' for '\'.
    const WCHAR* service;
    const WCHAR* description;
};
constexpr KnownDriver kKnownDrivers[] = {
    {L"PCI#VEN_8086&DEV_100E", L"e1000", L"Intel 82540EM Gigabit Ethernet"},
    {L"PCI#VEN_1AF4&DEV_1000", L"virtionet", L"virtio Ethernet Adapter"},
    {L"PCI#VEN_1AF4&DEV_1041", L"virtionet", L"virtio Ethernet Adapter"},
};

/// The self-test's miniport needs a device: the board's IDE controller, which has no driver.
constexpr KnownDriver kSelfTestDriver = {L"PCI#VEN_8086&DEV_7010", L"ndistest", L"NDIS self-test adapter"};

ULONG next_instance;  // of the network class; under PnpLock

NTSTATUS write_service(const KnownDriver& driver) {
    WCHAR path[kPathMax], image[kPathMax];
    TextWriter(path, kPathMax).text(L"Services\\").text(driver.service);
    TextWriter(image, kPathMax).text(L"\\SystemRoot\\system32\\drivers\\").text(driver.service).text(L".sys");
    RegistryKey key;
    NTSTATUS status = key.create(path);
    if (NT_SUCCESS(status)) status = key.set_text(L"ImagePath", image);
    if (NT_SUCCESS(status)) status = key.set_text(L"DisplayName", driver.description);
    if (NT_SUCCESS(status)) status = key.set_text(L"Group", L"NDIS");
    if (NT_SUCCESS(status)) status = key.set_number(L"Type", 1);   // SERVICE_KERNEL_DRIVER
    if (NT_SUCCESS(status)) status = key.set_number(L"Start", 3);  // SERVICE_DEMAND_START: when its device is found
    if (NT_SUCCESS(status)) status = key.set_number(L"ErrorControl", 1);
    return status;
}

NTSTATUS write_database_entry(const KnownDriver& driver) {
    WCHAR path[kPathMax];
    TextWriter(path, kPathMax).text(L"Control\\CriticalDeviceDatabase\\").text(driver.device);
    RegistryKey key;
    NTSTATUS status = key.create(path);
    if (NT_SUCCESS(status)) status = key.set_text(L"Service", driver.service);
    if (NT_SUCCESS(status)) status = key.set_text(L"ClassGUID", kNetClass);
    if (NT_SUCCESS(status)) status = key.set_text(L"DeviceDesc", driver.description);
    return status;
}

NTSTATUS write_driver(const KnownDriver& driver) {
    const NTSTATUS status = write_service(driver);
    return NT_SUCCESS(status) ? write_database_entry(driver) : status;
}

/// What CriticalDeviceDatabase says of a device.
struct Match {
    WCHAR service[kServiceMax];
    WCHAR class_guid[kGuidText];
    WCHAR description[64];
    WCHAR matching_id[kPathMax];
};

bool look_up(const WCHAR* id, Match& match) {
    WCHAR path[kPathMax];
    TextWriter out(path, kPathMax);
    out.text(L"Control\\CriticalDeviceDatabase\\").text(id);
    if (!out.fits()) return false;
    // The database is flat: '\' within an identifier is written '#'.
    const SIZE_T start = sizeof(L"Control\\CriticalDeviceDatabase\\") / sizeof(WCHAR) - 1;
    for (SIZE_T i = start; path[i] != L'\0'; ++i)
        if (path[i] == L'\\') path[i] = L'#';
    RegistryKey key;
    if (!NT_SUCCESS(key.open(path)) || !key.get_text(L"Service", match.service, kServiceMax)) return false;
    if (!key.get_text(L"ClassGUID", match.class_guid, kGuidText)) match.class_guid[0] = L'\0';
    if (!key.get_text(L"DeviceDesc", match.description, 64)) TextWriter(match.description, 64).text(L"PCI Device");
    TextWriter(match.matching_id, kPathMax).text(id);
    return true;
}

/// Tries a multi-string of identifiers in order.
bool look_up_any(const DeviceNode& node, IdKind kind, Match& match) {
    const PWSTR ids = build_id(node, kind);
    if (!ids) return false;
    bool found = false;
    for (const WCHAR* id = ids; *id != L'\0' && !found;) {
        found = look_up(id, match);
        while (*id++ != L'\0') {
        }
    }
    ExFreePool(ids);
    return found;
}

NTSTATUS set_ids(const RegistryKey& key, const WCHAR* name, const DeviceNode& node, IdKind kind) {
    const PWSTR ids = build_id(node, kind);
    if (!ids) return STATUS_INSUFFICIENT_RESOURCES;
    const NTSTATUS status = key.set_multi(name, ids, multi_length(ids));
    ExFreePool(ids);
    return status;
}

void instance_guid(const DeviceNode& node, WCHAR (&guid)[kGuidText]) {
    TextWriter(guid, kGuidText).text(L"{52444E49-4349-4000-8000-").hex(node.address.number(), 12).text(L"}");
}

NTSTATUS write_class_key(const DeviceNode& node, const Match& match) {
    WCHAR path[kPathMax], guid[kGuidText], text[kPathMax];
    TextWriter(path, kPathMax).text(L"Control\\Class\\").text(node.driver_key);
    instance_guid(node, guid);
    RegistryKey key;
    NTSTATUS status = key.create(path);
    if (NT_SUCCESS(status)) status = key.set_text(L"DriverDesc", match.description);
    if (NT_SUCCESS(status)) status = key.set_text(L"ProviderName", L"rundown");
    if (NT_SUCCESS(status)) status = key.set_text(L"MatchingDeviceId", match.matching_id);
    if (NT_SUCCESS(status)) status = key.set_text(L"ComponentId", match.matching_id);
    if (NT_SUCCESS(status)) status = key.set_text(L"NetCfgInstanceId", guid);
    if (NT_SUCCESS(status)) status = key.set_number(L"Characteristics", 0x84);  // NCF_PHYSICAL | NCF_HAS_UI
    if (NT_SUCCESS(status)) {
        TextWriter(text, kPathMax).decimal(PCIBus);
        status = key.set_text(L"BusType", text);
    }
    // An advanced property of our own miniports, which a run can ask for: see drivers/nic.
    if (NT_SUCCESS(status) && RdCommandLineNumber("nic_serialized", 0)) status = key.set_number(L"Serialized", 1);
    RegistryKey linkage;
    TextWriter(path, kPathMax).text(L"Control\\Class\\").text(node.driver_key).text(L"\\Linkage");
    if (NT_SUCCESS(status)) status = linkage.create(path);
    TextWriter out(text, kPathMax);
    out.text(L"\\Device\\").text(guid).end_string().end_string();
    if (NT_SUCCESS(status)) status = linkage.set_multi(L"Export", text, out.length());
    TextWriter root(text, kPathMax);
    root.text(guid).end_string().end_string();
    if (NT_SUCCESS(status)) status = linkage.set_multi(L"RootDevice", text, root.length());
    RegistryKey interfaces;
    TextWriter(path, kPathMax).text(L"Control\\Class\\").text(node.driver_key).text(L"\\Ndi\\Interfaces");
    if (NT_SUCCESS(status)) status = interfaces.create(path);
    if (NT_SUCCESS(status)) status = interfaces.set_text(L"UpperRange", L"ndis5");
    if (NT_SUCCESS(status)) status = interfaces.set_text(L"LowerRange", L"ethernet");
    return status;
}

NTSTATUS write_connection_key(const DeviceNode& node, ULONG instance) {
    WCHAR path[kPathMax], guid[kGuidText], name[kServiceMax];
    instance_guid(node, guid);
    TextWriter(path, kPathMax)
        .text(L"Control\\Network\\").text(kNetClass).text(L"\\").text(guid).text(L"\\Connection");
    TextWriter(name, kServiceMax).text(L"Ethernet ").decimal(instance);
    RegistryKey key;
    NTSTATUS status = key.create(path);
    if (NT_SUCCESS(status)) status = key.set_text(L"Name", name);
    if (NT_SUCCESS(status)) status = key.set_text(L"PnpInstanceID", node.enum_path);
    return status;
}

void name_enum_key(DeviceNode& node) {
    const PWSTR device = build_id(node, IdKind::device);
    const PWSTR instance = build_id(node, IdKind::instance);
    if (device && instance) TextWriter(node.enum_path, kPathMax).text(device).text(L"\\").text(instance);
    if (device) ExFreePool(device);
    if (instance) ExFreePool(instance);
}

bool ndis_is_tested() {
    char crime[64];
    if (RdCommandLineText("provoke", crime, sizeof crime)) return RtlEqualMemory(crime, "ndis_", 5);
    return RdCommandLineNumber("selftest", 0) != 0;
}

}  // namespace

NTSTATUS write_driver_database() {
    NTSTATUS status = STATUS_SUCCESS;
    for (const KnownDriver& driver : kKnownDrivers)
        if (NT_SUCCESS(status)) status = write_driver(driver);
    if (NT_SUCCESS(status) && ndis_is_tested()) status = write_driver(kSelfTestDriver);
    return status;
}

NTSTATUS register_node(DeviceNode& node) {
    name_enum_key(node);
    if (node.enum_path[0] == L'\0') return STATUS_INSUFFICIENT_RESOURCES;
    WCHAR path[kPathMax + 8], location[64];
    TextWriter(path, kPathMax + 8).text(L"Enum\\").text(node.enum_path);
    RegistryKey key;
    NTSTATUS status = key.create(path);
    if (NT_SUCCESS(status)) status = set_ids(key, L"HardwareID", node, IdKind::hardware);
    if (NT_SUCCESS(status)) status = set_ids(key, L"CompatibleIDs", node, IdKind::compatible);
    TextWriter(location, 64)
        .text(L"PCI bus ").decimal(node.address.bus).text(L", device ").decimal(node.address.device)
        .text(L", function ").decimal(node.address.function);
    if (NT_SUCCESS(status)) status = key.set_text(L"LocationInformation", location);
    if (!NT_SUCCESS(status)) return status;

    auto* match = static_cast<Match*>(ExAllocatePoolWithTag(PagedPool, sizeof(Match), 'gRpP'));
    if (!match) return STATUS_INSUFFICIENT_RESOURCES;
    if (look_up_any(node, IdKind::hardware, *match) || look_up_any(node, IdKind::compatible, *match)) {
        TextWriter(node.service, kServiceMax).text(match->service);
        status = key.set_text(L"Service", match->service);
        if (NT_SUCCESS(status)) status = key.set_text(L"DeviceDesc", match->description);
        if (NT_SUCCESS(status)) status = key.set_text(L"ClassGUID", match->class_guid);
        // A device seen before keeps its instance.
        if (NT_SUCCESS(status) && match->class_guid[0] != L'\0' &&
            !key.get_text(L"Driver", node.driver_key, sizeof node.driver_key / sizeof(WCHAR))) {
            const ULONG instance = next_instance++;
            TextWriter(node.driver_key, sizeof node.driver_key / sizeof(WCHAR))
                .text(match->class_guid).text(L"\\").decimal(instance, 4);
            status = key.set_text(L"Driver", node.driver_key);
            if (NT_SUCCESS(status)) status = write_class_key(node, *match);
            if (NT_SUCCESS(status)) status = write_connection_key(node, instance);
        }
    }
    ExFreePoolWithTag(match, 'gRpP');
    return status;
}

}  // namespace pnp
