// SPDX-License-Identifier: MIT
// ndis/exports.cpp
//
// The handlers that inlined code of drivers calls through its open or its miniport's block.
#include "ndis/ndisp.hpp"

extern "C" {
NDIS_STATUS NTAPI NdispOpenRequest(NDIS_HANDLE, PNDIS_REQUEST);
NDIS_STATUS NTAPI NdispOpenSend(NDIS_HANDLE, PNDIS_PACKET);
VOID NTAPI NdispOpenSendPackets(NDIS_HANDLE, PPNDIS_PACKET, UINT);
NDIS_STATUS NTAPI NdispOpenTransfer(NDIS_HANDLE, NDIS_HANDLE, UINT, UINT, PNDIS_PACKET, PUINT);
NDIS_STATUS NTAPI NdispOpenReset(NDIS_HANDLE);
VOID NTAPI NdispIndicatePackets(NDIS_HANDLE, PPNDIS_PACKET, UINT);
VOID NTAPI NdispEthIndicate(PVOID, NDIS_HANDLE, PCHAR, PVOID, UINT, PVOID, UINT, UINT);
VOID NTAPI NdispEthComplete(PVOID);
}

namespace ndis {

void fill_handlers(Open* open) {
    const NDIS_PROTOCOL_CHARACTERISTICS& handlers = open->protocol->characteristics;
    NDIS_OPEN_BLOCK& block = open->block;
    block.MacHandle = open->miniport;
    block.BindingHandle = open;
    block.MiniportHandle = &open->miniport->block;
    block.ProtocolHandle = reinterpret_cast<PNDIS_PROTOCOL_BLOCK>(open->protocol);
    block.ProtocolBindingContext = open->context;
    block.MiniportAdapterContext = open->miniport->block.MiniportAdapterContext;
    block.BindDeviceName = block.RootDeviceName = &open->miniport->name_string;
    block.SendHandler = NdispOpenSend;
    block.TransferDataHandler = NdispOpenTransfer;
    block.SendPacketsHandler = NdispOpenSendPackets;
    block.ResetHandler = NdispOpenReset;
    block.RequestHandler = NdispOpenRequest;
    block.SendCompleteHandler = handlers.SendCompleteHandler;
    block.TransferDataCompleteHandler = handlers.TransferDataCompleteHandler;
    block.ReceiveHandler = handlers.ReceiveHandler;
    block.ReceiveCompleteHandler = handlers.ReceiveCompleteHandler;
    block.RequestCompleteHandler = handlers.RequestCompleteHandler;
    block.ReceivePacketHandler = handlers.ReceivePacketHandler;
    block.ResetCompleteHandler = handlers.ResetCompleteHandler;
    block.StatusHandler = handlers.StatusHandler;
    block.StatusCompleteHandler = handlers.StatusCompleteHandler;
}

void fill_handlers(Miniport* miniport) {
    NDIS_MINIPORT_BLOCK& block = miniport->block;
    block.Signature = miniport;
    block.DriverHandle = miniport->owner;
    block.MiniportName = miniport->name_string;
    block.EthDB = miniport;
    block.MediaType = NdisMedium802_3;
    block.PacketIndicateHandler = NdispIndicatePackets;
    block.EthRxIndicateHandler = NdispEthIndicate;
    block.EthRxCompleteHandler = NdispEthComplete;
    block.SendCompleteHandler = NdisMSendComplete;
    block.SendResourcesHandler = NdisMSendResourcesAvailable;
    block.ResetCompleteHandler = NdisMResetComplete;
    block.StatusHandler = NdisMIndicateStatus;
    block.StatusCompleteHandler = NdisMIndicateStatusComplete;
    block.TDCompleteHandler = NdisMTransferDataComplete;
    block.QueryCompleteHandler = NdisMQueryInformationComplete;
    block.SetCompleteHandler = NdisMSetInformationComplete;
}

}  // namespace ndis
