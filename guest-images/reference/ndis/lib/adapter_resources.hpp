// SPDX-License-Identifier: MIT
// ndis/lib/adapter_resources.hpp
//
// What NDIS keeps of the system for one miniport adapter: its device objects, hardware resources, DMA adapter, interrupts,
// timers, shared memory, mapped registers and ports, shutdown handler. The core owns one per Miniport (resources_of) and
// calls the functions below; the NdisM* exports of this folder fill it.
//
// Life: init_resources (AddDevice) -> set_hardware_resources (IRP_MN_START_DEVICE) -> MiniportInitialize ... MiniportHalt ->
// check_released -> release_hardware -> set_hardware_resources again, or free_resources (IRP_MN_REMOVE_DEVICE).
#pragma once
#include "ndis/lib/ndis_lib.hpp"

namespace ndis {

struct AdapterResources {
    NDIS_HANDLE adapter = nullptr;  ///< The miniport handle (NDIS_MINIPORT_BLOCK*).
    PDEVICE_OBJECT pdo = nullptr, fdo = nullptr, next = nullptr;
    PCM_RESOURCE_LIST raw = nullptr, translated = nullptr;  ///< Our copies; null when the device has none.
    BUS_INTERFACE_STANDARD bus = {};
    bool has_bus = false;
    bool started = false;  ///< Between set_hardware_resources and release_hardware.

    PDMA_ADAPTER dma = nullptr;
    ULONG map_registers = 0;       ///< Most pages one transfer may span.
    bool scatter_gather = false;   ///< NdisMInitializeScatterGatherDma succeeded: packets are mapped before MiniportSend*.
    ULONG max_transfer = 0;        ///< Longest transfer, bytes; with scatter_gather.
    ULONG base_map_registers = 0;  ///< NdisMAllocateMapRegisters: how many; 0 none.

    KSPIN_LOCK lock = 0;  ///< Guards the lists.
    LIST_ENTRY interrupts = {}, shared_memory = {}, mappings = {};
    PNDIS_MINIPORT_TIMER timers = nullptr;  ///< Those that are set, by NextDeferredTimer.
    LONG shared_async = 0;                  ///< Asynchronous allocations and frees that are not finished.
    KEVENT shared_idle = {};                ///< Set while shared_async is 0.

    ADAPTER_SHUTDOWN_HANDLER shutdown_handler = nullptr;
    PVOID shutdown_context = nullptr;
    bool shutdown_registered = false;  ///< IoRegisterShutdownNotification(fdo) is in force.
};

/// At AddDevice, with the stack attached. The devices stay the caller's. PASSIVE_LEVEL.
void init_resources(
    AdapterResources& resources, NDIS_HANDLE adapter, PDEVICE_OBJECT pdo, PDEVICE_OBJECT fdo, PDEVICE_OBJECT next);

/// At IRP_MN_START_DEVICE, once the bus driver has succeeded: copies both lists (either may be null) and asks the bus for
/// its interface. STATUS_INSUFFICIENT_RESOURCES: out of memory; nothing is kept then. PASSIVE_LEVEL.
NTSTATUS set_hardware_resources(AdapterResources& resources, PCM_RESOURCE_LIST raw, PCM_RESOURCE_LIST translated);

/// When a miniport must have released its device: parameter 1 of bug check 0x7C for an interrupt left connected; the next
/// number is the one for a timer left running.
enum class Released : ULONG_PTR {
    halted = 0x08,             ///< MiniportHalt has returned.
    initialize_failed = 0x0B,  ///< MiniportInitialize has failed.
    halted_at_once = 0x0D,     ///< MiniportHalt, because NDIS could not use what had been initialised.
    wake_failed = 0x10,        ///< MiniportInitialize has failed after a sleep.
};

/// Stops the guest with that bug check; shared memory and mappings the miniport left are named on the debug channel and
/// released. Waits for asynchronous shared memory. PASSIVE_LEVEL.
void check_released(AdapterResources& resources, Released when);
/// An interrupt that is registered (interrupt.cpp); null: none. PASSIVE_LEVEL.
PNDIS_MINIPORT_INTERRUPT first_interrupt(AdapterResources& resources);

/// Gives DMA adapter, bus interface and resource lists back. After check_released. PASSIVE_LEVEL.
void release_hardware(AdapterResources& resources);

/// The end: release_hardware if that was not done. The object's memory stays the caller's. PASSIVE_LEVEL.
void free_resources(AdapterResources& resources);

/// Calls the miniport's shutdown handler, once, if there is one: from IRP_MJ_SHUTDOWN to the adapter's device (the
/// handler's registration asks the I/O manager for it). Null in 5.0: characteristics' AdapterShutdownHandler is the
/// core's. Any IRQL.
void call_shutdown_handler(AdapterResources& resources);

/// The adapter's friendly name (or its description), allocated for the driver `caller` lies in, who frees it with
/// NdisFreeString: what NdisQueryAdapterInstanceName and NdisQueryBindInstanceName give protocols too. PASSIVE_LEVEL.
NDIS_STATUS adapter_instance_name(const AdapterResources& resources, PVOID caller, PNDIS_STRING name);

/// Maps a packet for the device before it is given to the miniport: fills ScatterGatherListPacketInfo. Nothing to do when
/// the miniport has not asked for it. NDIS_STATUS_RESOURCES: no memory; NDIS_STATUS_INVALID_PACKET: longer than the
/// miniport said, or an empty or unlocked buffer. <= DISPATCH_LEVEL.
NDIS_STATUS map_for_send(AdapterResources& resources, PNDIS_PACKET packet);
/// Takes it back when the miniport has completed the packet (or never got it). <= DISPATCH_LEVEL.
void unmap_after_send(AdapterResources& resources, PNDIS_PACKET packet);

}  // namespace ndis
