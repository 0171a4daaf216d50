// SPDX-License-Identifier: MIT
// io/pnp/pnp.cpp
//
// The PnP manager: finds devices at boot and later (a rescan is all that a hotplug event has to ask for), and starts and
// stops them on request.
#include "rd_pnp.hpp"

#include "device_node.hpp"
#include "rd_executive.hpp"
#include "registry_key.hpp"
#include "text_writer.hpp"

LIST_ENTRY pnp::Nodes;
KMUTEX pnp::PnpLock;

namespace pnp {

namespace {

constexpr ULONG kFoundMax = 64;

/// What one scan has seen; a scan is under PnpLock.
struct Scan {
    PciAddress at[kFoundMax];
    PciIdentity id[kFoundMax];
    ULONG count;
};
Scan scan;

void remember(PciAddress at, const PciIdentity& id) {
    if (scan.count == kFoundMax) return;
    scan.at[scan.count] = at;
    scan.id[scan.count++] = id;
}

bool still_there(const DeviceNode& node) {
    for (ULONG i = 0; i < scan.count; ++i)
        if (scan.at[i] == node.address) return scan.id[i] == node.id;
    return false;
}

bool known(PciAddress at) {
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, DeviceNode, entry)->address == at) return true;
    return false;
}

void report_failure(const DeviceNode& node, NTSTATUS status) {
    DbgPrint(
        "pnp: %ws at %02x:%02x.%x did not start: status %08x\n", node.service, node.address.bus, node.address.device,
        node.address.function, status);
}

void bring_up(DeviceNode& node) {
    NTSTATUS status = place_node(node);
    if (NT_SUCCESS(status)) status = register_node(node);
    if (NT_SUCCESS(status) && node.service[0] != L'\0') status = start_node(node);
    if (!NT_SUCCESS(status)) report_failure(node, status);
}

}  // namespace

void bring_up_to_date() {
    scan.count = 0;
    scan_buses(remember);
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes;) {
        DeviceNode& node = *CONTAINING_RECORD(entry, DeviceNode, entry);
        entry = entry->Flink;
        if (!still_there(node)) remove_node(node);
    }
    for (ULONG i = 0; i < scan.count; ++i) {
        DeviceNode* node = known(scan.at[i]) ? nullptr : create_node(scan.at[i], scan.id[i]);
        if (!node) continue;
        node->fresh = true;
        InsertTailList(&Nodes, &node->entry);
    }
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink) {
        DeviceNode& node = *CONTAINING_RECORD(entry, DeviceNode, entry);
        if (!node.fresh) continue;
        node.fresh = false;
        bring_up(node);
    }
}

DeviceNode* find_node(PDEVICE_OBJECT pdo) {
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink) {
        DeviceNode* node = CONTAINING_RECORD(entry, DeviceNode, entry);
        if (node->pdo == pdo) return node;
    }
    return nullptr;
}

}  // namespace pnp

extern "C" NTSTATUS NTAPI PnpInitSystem(void) {
    using namespace pnp;
    InitializeListHead(&Nodes);
    KeInitializeMutex(&PnpLock, 0);
    NTSTATUS status = write_driver_database();
    if (!NT_SUCCESS(status)) return status;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Driver\\PCI");
    status = IoCreateDriver(&name, pci_driver_entry);
    if (!NT_SUCCESS(status)) return status;
    {
        const PnpLockGuard lock;
        bring_up_to_date();
    }
    start_hotplug();
    return STATUS_SUCCESS;
}

extern "C" NTSTATUS NTAPI RdPnpStartDevice(PDEVICE_OBJECT pdo) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdPnpStartDevice");
    const pnp::PnpLockGuard lock;
    pnp::DeviceNode* node = pnp::find_node(pdo);
    return node ? pnp::start_node(*node) : STATUS_NO_SUCH_DEVICE;
}

extern "C" NTSTATUS NTAPI RdPnpStopDevice(PDEVICE_OBJECT pdo) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdPnpStopDevice");
    const pnp::PnpLockGuard lock;
    pnp::DeviceNode* node = pnp::find_node(pdo);
    return node ? pnp::stop_node(*node) : STATUS_NO_SUCH_DEVICE;
}

extern "C" VOID NTAPI RdPnpRescan(void) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdPnpRescan");
    const pnp::PnpLockGuard lock;
    pnp::bring_up_to_date();
}

extern "C" ULONG NTAPI RdPnpQueryDevices(RD_PNP_DEVICE* entries, ULONG capacity) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdPnpQueryDevices");
    using namespace pnp;
    const PnpLockGuard lock;
    ULONG count = 0;
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink, ++count) {
        if (count >= capacity) continue;
        const DeviceNode& node = *CONTAINING_RECORD(entry, DeviceNode, entry);
        RD_PNP_DEVICE& to = entries[count];
        RtlZeroMemory(&to, sizeof to);
        to.Pdo = node.pdo;
        to.PciAddress = node.address.number();
        to.Vendor = node.id.vendor;
        to.Device = node.id.device;
        to.Started = node.state == NodeState::started ? 1 : 0;
        to.StartStatus = node.start_status;
        TextWriter(to.Service, sizeof to.Service / sizeof(WCHAR)).text(node.service);
        if (node.driver_key[0] == L'\0') continue;
        WCHAR path[kPathMax];
        TextWriter(path, kPathMax).text(L"Control\\Class\\").text(node.driver_key);
        RegistryKey key;
        if (NT_SUCCESS(key.open(path))) key.get_text(L"NetCfgInstanceId", to.NetCfgInstanceId, kGuidText);
    }
    return count;
}
