// SPDX-License-Identifier: MIT
// ndis/lib/interrupt.cpp
//
// A miniport's interrupt: from the line to MiniportISR and MiniportHandleInterrupt.
//
//   RequestIsr, or a shared line   every interrupt calls MiniportISR, which says whether the card raised it and whether
//                                  MiniportHandleInterrupt is to run
//   otherwise                      MiniportDisableInterrupt quiets the card and MiniportHandleInterrupt runs
//
// After MiniportHandleInterrupt, MiniportEnableInterrupt (if there is one) lets interrupts through again, synchronised with
// the interrupt. https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553605(v=vs.85)
#include "ndis/lib/core_seam.hpp"

using namespace ndis;

namespace {

constexpr ULONG kTag = 'tiDN';  // "NDit"

/// What we keep of a connected interrupt; NDIS_MINIPORT_INTERRUPT::MiniportIdField points here.
struct Connection {
    LIST_ENTRY entry;  // AdapterResources::interrupts
    PNDIS_MINIPORT_INTERRUPT interrupt;
    NDIS_HANDLE adapter;
    LONG dpcs;     // queued or running
    bool closing;  // NdisMDeregisterInterrupt waits: no further DPC
};

/// A DPC is over, or was not queued after all.
void drop_dpc(Connection& connection) {
    if (__atomic_sub_fetch(&connection.dpcs, 1, __ATOMIC_ACQ_REL) == 0 && __atomic_load_n(&connection.closing, __ATOMIC_ACQUIRE))
        KeSetEvent(&connection.interrupt->DpcsCompletedEvent, IO_NO_INCREMENT, FALSE);
}

BOOLEAN NTAPI enable_interrupt(PVOID context) {
    const Connection& connection = *static_cast<Connection*>(context);
    characteristics_of(connection.adapter).EnableInterruptHandler(adapter_context_of(connection.adapter));
    return TRUE;
}

VOID NTAPI interrupt_dpc(PKDPC, PVOID context, PVOID, PVOID) {
    Connection& connection = *static_cast<Connection*>(context);
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = characteristics_of(connection.adapter);
    enter_miniport(connection.adapter);
    connection.interrupt->MiniportDpc(adapter_context_of(connection.adapter));
    if (handlers.EnableInterruptHandler && !__atomic_load_n(&connection.closing, __ATOMIC_ACQUIRE))
        KeSynchronizeExecution(connection.interrupt->InterruptObject, enable_interrupt, &connection);
    leave_miniport(connection.adapter);
    drop_dpc(connection);
}

/// At the interrupt's IRQL, under its lock.
BOOLEAN NTAPI service(PKINTERRUPT, PVOID context) {
    Connection& connection = *static_cast<Connection*>(context);
    PNDIS_MINIPORT_INTERRUPT interrupt = connection.interrupt;
    NDIS_HANDLE driver_context = adapter_context_of(connection.adapter);
    BOOLEAN recognized = TRUE, queue = TRUE;
    if (interrupt->IsrRequested || interrupt->SharedInterrupt) {
        recognized = queue = FALSE;
        interrupt->MiniportIsr(&recognized, &queue, driver_context);
    } else {
        characteristics_of(connection.adapter).DisableInterruptHandler(driver_context);
    }
    if (recognized && queue && !__atomic_load_n(&connection.closing, __ATOMIC_ACQUIRE)) {
        __atomic_add_fetch(&connection.dpcs, 1, __ATOMIC_ACQ_REL);
        // Queued already and not begun: that one will see this interrupt's work. We cannot signal from here, and need not:
        // the count does not reach zero before the queued one is over.
        if (!KeInsertQueueDpc(&interrupt->InterruptDpc, nullptr, nullptr))
            __atomic_sub_fetch(&connection.dpcs, 1, __ATOMIC_ACQ_REL);
    }
    return recognized;
}

/// The translated interrupt that belongs to what the miniport read as `vector` (and passed back); null: not this adapter's.
const CM_PARTIAL_RESOURCE_DESCRIPTOR* find_line(const AdapterResources& resources, UINT vector, UINT level) {
    if (!resources.raw || !resources.translated || !resources.raw->Count || !resources.translated->Count) return nullptr;
    const CM_PARTIAL_RESOURCE_LIST& raw = resources.raw->List[0].PartialResourceList;
    const CM_PARTIAL_RESOURCE_LIST& translated = resources.translated->List[0].PartialResourceList;
    for (ULONG i = 0; i < raw.Count && i < translated.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& line = raw.PartialDescriptors[i];
        if (line.Type == CmResourceTypeInterrupt && line.u.Interrupt.Vector == vector && line.u.Interrupt.Level == level)
            return &translated.PartialDescriptors[i];
    }
    return nullptr;
}

NTSTATUS connect(Connection& connection, const CM_PARTIAL_RESOURCE_DESCRIPTOR& line, NDIS_INTERRUPT_MODE mode) {
    const auto irql = static_cast<KIRQL>(line.u.Interrupt.Level);
    return IoConnectInterrupt(
        &connection.interrupt->InterruptObject, service, &connection, nullptr, line.u.Interrupt.Vector, irql, irql, mode,
        connection.interrupt->SharedInterrupt, line.u.Interrupt.Affinity, FALSE);
}

}  // namespace

