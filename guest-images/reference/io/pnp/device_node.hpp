// SPDX-License-Identifier: MIT
// io/pnp/device_node.hpp
//
// What the PnP manager and the PCI bus driver know of one function: its PDO (whose extension is the node), its keys in the
// registry, and how far its stack of drivers has come. One lock (PnpLock) serialises everything that changes a stack.
#pragma once
#include "nt_internal.hpp"
#include "pci_header.hpp"

namespace pnp {

enum class NodeState : ULONG {
    stopped,       ///< No driver's device is attached to the PDO.
    started,       ///< IRP_MN_START_DEVICE has succeeded.
    start_failed,  ///< It has not, or there is no driver; the stack was taken down again.
    gone,          ///< The hardware is not there any more; the PDO goes with the last reference.
};

/// Longest name or path that is built here, in characters with the terminator.
constexpr SIZE_T kPathMax = 200;
constexpr SIZE_T kServiceMax = 32;
constexpr SIZE_T kGuidText = 39;  ///< "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}" and NUL.

struct DeviceNode {
    LIST_ENTRY entry;
    PDEVICE_OBJECT pdo;
    PciAddress address;
    PciIdentity id;
    Bar bars[kBars];               ///< Address 0: not placed.
    NodeState state;
    bool fresh;                    ///< Not yet looked at by bring_up_to_date.
    NTSTATUS start_status;
    PDRIVER_OBJECT driver;         ///< Referenced while `state` is started.
    WCHAR service[kServiceMax];    ///< Empty: no driver is known for it.
    WCHAR enum_path[kPathMax];     ///< Relative to Enum: "PCI\VEN_...\<instance>".
    WCHAR driver_key[kGuidText + 6];  ///< Relative to Control\Class: "{class}\NNNN"; empty without a driver.
    WCHAR pdo_name[kServiceMax];   ///< "\Device\NTPNP_PCInnnn".
};

inline DeviceNode* node_of(PDEVICE_OBJECT pdo) { return static_cast<DeviceNode*>(pdo->DeviceExtension); }

/// The PCI bus driver's object: every PDO is its.
extern PDRIVER_OBJECT PciDriver;
/// All nodes, by PnpLock.
extern LIST_ENTRY Nodes;
/// Taken around every change of a stack. PASSIVE_LEVEL.
extern KMUTEX PnpLock;

class PnpLockGuard {
  public:
    PnpLockGuard() { KeWaitForSingleObject(&PnpLock, Executive, KernelMode, FALSE, nullptr); }
    ~PnpLockGuard() { KeReleaseMutex(&PnpLock, FALSE); }
    PnpLockGuard(const PnpLockGuard&) = delete;
    PnpLockGuard& operator=(const PnpLockGuard&) = delete;
};

/// The node of a PDO of ours, null for any other device object. PASSIVE_LEVEL.
DeviceNode* find_node(PDEVICE_OBJECT pdo);

// --- pci_scan.cpp

/// Calls `found` for every function on bus 0 and the buses behind its bridges.
void scan_buses(void (*found)(PciAddress, const PciIdentity&));
/// Sizes and reads the six base address registers; decoding is off while they hold ones.
void read_bars(PciAddress at, Bar (&bars)[kBars]);

// --- pdo.cpp, pdo_irps.cpp

/// DriverEntry of the PCI bus driver.
NTSTATUS NTAPI pci_driver_entry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path);
/// Makes a PDO and its node, which has what the firmware has placed. Null: out of memory.
DeviceNode* create_node(PciAddress at, const PciIdentity& id);
/// Turns the function's decoders on, or off together with bus mastering: what it has no driver for cannot touch memory.
void set_decoding(const DeviceNode& node, bool on);

// --- place.cpp

/// Addresses and an interrupt line for what the firmware has not placed. STATUS_INSUFFICIENT_RESOURCES: no room. All nodes are
/// in the list. Under PnpLock.
NTSTATUS place_node(DeviceNode& node);

// --- pnp.cpp, hotplug.cpp

/// Makes nodes for what is new and starts what has a driver; takes down what has vanished. Under PnpLock.
void bring_up_to_date();
/// From here on devices may come and go. Says on the debug channel if the machine cannot do that. PASSIVE_LEVEL.
void start_hotplug();

// --- resources.cpp

/// The node's resources, raw or translated, in one allocation from paged pool; null when it has none (or no memory).
PCM_RESOURCE_LIST build_resources(const DeviceNode& node, bool translated);

// --- identity.cpp

enum class IdKind { device, hardware, compatible, instance };
/// One identifier or a multi-string of them, as IRP_MN_QUERY_ID returns it: paged pool, the caller's. Null: no memory.
PWSTR build_id(const DeviceNode& node, IdKind kind);
/// Characters of a multi-string, both terminators included.
SIZE_T multi_length(const WCHAR* text);

// --- registry.cpp

/// Writes what the guest's registry says of drivers it was built with: Services and CriticalDeviceDatabase. PASSIVE_LEVEL.
NTSTATUS write_driver_database();
/// Looks the node up in CriticalDeviceDatabase, and writes or finds its Enum, Class and Network keys.
NTSTATUS register_node(DeviceNode& node);

// --- stack.cpp

/// Loads the driver, AddDevice, IRP_MN_START_DEVICE. Under PnpLock.
NTSTATUS start_node(DeviceNode& node);
/// IRP_MN_QUERY_REMOVE_DEVICE and, when nobody objects, IRP_MN_REMOVE_DEVICE; the PDO stays. Under PnpLock.
NTSTATUS stop_node(DeviceNode& node);
/// The hardware has vanished: IRP_MN_SURPRISE_REMOVAL, IRP_MN_REMOVE_DEVICE; node and PDO go. Under PnpLock.
void remove_node(DeviceNode& node);

}  // namespace pnp
