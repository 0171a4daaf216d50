/* SPDX-License-Identifier: MIT
 * ndis5.h
 *
 * NDIS 5.1 for protocol drivers, miniports and the reference guest's ndis.sys: our own declarations, written from the
 * public DDK documentation (mingw's ddk/ndis.h clashes with its ntddndis.h). Functions are here, types in ndis5_types.h.
 * Include <ntddk.h> (or the guest's nt_ddk.hpp) first. Functions are imported from ndis.sys; ndis.sys itself defines NDIS_BUILDING before including this.
 * Structure offsets that drivers rely on through inlined code are asserted at the end.
 */
#pragma once
#include "ndis5_types.h"

#ifdef NDIS_BUILDING
#define NDISAPI
#else
#define NDISAPI DECLSPEC_IMPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------- functions for everybody */

NDISAPI NDIS_STATUS NTAPI NdisAllocateMemory(PVOID *Address, UINT Length, UINT Flags, NDIS_PHYSICAL_ADDRESS Highest);
NDISAPI NDIS_STATUS NTAPI NdisAllocateMemoryWithTag(PVOID *Address, UINT Length, ULONG Tag);
NDISAPI VOID NTAPI NdisFreeMemory(PVOID Address, UINT Length, UINT Flags);
NDISAPI VOID NTAPI NdisAllocateSpinLock(PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisFreeSpinLock(PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisAcquireSpinLock(PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisReleaseSpinLock(PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisInitializeEvent(PNDIS_EVENT);
NDISAPI VOID NTAPI NdisSetEvent(PNDIS_EVENT);
NDISAPI VOID NTAPI NdisResetEvent(PNDIS_EVENT);
NDISAPI BOOLEAN NTAPI NdisWaitEvent(PNDIS_EVENT, UINT Milliseconds); /* 0: for ever. */
NDISAPI VOID NTAPI NdisMSleep(ULONG Microseconds);
NDISAPI VOID NTAPI NdisInitializeTimer(PNDIS_TIMER, PNDIS_TIMER_FUNCTION, PVOID FunctionContext);
NDISAPI VOID NTAPI NdisSetTimer(PNDIS_TIMER, UINT Milliseconds);
NDISAPI VOID NTAPI NdisCancelTimer(PNDIS_TIMER, PBOOLEAN Cancelled);
NDISAPI NDIS_STATUS NTAPI NdisScheduleWorkItem(PNDIS_WORK_ITEM);
NDISAPI VOID NTAPI NdisGetCurrentSystemTime(PLARGE_INTEGER);
NDISAPI VOID NTAPI NdisGetSystemUpTime(PULONG Milliseconds);
NDISAPI VOID NTAPI NdisInitUnicodeString(PNDIS_STRING Destination, PCWSTR Source);
NDISAPI NDIS_STATUS NTAPI NdisAnsiStringToUnicodeString(PNDIS_STRING Destination, PANSI_STRING Source);
NDISAPI NDIS_STATUS NTAPI NdisUnicodeStringToAnsiString(PANSI_STRING Destination, PNDIS_STRING Source);
NDISAPI BOOLEAN NTAPI NdisEqualString(PNDIS_STRING, PNDIS_STRING, BOOLEAN CaseInsensitive);
NDISAPI VOID NTAPI NdisInitializeString(PNDIS_STRING Destination, PUCHAR Source);
NDISAPI CCHAR NTAPI NdisSystemProcessorCount(VOID);
NDISAPI UINT NTAPI NdisGetVersion(VOID);
NDISAPI ULONG NTAPI NdisInterlockedIncrement(PLONG);
NDISAPI ULONG NTAPI NdisInterlockedDecrement(PLONG);
NDISAPI ULONG NTAPI NdisInterlockedAddUlong(PULONG, ULONG Increment, PNDIS_SPIN_LOCK);
NDISAPI PLIST_ENTRY NTAPI NdisInterlockedInsertHeadList(PLIST_ENTRY Head, PLIST_ENTRY Entry, PNDIS_SPIN_LOCK);
NDISAPI PLIST_ENTRY NTAPI NdisInterlockedInsertTailList(PLIST_ENTRY Head, PLIST_ENTRY Entry, PNDIS_SPIN_LOCK);
NDISAPI PLIST_ENTRY NTAPI NdisInterlockedRemoveHeadList(PLIST_ENTRY Head, PNDIS_SPIN_LOCK);
NDISAPI VOID NTAPI NdisInitializeReadWriteLock(PNDIS_RW_LOCK);
NDISAPI VOID NTAPI NdisAcquireReadWriteLock(PNDIS_RW_LOCK, BOOLEAN Write, PLOCK_STATE);
NDISAPI VOID NTAPI NdisReleaseReadWriteLock(PNDIS_RW_LOCK, PLOCK_STATE);
NDISAPI VOID NTAPI NdisDprAcquireReadWriteLock(PNDIS_RW_LOCK, BOOLEAN Write, PLOCK_STATE);
NDISAPI VOID NTAPI NdisDprReleaseReadWriteLock(PNDIS_RW_LOCK, PLOCK_STATE);
NDISAPI VOID NTAPI NdisSetTimerEx(PNDIS_TIMER, UINT Milliseconds, PVOID FunctionContext);
NDISAPI VOID NTAPI NdisSetPeriodicTimer(PNDIS_TIMER, UINT Milliseconds);
NDISAPI VOID NTAPI NdisInitAnsiString(PANSI_STRING Destination, PCSTR Source);
NDISAPI NDIS_STATUS NTAPI NdisUpcaseUnicodeString(PUNICODE_STRING Destination, PUNICODE_STRING Source);

#define NdisInitializeWorkItem(item, routine, context) ((item)->Context = (context), (item)->Routine = (routine))
#define NdisMoveMemory(to, from, n) RtlCopyMemory((to), (from), (n))
#define NdisZeroMemory(to, n) RtlZeroMemory((to), (n))
#define NdisFillMemory(to, n, value) RtlFillMemory((to), (n), (value))
#define NdisEqualMemory(a, b, n) RtlEqualMemory((a), (b), (n))
#define NdisRetrieveUlong(to, from) RtlCopyMemory((to), (from), sizeof(ULONG))
#define NdisStoreUlong(to, value) (*(ULONG UNALIGNED *)(to) = (value))
#define NdisStallExecution(microseconds) KeStallExecutionProcessor(microseconds)
#define NdisGetPhysicalAddressHigh(a) ((a).HighPart)
#define NdisGetPhysicalAddressLow(a) ((a).LowPart)
#define NdisSetPhysicalAddressHigh(a, v) ((a).HighPart = (v))
#define NdisSetPhysicalAddressLow(a, v) ((a).LowPart = (v))
#define NdisFreeString(s) NdisFreeMemory((s).Buffer, (s).MaximumLength, 0)

/* Pools, packets, buffers. */
NDISAPI VOID NTAPI NdisAllocatePacketPool(PNDIS_STATUS, PNDIS_HANDLE Pool, UINT Descriptors, UINT ProtocolReserved);
NDISAPI VOID NTAPI NdisAllocatePacketPoolEx(PNDIS_STATUS, PNDIS_HANDLE Pool, UINT Descriptors, UINT Overflow,
                                            UINT ProtocolReserved);
NDISAPI VOID NTAPI NdisFreePacketPool(NDIS_HANDLE Pool);
NDISAPI UINT NTAPI NdisPacketPoolUsage(NDIS_HANDLE Pool);
NDISAPI VOID NTAPI NdisSetPacketPoolProtocolId(NDIS_HANDLE Pool, UINT ProtocolId);
NDISAPI VOID NTAPI NdisAllocatePacket(PNDIS_STATUS, PNDIS_PACKET *, NDIS_HANDLE Pool);
NDISAPI VOID NTAPI NdisFreePacket(PNDIS_PACKET);
NDISAPI VOID NTAPI NdisDprAllocatePacket(PNDIS_STATUS, PNDIS_PACKET *, NDIS_HANDLE Pool);
NDISAPI VOID NTAPI NdisDprFreePacket(PNDIS_PACKET);
NDISAPI NDIS_HANDLE NTAPI NdisGetPoolFromPacket(PNDIS_PACKET);
NDISAPI VOID NTAPI NdisAllocateBufferPool(PNDIS_STATUS, PNDIS_HANDLE Pool, UINT Descriptors);
NDISAPI VOID NTAPI NdisFreeBufferPool(NDIS_HANDLE Pool);
NDISAPI VOID NTAPI NdisAllocateBuffer(PNDIS_STATUS, PNDIS_BUFFER *, NDIS_HANDLE Pool, PVOID Address, UINT Length);
NDISAPI VOID NTAPI NdisFreeBuffer(PNDIS_BUFFER);
NDISAPI VOID NTAPI NdisCopyBuffer(PNDIS_STATUS, PNDIS_BUFFER *, NDIS_HANDLE Pool, PVOID Descriptor, UINT Offset, UINT);
NDISAPI VOID NTAPI NdisUnchainBufferAtFront(PNDIS_PACKET, PNDIS_BUFFER *);
NDISAPI VOID NTAPI NdisUnchainBufferAtBack(PNDIS_PACKET, PNDIS_BUFFER *);
NDISAPI VOID NTAPI NdisCopyFromPacketToPacket(PNDIS_PACKET To, UINT ToOffset, UINT Bytes, PNDIS_PACKET From,
                                              UINT FromOffset, PUINT BytesCopied);
NDISAPI VOID NTAPI NdisCopyFromPacketToPacketSafe(PNDIS_PACKET To, UINT ToOffset, UINT Bytes, PNDIS_PACKET From,
                                                  UINT FromOffset, PUINT BytesCopied, MM_PAGE_PRIORITY);
NDISAPI VOID NTAPI NdisGetFirstBufferFromPacket(PNDIS_PACKET, PNDIS_BUFFER *, PVOID *Address, PUINT, PUINT Total);
NDISAPI VOID NTAPI NdisGetFirstBufferFromPacketSafe(PNDIS_PACKET, PNDIS_BUFFER *, PVOID *Address, PUINT, PUINT Total,
                                                    MM_PAGE_PRIORITY);
NDISAPI VOID NTAPI NdisAdjustBufferLength(PNDIS_BUFFER, UINT Length);
NDISAPI ULONG NTAPI NdisBufferLength(PNDIS_BUFFER);
NDISAPI PVOID NTAPI NdisBufferVirtualAddress(PNDIS_BUFFER);
NDISAPI ULONG NTAPI NDIS_BUFFER_TO_SPAN_PAGES(PNDIS_BUFFER);
NDISAPI VOID NTAPI NdisGetBufferPhysicalArraySize(PNDIS_BUFFER, PUINT ArraySize);
NDISAPI VOID NTAPI NdisQueryBufferOffset(PNDIS_BUFFER, PUINT Offset, PUINT Length);
NDISAPI UCHAR NTAPI NdisGeneratePartialCancelId(VOID);
NDISAPI UINT NTAPI NdisPacketSize(UINT ProtocolReservedSize);
NDISAPI PVOID NTAPI NdisGetPacketCancelId(PNDIS_PACKET);
NDISAPI VOID NTAPI NdisSetPacketCancelId(PNDIS_PACKET, PVOID CancelId);
NDISAPI VOID NTAPI NdisSetPacketStatus(PNDIS_PACKET, NDIS_STATUS, NDIS_HANDLE Handle, ULONG Code);

static inline VOID NdisQueryBuffer(PNDIS_BUFFER Buffer, PVOID *Address, PUINT Length) {
    if (Address != NULL) *Address = MmGetSystemAddressForMdlSafe(Buffer, HighPagePriority);
    *Length = MmGetMdlByteCount(Buffer);
}
static inline VOID NdisQueryBufferSafe(PNDIS_BUFFER Buffer, PVOID *Address, PUINT Length, MM_PAGE_PRIORITY Priority) {
    if (Address != NULL) *Address = MmGetSystemAddressForMdlSafe(Buffer, Priority);
    *Length = MmGetMdlByteCount(Buffer);
}
static inline VOID NdisGetNextBuffer(PNDIS_BUFFER Buffer, PNDIS_BUFFER *Next) { *Next = Buffer->Next; }
#define NDIS_BUFFER_LINKAGE(b) ((b)->Next)
#define NdisRecalculatePacketCounts(p) ((p)->Private.ValidCounts = FALSE)

static inline VOID NdisChainBufferAtFront(PNDIS_PACKET Packet, PNDIS_BUFFER Buffer) {
    PNDIS_BUFFER last = Buffer;
    while (last->Next != NULL) last = last->Next;
    if (Packet->Private.Head == NULL) Packet->Private.Tail = last;
    last->Next = Packet->Private.Head;
    Packet->Private.Head = Buffer;
    Packet->Private.ValidCounts = FALSE;
}
static inline VOID NdisChainBufferAtBack(PNDIS_PACKET Packet, PNDIS_BUFFER Buffer) {
    PNDIS_BUFFER last = Buffer;
    while (last->Next != NULL) last = last->Next;
    if (Packet->Private.Head != NULL) Packet->Private.Tail->Next = Buffer;
    else Packet->Private.Head = Buffer;
    Packet->Private.Tail = last;
    last->Next = NULL;
    Packet->Private.ValidCounts = FALSE;
}
/* Any out pointer may be null. Counts are computed once and kept in the packet. <= DISPATCH_LEVEL. */
static inline VOID NdisQueryPacket(PNDIS_PACKET Packet, PUINT PhysicalCount, PUINT BufferCount, PNDIS_BUFFER *First,
                                   PUINT TotalLength) {
    if (First != NULL) *First = Packet->Private.Head;
    if (PhysicalCount != NULL || BufferCount != NULL || TotalLength != NULL) {
        if (!Packet->Private.ValidCounts) {
            UINT total = 0, count = 0, pages = 0;
            PNDIS_BUFFER b;
            for (b = Packet->Private.Head; b != NULL; b = b->Next) {
                total += MmGetMdlByteCount(b);
                pages += NDIS_BUFFER_TO_SPAN_PAGES(b);
                ++count;
            }
            Packet->Private.Count = count;
            Packet->Private.TotalLength = total;
            Packet->Private.PhysicalCount = pages;
            Packet->Private.ValidCounts = TRUE;
        }
        if (PhysicalCount != NULL) *PhysicalCount = Packet->Private.PhysicalCount;
        if (BufferCount != NULL) *BufferCount = Packet->Private.Count;
        if (TotalLength != NULL) *TotalLength = Packet->Private.TotalLength;
    }
}
static inline VOID NdisReinitializePacket(PNDIS_PACKET Packet) {
    Packet->Private.Head = NULL;
    Packet->Private.ValidCounts = FALSE;
}

/* Configuration. */
NDISAPI VOID NTAPI NdisOpenConfiguration(PNDIS_STATUS, PNDIS_HANDLE Configuration, NDIS_HANDLE Context);
NDISAPI VOID NTAPI NdisOpenProtocolConfiguration(PNDIS_STATUS, PNDIS_HANDLE Configuration, PNDIS_STRING Section);
NDISAPI VOID NTAPI NdisCloseConfiguration(NDIS_HANDLE Configuration);
NDISAPI VOID NTAPI NdisReadConfiguration(PNDIS_STATUS, PNDIS_CONFIGURATION_PARAMETER *, NDIS_HANDLE, PNDIS_STRING Keyword,
                                         NDIS_PARAMETER_TYPE);
NDISAPI VOID NTAPI NdisWriteConfiguration(PNDIS_STATUS, NDIS_HANDLE, PNDIS_STRING, PNDIS_CONFIGURATION_PARAMETER);
NDISAPI VOID NTAPI NdisOpenConfigurationKeyByName(PNDIS_STATUS, NDIS_HANDLE Configuration, PNDIS_STRING Name,
                                                  PNDIS_HANDLE Key);
NDISAPI VOID NTAPI NdisOpenConfigurationKeyByIndex(PNDIS_STATUS, NDIS_HANDLE Configuration, ULONG Index,
                                                   PNDIS_STRING Name, PNDIS_HANDLE Key);
NDISAPI VOID NTAPI NdisReadNetworkAddress(PNDIS_STATUS, PVOID *Address, PUINT Length, NDIS_HANDLE Configuration);
NDISAPI VOID __cdecl NdisWriteErrorLogEntry(NDIS_HANDLE Adapter, NDIS_ERROR_CODE, ULONG Count, ...);

/* ------------------------------------------------------------------------------------- functions for protocols */

NDISAPI VOID NTAPI NdisRegisterProtocol(PNDIS_STATUS, PNDIS_HANDLE Protocol, PNDIS_PROTOCOL_CHARACTERISTICS, UINT Length);
NDISAPI VOID NTAPI NdisDeregisterProtocol(PNDIS_STATUS, NDIS_HANDLE Protocol);
NDISAPI VOID NTAPI NdisOpenAdapter(PNDIS_STATUS, PNDIS_STATUS OpenErrorStatus, PNDIS_HANDLE Binding,
                                   PUINT SelectedMediumIndex, PNDIS_MEDIUM, UINT MediumArraySize, NDIS_HANDLE Protocol,
                                   NDIS_HANDLE ProtocolBindingContext, PNDIS_STRING AdapterName, UINT OpenOptions,
                                   PSTRING AddressingInformation);
NDISAPI VOID NTAPI NdisCloseAdapter(PNDIS_STATUS, NDIS_HANDLE Binding);
NDISAPI VOID NTAPI NdisCompleteBindAdapter(NDIS_HANDLE BindContext, NDIS_STATUS Status, NDIS_STATUS OpenStatus);
NDISAPI VOID NTAPI NdisCompleteUnbindAdapter(NDIS_HANDLE UnbindContext, NDIS_STATUS Status);
NDISAPI VOID NTAPI NdisCompletePnPEvent(NDIS_STATUS, NDIS_HANDLE Binding, PNET_PNP_EVENT);
NDISAPI NDIS_STATUS NTAPI NdisQueryAdapterInstanceName(PNDIS_STRING, NDIS_HANDLE Binding);
NDISAPI NDIS_STATUS NTAPI NdisQueryBindInstanceName(PNDIS_STRING, NDIS_HANDLE BindingContext);
NDISAPI NDIS_STATUS NTAPI NdisQueryPendingIOCount(PVOID Binding, PULONG Count);
NDISAPI VOID NTAPI NdisReturnPackets(PNDIS_PACKET *, UINT Count);
NDISAPI VOID NTAPI NdisCancelSendPackets(NDIS_HANDLE Binding, PVOID CancelId);
NDISAPI PNDIS_PACKET NTAPI NdisGetReceivedPacket(NDIS_HANDLE Binding, NDIS_HANDLE MacContext);
NDISAPI VOID NTAPI NdisReEnumerateProtocolBindings(NDIS_HANDLE Protocol);
NDISAPI VOID NTAPI NdisRegisterTdiCallBack(PVOID RegisterCallback, PVOID PnPHandler);
#if defined(RD_NDIS_INLINE) && !defined(NDIS_BUILDING)
/* As drivers built with the WDK do it: through the open block. */
#define NdisSend(Status, Binding, Packet) \
    (*(Status) = ((PNDIS_OPEN_BLOCK)(Binding))->SendHandler(((PNDIS_OPEN_BLOCK)(Binding))->BindingHandle, (Packet)))
#define NdisSendPackets(Binding, Packets, Count) \
    (((PNDIS_OPEN_BLOCK)(Binding))->SendPacketsHandler((PNDIS_OPEN_BLOCK)(Binding), (Packets), (Count)))
#define NdisTransferData(Status, Binding, Context, Offset, Bytes, Packet, Transferred) \
    (*(Status) = ((PNDIS_OPEN_BLOCK)(Binding))                                         \
                     ->TransferDataHandler(((PNDIS_OPEN_BLOCK)(Binding))->BindingHandle, (Context), (Offset), (Bytes), \
                                           (Packet), (Transferred)))
#define NdisReset(Status, Binding) \
    (*(Status) = ((PNDIS_OPEN_BLOCK)(Binding))->ResetHandler(((PNDIS_OPEN_BLOCK)(Binding))->BindingHandle))
#define NdisRequest(Status, Binding, Request) \
    (*(Status) = ((PNDIS_OPEN_BLOCK)(Binding))->RequestHandler(((PNDIS_OPEN_BLOCK)(Binding))->BindingHandle, (Request)))
#else
NDISAPI VOID NTAPI NdisSend(PNDIS_STATUS, NDIS_HANDLE Binding, PNDIS_PACKET);
NDISAPI VOID NTAPI NdisSendPackets(NDIS_HANDLE Binding, PPNDIS_PACKET, UINT Count);
NDISAPI VOID NTAPI NdisTransferData(PNDIS_STATUS, NDIS_HANDLE Binding, NDIS_HANDLE MacReceiveContext, UINT ByteOffset,
                                    UINT Bytes, PNDIS_PACKET, PUINT BytesTransferred);
NDISAPI VOID NTAPI NdisReset(PNDIS_STATUS, NDIS_HANDLE Binding);
NDISAPI VOID NTAPI NdisRequest(PNDIS_STATUS, NDIS_HANDLE Binding, PNDIS_REQUEST);
#endif

/* ------------------------------------------------------------------------------------- functions for miniports */

NDISAPI VOID NTAPI NdisInitializeWrapper(PNDIS_HANDLE Wrapper, PVOID DriverObject, PVOID RegistryPath, PVOID);
NDISAPI VOID NTAPI NdisTerminateWrapper(NDIS_HANDLE Wrapper, PVOID);
#define NdisMInitializeWrapper(h, s1, s2, s3) NdisInitializeWrapper((h), (s1), (s2), (s3))
NDISAPI NDIS_STATUS NTAPI NdisMRegisterMiniport(NDIS_HANDLE Wrapper, PNDIS_MINIPORT_CHARACTERISTICS, UINT Length);
NDISAPI VOID NTAPI NdisMRegisterUnloadHandler(NDIS_HANDLE Wrapper, PDRIVER_UNLOAD);
NDISAPI VOID NTAPI NdisMSetAttributesEx(NDIS_HANDLE, NDIS_HANDLE MiniportAdapterContext, UINT CheckForHangSeconds,
                                        ULONG AttributeFlags, NDIS_INTERFACE_TYPE);
NDISAPI VOID NTAPI NdisMSetAttributes(NDIS_HANDLE, NDIS_HANDLE MiniportAdapterContext, BOOLEAN BusMaster,
                                      NDIS_INTERFACE_TYPE);
NDISAPI NDIS_STATUS NTAPI NdisMRegisterInterrupt(PNDIS_MINIPORT_INTERRUPT, NDIS_HANDLE, UINT Vector, UINT Level,
                                                 BOOLEAN RequestIsr, BOOLEAN Shared, NDIS_INTERRUPT_MODE);
NDISAPI VOID NTAPI NdisMDeregisterInterrupt(PNDIS_MINIPORT_INTERRUPT);
NDISAPI BOOLEAN NTAPI NdisMSynchronizeWithInterrupt(PNDIS_MINIPORT_INTERRUPT, PVOID Function, PVOID Context);
NDISAPI VOID NTAPI NdisMRegisterAdapterShutdownHandler(NDIS_HANDLE, PVOID Context, ADAPTER_SHUTDOWN_HANDLER);
NDISAPI VOID NTAPI NdisMDeregisterAdapterShutdownHandler(NDIS_HANDLE);
NDISAPI NDIS_STATUS NTAPI NdisMMapIoSpace(PVOID *Address, NDIS_HANDLE, NDIS_PHYSICAL_ADDRESS, UINT Length);
NDISAPI VOID NTAPI NdisMUnmapIoSpace(NDIS_HANDLE, PVOID Address, UINT Length);
NDISAPI NDIS_STATUS NTAPI NdisMRegisterIoPortRange(PVOID *PortOffset, NDIS_HANDLE, UINT InitialPort, UINT Ports);
NDISAPI VOID NTAPI NdisMDeregisterIoPortRange(NDIS_HANDLE, UINT InitialPort, UINT Ports, PVOID PortOffset);
NDISAPI VOID NTAPI NdisMAllocateSharedMemory(NDIS_HANDLE, ULONG Length, BOOLEAN Cached, PVOID *Address,
                                             PNDIS_PHYSICAL_ADDRESS);
NDISAPI VOID NTAPI NdisMFreeSharedMemory(NDIS_HANDLE, ULONG Length, BOOLEAN Cached, PVOID, NDIS_PHYSICAL_ADDRESS);
NDISAPI NDIS_STATUS NTAPI NdisMInitializeScatterGatherDma(NDIS_HANDLE, BOOLEAN Dma64, ULONG MaximumPhysicalMapping);
NDISAPI ULONG NTAPI NdisMReadDmaCounter(NDIS_HANDLE);
NDISAPI VOID NTAPI NdisMQueryAdapterResources(PNDIS_STATUS, NDIS_HANDLE WrapperConfigurationContext, PNDIS_RESOURCE_LIST,
                                              PUINT BufferSize);
NDISAPI NDIS_STATUS NTAPI NdisMQueryAdapterInstanceName(PNDIS_STRING, NDIS_HANDLE);
NDISAPI VOID NTAPI NdisMGetDeviceProperty(NDIS_HANDLE, PDEVICE_OBJECT *, PDEVICE_OBJECT *, PDEVICE_OBJECT *,
                                          PCM_RESOURCE_LIST *, PCM_RESOURCE_LIST *);
NDISAPI ULONG NTAPI NdisReadPciSlotInformation(NDIS_HANDLE, ULONG Slot, ULONG Offset, PVOID Buffer, ULONG Length);
NDISAPI ULONG NTAPI NdisWritePciSlotInformation(NDIS_HANDLE, ULONG Slot, ULONG Offset, PVOID Buffer, ULONG Length);
NDISAPI VOID NTAPI NdisMInitializeTimer(PNDIS_MINIPORT_TIMER, NDIS_HANDLE, PNDIS_TIMER_FUNCTION, PVOID Context);
NDISAPI VOID NTAPI NdisMSetPeriodicTimer(PNDIS_MINIPORT_TIMER, UINT Milliseconds);
NDISAPI VOID NTAPI NdisMCancelTimer(PNDIS_MINIPORT_TIMER, PBOOLEAN Cancelled);
#define NdisMSetTimer(timer, ms) NdisSetTimer((PNDIS_TIMER)(timer), (ms))
NDISAPI VOID NTAPI NdisMSendComplete(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS);
NDISAPI VOID NTAPI NdisMSendResourcesAvailable(NDIS_HANDLE);
NDISAPI VOID NTAPI NdisMResetComplete(NDIS_HANDLE, NDIS_STATUS, BOOLEAN AddressingReset);
NDISAPI VOID NTAPI NdisMTransferDataComplete(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS, UINT BytesTransferred);
NDISAPI VOID NTAPI NdisMQueryInformationComplete(NDIS_HANDLE, NDIS_STATUS);
NDISAPI VOID NTAPI NdisMSetInformationComplete(NDIS_HANDLE, NDIS_STATUS);
NDISAPI VOID NTAPI NdisMIndicateStatus(NDIS_HANDLE, NDIS_STATUS, PVOID Buffer, UINT Bytes);
NDISAPI VOID NTAPI NdisMIndicateStatusComplete(NDIS_HANDLE);
NDISAPI NDIS_STATUS NTAPI NdisMRemoveMiniport(NDIS_HANDLE);
NDISAPI NDIS_STATUS NTAPI NdisMAllocateSharedMemoryAsync(NDIS_HANDLE, ULONG Length, BOOLEAN Cached, PVOID Context);
NDISAPI NDIS_STATUS NTAPI NdisMAllocateMapRegisters(NDIS_HANDLE, UINT DmaChannel, NDIS_DMA_SIZE, ULONG Registers,
                                                    ULONG MaximumBufferBytes);
NDISAPI VOID NTAPI NdisMFreeMapRegisters(NDIS_HANDLE);
NDISAPI VOID NTAPI NdisMStartBufferPhysicalMapping(NDIS_HANDLE, PNDIS_BUFFER, ULONG Register, BOOLEAN WriteToDevice,
                                                   PNDIS_PHYSICAL_ADDRESS_UNIT, PUINT ArraySize);
NDISAPI VOID NTAPI NdisMCompleteBufferPhysicalMapping(NDIS_HANDLE, PNDIS_BUFFER, ULONG Register);
NDISAPI ULONG NTAPI NdisMGetDmaAlignment(NDIS_HANDLE);
NDISAPI NDIS_STATUS NTAPI NdisMPciAssignResources(NDIS_HANDLE, ULONG Slot, PNDIS_RESOURCE_LIST *);
NDISAPI ULONG NTAPI NdisImmediateReadPciSlotInformation(NDIS_HANDLE WrapperConfigurationContext, ULONG Slot, ULONG Offset,
                                                        PVOID Buffer, ULONG Length);
NDISAPI ULONG NTAPI NdisImmediateWritePciSlotInformation(NDIS_HANDLE WrapperConfigurationContext, ULONG Slot, ULONG Offset,
                                                         PVOID Buffer, ULONG Length);
NDISAPI NDIS_STATUS NTAPI NdisMRegisterDevice(NDIS_HANDLE Wrapper, PNDIS_STRING DeviceName, PNDIS_STRING SymbolicName,
                                              PDRIVER_DISPATCH MajorFunctions[], PDEVICE_OBJECT *, NDIS_HANDLE *Device);
NDISAPI NDIS_STATUS NTAPI NdisMDeregisterDevice(NDIS_HANDLE Device);
#ifndef NDIS_BUILDING
/* Macros in the DDK too: they call through the miniport block. */
#define NdisMIndicateReceivePacket(handle, packets, count) \
    (((PNDIS_MINIPORT_BLOCK)(handle))->PacketIndicateHandler((handle), (packets), (count)))
#define NdisMEthIndicateReceive(handle, context, header, headerSize, lookahead, lookaheadSize, packetSize)        \
    (((PNDIS_MINIPORT_BLOCK)(handle))                                                                              \
         ->EthRxIndicateHandler(((PNDIS_MINIPORT_BLOCK)(handle))->EthDB, (context), (PCHAR)(header), (header),     \
                                (headerSize), (lookahead), (lookaheadSize), (packetSize)))
#define NdisMEthIndicateReceiveComplete(handle) \
    (((PNDIS_MINIPORT_BLOCK)(handle))->EthRxCompleteHandler(((PNDIS_MINIPORT_BLOCK)(handle))->EthDB))
#endif

#define NdisRawReadPortUchar(port, data) (*(data) = READ_PORT_UCHAR((PUCHAR)(port)))
#define NdisRawReadPortUshort(port, data) (*(data) = READ_PORT_USHORT((PUSHORT)(port)))
#define NdisRawReadPortUlong(port, data) (*(data) = READ_PORT_ULONG((PULONG)(port)))
#define NdisRawWritePortUchar(port, data) WRITE_PORT_UCHAR((PUCHAR)(port), (UCHAR)(data))
#define NdisRawWritePortUshort(port, data) WRITE_PORT_USHORT((PUSHORT)(port), (USHORT)(data))
#define NdisRawWritePortUlong(port, data) WRITE_PORT_ULONG((PULONG)(port), (ULONG)(data))
#define NdisReadRegisterUlong(address, data) (*(data) = *(volatile ULONG *)(address))
#define NdisWriteRegisterUlong(address, data) (*(volatile ULONG *)(address) = (data))
#define NdisReadRegisterUshort(address, data) (*(data) = *(volatile USHORT *)(address))
#define NdisWriteRegisterUshort(address, data) (*(volatile USHORT *)(address) = (data))
#define NdisReadRegisterUchar(address, data) (*(data) = *(volatile UCHAR *)(address))
#define NdisWriteRegisterUchar(address, data) (*(volatile UCHAR *)(address) = (data))

#ifdef __cplusplus
}
#if defined(_WIN64)
static_assert(sizeof(NDIS_OPEN_BLOCK) == 0xD8 && offsetof(NDIS_OPEN_BLOCK, BindingHandle) == 8);
static_assert(offsetof(NDIS_OPEN_BLOCK, SendHandler) == 0x60 && offsetof(NDIS_OPEN_BLOCK, TransferDataHandler) == 0x68);
static_assert(offsetof(NDIS_OPEN_BLOCK, SendPacketsHandler) == 0xA8 && offsetof(NDIS_OPEN_BLOCK, ResetHandler) == 0xB0);
static_assert(offsetof(NDIS_OPEN_BLOCK, RequestHandler) == 0xB8);
static_assert(sizeof(NDIS_MINIPORT_BLOCK) == 0x2F0 && offsetof(NDIS_MINIPORT_BLOCK, EthDB) == 0x190);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, PacketIndicateHandler) == 0x1B0);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, ResetCompleteHandler) == 0x1C8);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, EthRxIndicateHandler) == 0x280);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, EthRxCompleteHandler) == 0x298);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, StatusHandler) == 0x2B0 && offsetof(NDIS_MINIPORT_BLOCK, TDCompleteHandler) == 0x2C0);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, SetCompleteHandler) == 0x2D0);
static_assert(sizeof(NDIS_PACKET) == 0x68 && offsetof(NDIS_PACKET, Private.Pool) == 0x18);
static_assert(offsetof(NDIS_PACKET, Private.Flags) == 0x24 && offsetof(NDIS_PACKET, Private.NdisPacketOobOffset) == 0x2A);
static_assert(offsetof(NDIS_PACKET, MiniportReserved) == 0x30 && offsetof(NDIS_PACKET, ProtocolReserved) == 0x60);
static_assert(sizeof(NDIS_PACKET_OOB_DATA) == 0x28 && sizeof(NDIS_PROTOCOL_CHARACTERISTICS) == 0xD0);
static_assert(sizeof(NDIS_REQUEST) == 0xB0 && sizeof(NDIS_SPIN_LOCK) == 0x10 && sizeof(NDIS_TIMER) == 0x80);
static_assert(sizeof(NDIS_WORK_ITEM) == 0x50 && sizeof(NDIS_EVENT) == 0x18);
static_assert(sizeof(NDIS_RW_LOCK) == 0x410 && sizeof(LOCK_STATE) == 4);
static_assert(sizeof(NDIS_CONFIGURATION_PARAMETER) == 0x18 && sizeof(NET_PNP_EVENT) == 0x98);
#else
static_assert(sizeof(NDIS_OPEN_BLOCK) == 0x6C);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, EthDB) == 0xD8 && offsetof(NDIS_MINIPORT_BLOCK, PacketIndicateHandler) == 0xE8);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, SendCompleteHandler) == 0xEC);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, EthRxIndicateHandler) == 0x164);
static_assert(offsetof(NDIS_MINIPORT_BLOCK, StatusHandler) == 0x17C && offsetof(NDIS_MINIPORT_BLOCK, SetCompleteHandler) == 0x18C);
static_assert(sizeof(NDIS_PACKET) == 0x3C && offsetof(NDIS_PACKET, ProtocolReserved) == 0x38);
static_assert(sizeof(NDIS_PACKET_OOB_DATA) == 0x20 && sizeof(NDIS_PROTOCOL_CHARACTERISTICS) == 0x6C);
static_assert(offsetof(NDIS_PROTOCOL_CHARACTERISTICS, ReceivePacketHandler) == 0x38 && sizeof(NDIS_MINIPORT_CHARACTERISTICS) == 0x7C);
static_assert(sizeof(NDIS_REQUEST) == 0x5C && sizeof(NDIS_SPIN_LOCK) == 8 && sizeof(NDIS_TIMER) == 0x48);
static_assert(sizeof(NDIS_MINIPORT_TIMER) == 0x58 && sizeof(NDIS_MINIPORT_INTERRUPT) == 0x50 && sizeof(NDIS_EVENT) == 0x10);
static_assert(sizeof(NDIS_CONFIGURATION_PARAMETER) == 0xC && sizeof(NET_PNP_EVENT) == 0x4C);
#endif
#endif
