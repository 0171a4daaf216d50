// SPDX-License-Identifier: MIT
// ndis/lib/resources.cpp: the life of AdapterResources. See adapter_resources.hpp.
#include "ndis/lib/release.hpp"

namespace ndis {

namespace {

constexpr ULONG kTag = 'erDN';  // "NDre"
constexpr ULONG kNdisDriver = 0x7C;

// 496b8280-6f25-11d0-beaf-08002be2092f
const GUID kBusInterfaceStandard = {0x496b8280, 0x6f25, 0x11d0, {0xbe, 0xaf, 0x08, 0x00, 0x2b, 0xe2, 0x09, 0x2f}};

/// Bytes of the first full descriptor's list; NDIS knows one bus per adapter.
SIZE_T list_bytes(PCM_RESOURCE_LIST list) {
    const ULONG count = list->List[0].PartialResourceList.Count;
    return sizeof(CM_RESOURCE_LIST) + (count ? count - 1 : 0) * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
}

/// *copy stays null for an empty list. False: no memory.
bool copy_list(PCM_RESOURCE_LIST list, PCM_RESOURCE_LIST* copy) {
    *copy = nullptr;
    if (!list || list->Count == 0) return true;
    const SIZE_T bytes = list_bytes(list);
    *copy = static_cast<PCM_RESOURCE_LIST>(ExAllocatePoolWithTag(NonPagedPool, bytes, kTag));
    if (!*copy) return false;
    RtlCopyMemory(*copy, list, bytes);
    (*copy)->Count = 1;
    return true;
}

void free_list(PCM_RESOURCE_LIST& list) {
    if (list) ExFreePoolWithTag(list, kTag);
    list = nullptr;
}

/// Asks the devices below for BUS_INTERFACE_STANDARD. Not every bus has it.
bool query_bus(AdapterResources& resources) {
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IO_STATUS_BLOCK status = {};
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, resources.next, nullptr, 0, nullptr, &done, &status);
    if (!irp) return false;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_INTERFACE;
    stack->Parameters.QueryInterface.InterfaceType = &kBusInterfaceStandard;
    stack->Parameters.QueryInterface.Size = sizeof resources.bus;
    stack->Parameters.QueryInterface.Version = 1;
    stack->Parameters.QueryInterface.Interface = reinterpret_cast<PINTERFACE>(&resources.bus);
    stack->Parameters.QueryInterface.InterfaceSpecificData = nullptr;
    NTSTATUS result = IoCallDriver(resources.next, irp);
    if (result == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
        result = status.Status;
    }
    return NT_SUCCESS(result);
}

}  // namespace

void init_resources(
    AdapterResources& resources, NDIS_HANDLE adapter, PDEVICE_OBJECT pdo, PDEVICE_OBJECT fdo, PDEVICE_OBJECT next) {
    resources = {};
    resources.adapter = adapter;
    resources.pdo = pdo;
    resources.fdo = fdo;
    resources.next = next;
    KeInitializeSpinLock(&resources.lock);
    InitializeListHead(&resources.interrupts);
    InitializeListHead(&resources.shared_memory);
    InitializeListHead(&resources.mappings);
    KeInitializeEvent(&resources.shared_idle, NotificationEvent, TRUE);
}

NTSTATUS set_hardware_resources(AdapterResources& resources, PCM_RESOURCE_LIST raw, PCM_RESOURCE_LIST translated) {
    if (!copy_list(raw, &resources.raw) || !copy_list(translated, &resources.translated)) {
        free_list(resources.raw);
        free_list(resources.translated);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    resources.has_bus = query_bus(resources);
    resources.started = true;
    return STATUS_SUCCESS;
}

void check_released(AdapterResources& resources, Released when) {
    KeWaitForSingleObject(&resources.shared_idle, Executive, KernelMode, FALSE, nullptr);
    const auto adapter = reinterpret_cast<ULONG_PTR>(resources.adapter), code = static_cast<ULONG_PTR>(when);
    if (const PNDIS_MINIPORT_INTERRUPT interrupt = first_interrupt(resources))
        RdBugCheckText(
            "a miniport has not deregistered its interrupt", kNdisDriver, code, adapter, reinterpret_cast<ULONG_PTR>(interrupt), 0);
    if (resources.timers)
        RdBugCheckText(
            "a miniport has not cancelled its timers", kNdisDriver, code + 1, adapter, reinterpret_cast<ULONG_PTR>(resources.timers), 0);
    ULONG pieces = 0, mappings = 0;
    while (release_shared(resources, nullptr, 0, {})) ++pieces;
    while (release_mapping(resources, nullptr, 0)) ++mappings;
    if (pieces) DbgPrint("ndis: adapter %p left %lu pieces of shared memory\n", resources.adapter, pieces);
    if (mappings) DbgPrint("ndis: adapter %p left %lu mappings of registers\n", resources.adapter, mappings);
    release_shutdown_handler(resources);
    release_dma(resources);
}

void release_hardware(AdapterResources& resources) {
    if (resources.has_bus && resources.bus.InterfaceDereference) resources.bus.InterfaceDereference(resources.bus.Context);
    resources.has_bus = false;
    resources.bus = {};
    free_list(resources.raw);
    free_list(resources.translated);
    resources.started = false;
}

void free_resources(AdapterResources& resources) {
    if (resources.started) release_hardware(resources);
    release_dma(resources);
}

}  // namespace ndis