PNDIS_MINIPORT_INTERRUPT ndis::first_interrupt(AdapterResources& resources) {
    SpinGuard guard(resources.lock);
    if (IsListEmpty(&resources.interrupts)) return nullptr;
    return CONTAINING_RECORD(resources.interrupts.Flink, Connection, entry)->interrupt;
}

/// Vector and level as NdisMQueryAdapterResources gave them. NDIS_STATUS_RESOURCE_CONFLICT: not a line of this adapter's;
/// NDIS_STATUS_RESOURCES: no memory; NDIS_STATUS_FAILURE: the system refuses, or a handler that is needed is missing.
/// The handlers may be called before this returns, so NdisMSetAttributes comes first. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisMRegisterInterrupt(
    PNDIS_MINIPORT_INTERRUPT Interrupt, NDIS_HANDLE MiniportAdapterHandle, UINT InterruptVector, UINT InterruptLevel,
    BOOLEAN RequestIsr, BOOLEAN SharedInterrupt, NDIS_INTERRUPT_MODE InterruptMode) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMRegisterInterrupt", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = characteristics_of(MiniportAdapterHandle);
    const bool calls_isr = RequestIsr || SharedInterrupt;
    if (!handlers.HandleInterruptHandler || (calls_isr ? !handlers.ISRHandler : !handlers.DisableInterruptHandler))
        return NDIS_STATUS_FAILURE;
    const CM_PARTIAL_RESOURCE_DESCRIPTOR* line = find_line(resources, InterruptVector, InterruptLevel);
    if (!line) return NDIS_STATUS_RESOURCE_CONFLICT;
    auto* connection = static_cast<Connection*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Connection), kTag));
    if (!connection) return NDIS_STATUS_RESOURCES;
    *connection = {{}, Interrupt, MiniportAdapterHandle, 0, false};
    RtlZeroMemory(Interrupt, sizeof *Interrupt);
    Interrupt->MiniportIdField = connection;
    Interrupt->MiniportIsr = handlers.ISRHandler;
    Interrupt->MiniportDpc = handlers.HandleInterruptHandler;
    Interrupt->Miniport = static_cast<PNDIS_MINIPORT_BLOCK>(MiniportAdapterHandle);
    Interrupt->SharedInterrupt = SharedInterrupt;
    Interrupt->IsrRequested = RequestIsr;
    KeInitializeDpc(&Interrupt->InterruptDpc, interrupt_dpc, connection);
    KeInitializeEvent(&Interrupt->DpcsCompletedEvent, NotificationEvent, FALSE);
    {
        SpinGuard guard(resources.lock);
        InsertTailList(&resources.interrupts, &connection->entry);
    }
    if (NT_SUCCESS(connect(*connection, *line, InterruptMode))) return NDIS_STATUS_SUCCESS;
    {
        SpinGuard guard(resources.lock);
        RemoveEntryList(&connection->entry);
    }
    Interrupt->MiniportIdField = nullptr;
    ExFreePoolWithTag(connection, kTag);
    return NDIS_STATUS_FAILURE;
}

/// On return no handler runs any more, and none will. PASSIVE_LEVEL.
VOID NTAPI NdisMDeregisterInterrupt(PNDIS_MINIPORT_INTERRUPT Interrupt) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMDeregisterInterrupt", NDIS_CALLER);
    auto* connection = static_cast<Connection*>(Interrupt->MiniportIdField);
    if (!connection || connection->interrupt != Interrupt)
        RdBugCheckText(
            "NdisMDeregisterInterrupt: not registered, or deregistered already", 0xC4, 0x52440008,
            reinterpret_cast<ULONG_PTR>(Interrupt), 0, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
    AdapterResources& resources = *resources_of(connection->adapter);
    // One count is ours from here, so that the last DPC's end is seen exactly once.
    __atomic_add_fetch(&connection->dpcs, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&connection->closing, true, __ATOMIC_RELEASE);
    IoDisconnectInterrupt(Interrupt->InterruptObject);
    if (KeRemoveQueueDpc(&Interrupt->InterruptDpc)) drop_dpc(*connection);
    drop_dpc(*connection);
    KeWaitForSingleObject(&Interrupt->DpcsCompletedEvent, Executive, KernelMode, FALSE, nullptr);
    {
        SpinGuard guard(resources.lock);
        RemoveEntryList(&connection->entry);
    }
    KeFlushQueuedDpcs();  // the DPC that signalled us may still be on its way out
    Interrupt->MiniportIdField = nullptr;
    ExFreePoolWithTag(connection, kTag);
}

/// Calls the function at the interrupt's IRQL under its lock and returns what it returns. <= the interrupt's IRQL.
BOOLEAN NTAPI
NdisMSynchronizeWithInterrupt(PNDIS_MINIPORT_INTERRUPT Interrupt, PVOID SynchronizeFunction, PVOID SynchronizeContext) {
    return KeSynchronizeExecution(
        Interrupt->InterruptObject, reinterpret_cast<PKSYNCHRONIZE_ROUTINE>(SynchronizeFunction), SynchronizeContext);
}
