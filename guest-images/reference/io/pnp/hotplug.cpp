// SPDX-License-Identifier: MIT
// io/pnp/hotplug.cpp
//
// PCI hotplug as QEMU's `pc` machine (PIIX4) has it: an ACPI event says that slots are to go or have been filled, five registers
// say which. Windows is told by the firmware's AML how to reach them; there is no AML interpreter here, so they are reached
// directly. A device is never gone before the guest has written its slot's bit into the eject register: `device_del` asks.
// https://www.qemu.org/docs/master/specs/acpi_pci_hotplug.html
#include "acpi.hpp"
#include "arch/cpu.hpp"
#include "device_node.hpp"
#include "hotplug_slots.hpp"
#include "rd_exports.hpp"

namespace pnp {

namespace {

constexpr USHORT kFilled = 0xae00;  // slots filled since the last read
constexpr USHORT kWanted = 0xae04;  // slots the host wants back
constexpr USHORT kEject = 0xae08;   // written: the slot's device goes
constexpr USHORT kBus = 0xae10;     // which bus the others speak of
constexpr unsigned kHotplugEvent = 1;  // GPE0.1
constexpr USHORT kIntel = 0x8086, kPiix4PowerManagement = 0x7113;

AcpiHardware hardware;
EjectWay way;
KEVENT happened;
KDPC event_dpc;
PKINTERRUPT interrupt;

/// Takes the slot's drivers down. False: one of them objects, and the device stays. Under PnpLock.
bool stop_slot(unsigned slot) {
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink) {
        DeviceNode& node = *CONTAINING_RECORD(entry, DeviceNode, entry);
        if (node.address.bus != 0 || node.address.device != slot) continue;
        const NTSTATUS status = stop_node(node);
        if (NT_SUCCESS(status)) continue;
        DbgPrint("pnp: slot %u stays: %ws refuses to go: status %08x\n", slot, node.service, status);
        return false;
    }
    return true;
}

/// The host's wishes, once. Under PnpLock.
void serve_slots() {
    cpu::out32(kBus, 0);
    uint32_t wanted = cpu::in32(kWanted);
    for (unsigned slot = take_slot(wanted); slot < kSlots; slot = take_slot(wanted)) {
        if (way == EjectWay::orderly && !stop_slot(slot)) continue;
        cpu::out32(kEject, 1u << slot);
        DbgPrint("pnp: slot %u ejected%s\n", slot, way == EjectWay::surprise ? " under its drivers" : "");
    }
    const ULONG filled = cpu::in32(kFilled);
    bring_up_to_date();
    if (filled) DbgPrint("pnp: slots filled and brought up: %08x\n", filled);
}

VOID NTAPI serve(PVOID) {
    RdNameThread("PCI hotplug");
    for (;;) {
        KeWaitForSingleObject(&happened, Executive, KernelMode, FALSE, nullptr);
        const PnpLockGuard lock;
        serve_slots();
    }
}

VOID NTAPI wake_up(PKDPC, PVOID, PVOID, PVOID) { KeSetEvent(&happened, IO_NO_INCREMENT, FALSE); }

/// The event is cleared before its registers are read by the thread: what comes after that sets it again.
BOOLEAN NTAPI on_sci(PKINTERRUPT, PVOID) {
    if (!event_is_set(hardware, kHotplugEvent)) return FALSE;
    clear_event(hardware, kHotplugEvent);
    KeInsertQueueDpc(&event_dpc, nullptr, nullptr);
    return TRUE;
}

bool is_piix4() {
    for (PLIST_ENTRY entry = Nodes.Flink; entry != &Nodes; entry = entry->Flink) {
        const PciIdentity& id = CONTAINING_RECORD(entry, DeviceNode, entry)->id;
        if (id.vendor == kIntel && id.device == kPiix4PowerManagement) return true;
    }
    return false;
}

NTSTATUS connect() {
    ULONG vector;
    KIRQL irql;
    const NTSTATUS status = RdTranslateInterrupt(hardware.interrupt, &vector, &irql);
    if (!NT_SUCCESS(status)) return status;
    return IoConnectInterrupt(
        &interrupt, on_sci, nullptr, nullptr, vector, irql, irql, LevelSensitive, TRUE, KeQueryActiveProcessors(), FALSE);
}

EjectWay way_of_command_line() {
    char word[16];
    return eject_way(RdCommandLineText("pnp_removal", word, sizeof word) ? word : nullptr);
}

/// Null: hotplug works; otherwise why not.
const char* set_up() {
    if (!is_piix4()) return "this machine's PCI hotplug registers are not known";
    if (!find_acpi_hardware(hardware)) return "the firmware has left no ACPI tables";
    if (!enter_acpi_mode(hardware)) return "the machine does not enter ACPI mode";
    KeInitializeEvent(&happened, SynchronizationEvent, FALSE);
    KeInitializeDpc(&event_dpc, wake_up, nullptr);
    HANDLE thread;
    if (!NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, serve, nullptr)))
        return "no memory for a thread";
    ZwClose(thread);
    if (!NT_SUCCESS(connect())) return "the ACPI interrupt cannot be connected";
    enable_event(hardware, kHotplugEvent);
    return nullptr;
}

}  // namespace

void start_hotplug() {
    constexpr ULONG invalid_setting = 0x52440301;
    way = way_of_command_line();
    if (way == EjectWay::invalid) RdBugCheckText("pnp_removal= is not orderly or surprise", 0xC4, invalid_setting, 0, 0, 0);
    if (const char* why_not = set_up()) DbgPrint("pnp: no PCI hotplug: %s\n", why_not);
}

}  // namespace pnp
