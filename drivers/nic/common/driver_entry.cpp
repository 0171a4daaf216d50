// SPDX-License-Identifier: MIT
// nic/common/driver_entry.cpp
//
// DriverEntry of both miniports: registers the handlers with NDIS. PASSIVE_LEVEL.
#include "adapter.hpp"

/// What a vtable's pure entries call; nothing constructs a class that has one left.
extern "C" void
__cxa_pure_virtual()
{
    __builtin_trap();
}

extern "C" NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
    NDIS_HANDLE wrapper = nullptr;
    NdisMInitializeWrapper(&wrapper, driver, registry_path, nullptr);
    if (wrapper == nullptr) {
        return NDIS_STATUS_FAILURE;
    }
    NDIS_MINIPORT_CHARACTERISTICS miniport;
    NdisZeroMemory(&miniport, sizeof(miniport));
    miniport.MajorNdisVersion = 5;
    miniport.MinorNdisVersion = 1;
    miniport.InitializeHandler = nic::MiniportInitialize;
    miniport.HaltHandler = nic::MiniportHalt;
    miniport.ResetHandler = nic::MiniportReset;
    miniport.CheckForHangHandler = nic::MiniportCheckForHang;
    miniport.ISRHandler = nic::MiniportIsr;
    miniport.HandleInterruptHandler = nic::MiniportHandleInterrupt;
    miniport.QueryInformationHandler = nic::MiniportQueryInformation;
    miniport.SetInformationHandler = nic::MiniportSetInformation;
    miniport.SendPacketsHandler = nic::MiniportSendPackets;
    miniport.ReturnPacketHandler = nic::MiniportReturnPacket;
    miniport.CancelSendPacketsHandler = nic::MiniportCancelSendPackets;
    miniport.PnPEventNotifyHandler = nic::MiniportPnPEventNotify;
    miniport.AdapterShutdownHandler = nic::MiniportShutdown;
    const NDIS_STATUS status = NdisMRegisterMiniport(wrapper, &miniport, sizeof(miniport));
    if (status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(wrapper, nullptr);
    }
    return status;
}
