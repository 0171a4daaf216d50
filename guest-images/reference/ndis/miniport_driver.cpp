// SPDX-License-Identifier: MIT
// ndis/miniport_driver.cpp
//
// Miniport drivers: what NdisInitializeWrapper and NdisMRegisterMiniport make of a driver object.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553602(v=vs.85) (NdisMRegisterMiniport)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

MiniportDriver* find_by_driver(PDRIVER_OBJECT driver) {
    const CoreGuard guard;
    for (PLIST_ENTRY entry = MiniportDrivers.Flink; entry != &MiniportDrivers; entry = entry->Flink) {
        MiniportDriver* owner = CONTAINING_RECORD(entry, MiniportDriver, entry);
        if (owner->driver == driver) return owner;
    }
    return nullptr;
}

MiniportDriver* checked(NDIS_HANDLE wrapper, const char* function) {
    {
        const CoreGuard guard;
        for (PLIST_ENTRY entry = MiniportDrivers.Flink; entry != &MiniportDrivers; entry = entry->Flink)
            if (CONTAINING_RECORD(entry, MiniportDriver, entry) == wrapper) return static_cast<MiniportDriver*>(wrapper);
    }
    RdBugCheckText(function, 0xC4, 0x52440200, number(wrapper), 0, 0);
    return nullptr;
}

void forget(MiniportDriver* owner) {
    {
        const CoreGuard guard;
        RemoveEntryList(&owner->entry);
    }
    ExFreePoolWithTag(owner, kMiniportTag);
}

/// The I/O manager unloads a miniport driver when its devices are gone.
VOID NTAPI unload(PDRIVER_OBJECT driver) {
    MiniportDriver* owner = find_by_driver(driver);
    if (!owner) return;
    if (owner->unload) owner->unload(driver);
    forget(owner);
}

/// Length of the characteristics of each version of the structure.
bool acceptable(const NDIS_MINIPORT_CHARACTERISTICS& given, UINT length) {
    constexpr UINT version4 = __builtin_offsetof(NDIS_MINIPORT_CHARACTERISTICS, CoCreateVcHandler);
    constexpr UINT version5 = __builtin_offsetof(NDIS_MINIPORT_CHARACTERISTICS, CancelSendPacketsHandler);
    if (given.MajorNdisVersion == 4 && given.MinorNdisVersion == 0) return length >= version4;
    if (given.MajorNdisVersion != 5) return false;
    return length >= (given.MinorNdisVersion == 0 ? version5 : static_cast<UINT>(sizeof given));
}

bool complete(const NDIS_MINIPORT_CHARACTERISTICS& given) {
    return given.InitializeHandler && given.HaltHandler && given.QueryInformationHandler && given.SetInformationHandler &&
           (given.SendHandler || given.SendPacketsHandler);
}

}  // namespace

}  // namespace ndis

using namespace ndis;

extern "C" {

/// *NdisWrapperHandle is null when memory runs out. PASSIVE_LEVEL, in DriverEntry.
VOID NTAPI NdisInitializeWrapper(PNDIS_HANDLE NdisWrapperHandle, PVOID SystemSpecific1, PVOID, PVOID) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisInitializeWrapper", NDIS_CALLER);
    *NdisWrapperHandle = nullptr;
    auto* owner = static_cast<MiniportDriver*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(MiniportDriver), kMiniportTag));
    if (!owner) return;
    RtlZeroMemory(owner, sizeof *owner);
    owner->driver = static_cast<PDRIVER_OBJECT>(SystemSpecific1);
    {
        const CoreGuard guard;
        InsertTailList(&MiniportDrivers, &owner->entry);
    }
    *NdisWrapperHandle = owner;
}

/// Undoes NdisInitializeWrapper in a DriverEntry that fails. After a successful registration NDIS does it at unload, and this does
/// nothing. PASSIVE_LEVEL.
VOID NTAPI NdisTerminateWrapper(NDIS_HANDLE NdisWrapperHandle, PVOID) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisTerminateWrapper", NDIS_CALLER);
    MiniportDriver* owner = checked(NdisWrapperHandle, "NdisTerminateWrapper");
    if (!owner->registered) forget(owner);
}

/// SUCCESS; BAD_VERSION; BAD_CHARACTERISTICS: too short, or a mandatory handler is missing. PASSIVE_LEVEL.
NDIS_STATUS NTAPI
NdisMRegisterMiniport(NDIS_HANDLE NdisWrapperHandle, PNDIS_MINIPORT_CHARACTERISTICS MiniportCharacteristics, UINT CharacteristicsLength) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisMRegisterMiniport", NDIS_CALLER);
    MiniportDriver* owner = checked(NdisWrapperHandle, "NdisMRegisterMiniport");
    const NDIS_MINIPORT_CHARACTERISTICS& given = *MiniportCharacteristics;
    if (given.MajorNdisVersion != 5 && given.MajorNdisVersion != 4) return NDIS_STATUS_BAD_VERSION;
    if (!acceptable(given, CharacteristicsLength) || !complete(given)) return NDIS_STATUS_BAD_CHARACTERISTICS;
    const SIZE_T bytes = smaller(static_cast<SIZE_T>(CharacteristicsLength), sizeof owner->characteristics);
    RtlCopyMemory(&owner->characteristics, &given, bytes);
    take_over_dispatch(owner);
    owner->driver->DriverUnload = unload;
    owner->registered = true;
    return NDIS_STATUS_SUCCESS;
}

/// `UnloadHandler` is called when the driver is unloaded, before NDIS forgets it. PASSIVE_LEVEL.
VOID NTAPI NdisMRegisterUnloadHandler(NDIS_HANDLE NdisWrapperHandle, PDRIVER_UNLOAD UnloadHandler) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisMRegisterUnloadHandler", NDIS_CALLER);
    checked(NdisWrapperHandle, "NdisMRegisterUnloadHandler")->unload = UnloadHandler;
}

}  // extern "C"
