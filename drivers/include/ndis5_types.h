/* SPDX-License-Identifier: MIT
 * ndis5_types.h
 *
 * The types of ndis5.h: statuses, packets, requests, characteristics of protocols and miniports, and the blocks that
 * inlined code of drivers reads. Include ndis5.h.
 */
#pragma once
#include <stddef.h>
#include <netpnp.h>
#include <ntddndis.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------- basic types */

typedef unsigned int UINT, *PUINT;
typedef int INT;
typedef PVOID NDIS_HANDLE, *PNDIS_HANDLE;
typedef UNICODE_STRING NDIS_STRING, *PNDIS_STRING;
typedef MDL NDIS_BUFFER, *PNDIS_BUFFER;
typedef PHYSICAL_ADDRESS NDIS_PHYSICAL_ADDRESS, *PNDIS_PHYSICAL_ADDRESS;
typedef ULONG NDIS_ERROR_CODE;
typedef CM_PARTIAL_RESOURCE_LIST NDIS_RESOURCE_LIST, *PNDIS_RESOURCE_LIST;

#define NDIS_STRING_CONST(text) {sizeof(L##text) - sizeof(WCHAR), sizeof(L##text), (PWSTR)L##text}

#ifndef NDIS_STATUS_SUCCESS
#define NDIS_STATUS_SUCCESS ((NDIS_STATUS)0x00000000)
#define NDIS_STATUS_PENDING ((NDIS_STATUS)0x00000103)
#define NDIS_STATUS_NOT_RECOGNIZED ((NDIS_STATUS)0x00010001)
#define NDIS_STATUS_NOT_COPIED ((NDIS_STATUS)0x00010002)
#define NDIS_STATUS_NOT_ACCEPTED ((NDIS_STATUS)0x00010003)
#define NDIS_STATUS_CALL_ACTIVE ((NDIS_STATUS)0x00010007)
#define NDIS_STATUS_ONLINE ((NDIS_STATUS)0x40010003)
#define NDIS_STATUS_RESET_START ((NDIS_STATUS)0x40010004)
#define NDIS_STATUS_RESET_END ((NDIS_STATUS)0x40010005)
#define NDIS_STATUS_RING_STATUS ((NDIS_STATUS)0x40010006)
#define NDIS_STATUS_CLOSED ((NDIS_STATUS)0x40010007)
#define NDIS_STATUS_WAN_LINE_UP ((NDIS_STATUS)0x40010008)
#define NDIS_STATUS_WAN_LINE_DOWN ((NDIS_STATUS)0x40010009)
#define NDIS_STATUS_WAN_FRAGMENT ((NDIS_STATUS)0x4001000A)
#define NDIS_STATUS_MEDIA_CONNECT ((NDIS_STATUS)0x4001000B)
#define NDIS_STATUS_MEDIA_DISCONNECT ((NDIS_STATUS)0x4001000C)
#define NDIS_STATUS_HARDWARE_LINE_UP ((NDIS_STATUS)0x4001000D)
#define NDIS_STATUS_HARDWARE_LINE_DOWN ((NDIS_STATUS)0x4001000E)
#define NDIS_STATUS_INTERFACE_UP ((NDIS_STATUS)0x4001000F)
#define NDIS_STATUS_INTERFACE_DOWN ((NDIS_STATUS)0x40010010)
#define NDIS_STATUS_MEDIA_BUSY ((NDIS_STATUS)0x40010011)
#define NDIS_STATUS_MEDIA_SPECIFIC_INDICATION ((NDIS_STATUS)0x40010012)
#define NDIS_STATUS_LINK_SPEED_CHANGE ((NDIS_STATUS)0x40010014)
#define NDIS_STATUS_NOT_RESETTABLE ((NDIS_STATUS)0x80010001)
#define NDIS_STATUS_SOFT_ERRORS ((NDIS_STATUS)0x80010003)
#define NDIS_STATUS_HARD_ERRORS ((NDIS_STATUS)0x80010004)
#define NDIS_STATUS_BUFFER_OVERFLOW ((NDIS_STATUS)0x80000005)
#define NDIS_STATUS_FAILURE ((NDIS_STATUS)0xC0000001)
#define NDIS_STATUS_RESOURCES ((NDIS_STATUS)0xC000009A)
#define NDIS_STATUS_CLOSING ((NDIS_STATUS)0xC0010002)
#define NDIS_STATUS_BAD_VERSION ((NDIS_STATUS)0xC0010004)
#define NDIS_STATUS_BAD_CHARACTERISTICS ((NDIS_STATUS)0xC0010005)
#define NDIS_STATUS_ADAPTER_NOT_FOUND ((NDIS_STATUS)0xC0010006)
#define NDIS_STATUS_OPEN_FAILED ((NDIS_STATUS)0xC0010007)
#define NDIS_STATUS_DEVICE_FAILED ((NDIS_STATUS)0xC0010008)
#define NDIS_STATUS_MULTICAST_FULL ((NDIS_STATUS)0xC0010009)
#define NDIS_STATUS_MULTICAST_EXISTS ((NDIS_STATUS)0xC001000A)
#define NDIS_STATUS_MULTICAST_NOT_FOUND ((NDIS_STATUS)0xC001000B)
#define NDIS_STATUS_REQUEST_ABORTED ((NDIS_STATUS)0xC001000C)
#define NDIS_STATUS_RESET_IN_PROGRESS ((NDIS_STATUS)0xC001000D)
#define NDIS_STATUS_CLOSING_INDICATING ((NDIS_STATUS)0xC001000E)
#define NDIS_STATUS_NOT_SUPPORTED ((NDIS_STATUS)0xC00000BB)
#define NDIS_STATUS_INVALID_PACKET ((NDIS_STATUS)0xC001000F)
#define NDIS_STATUS_OPEN_LIST_FULL ((NDIS_STATUS)0xC0010010)
#define NDIS_STATUS_ADAPTER_NOT_READY ((NDIS_STATUS)0xC0010011)
#define NDIS_STATUS_ADAPTER_NOT_OPEN ((NDIS_STATUS)0xC0010012)
#define NDIS_STATUS_NOT_INDICATING ((NDIS_STATUS)0xC0010013)
#define NDIS_STATUS_INVALID_LENGTH ((NDIS_STATUS)0xC0010014)
#define NDIS_STATUS_INVALID_DATA ((NDIS_STATUS)0xC0010015)
#define NDIS_STATUS_BUFFER_TOO_SHORT ((NDIS_STATUS)0xC0010016)
#define NDIS_STATUS_INVALID_OID ((NDIS_STATUS)0xC0010017)
#define NDIS_STATUS_ADAPTER_REMOVED ((NDIS_STATUS)0xC0010018)
#define NDIS_STATUS_UNSUPPORTED_MEDIA ((NDIS_STATUS)0xC0010019)
#define NDIS_STATUS_FILE_NOT_FOUND ((NDIS_STATUS)0xC001001B)
#define NDIS_STATUS_RESOURCE_CONFLICT ((NDIS_STATUS)0xC001001E)
#define NDIS_STATUS_NO_CABLE ((NDIS_STATUS)0xC001001F)
#define NDIS_STATUS_RESET_ABORTED ((NDIS_STATUS)0xC0010045)
#endif

#define NDIS_ERROR_CODE_RESOURCE_CONFLICT 0xC0001388
#define NDIS_ERROR_CODE_OUT_OF_RESOURCES 0xC0001389
#define NDIS_ERROR_CODE_HARDWARE_FAILURE 0xC000138A
#define NDIS_ERROR_CODE_ADAPTER_NOT_FOUND 0xC000138B
#define NDIS_ERROR_CODE_INTERRUPT_CONNECT 0xC000138C
#define NDIS_ERROR_CODE_DRIVER_FAILURE 0xC000138D
#define NDIS_ERROR_CODE_BAD_VERSION 0xC000138E
#define NDIS_ERROR_CODE_TIMEOUT 0xC000138F
#define NDIS_ERROR_CODE_NETWORK_ADDRESS 0xC0001390
#define NDIS_ERROR_CODE_UNSUPPORTED_CONFIGURATION 0xC0001391
#define NDIS_ERROR_CODE_MISSING_CONFIGURATION_PARAMETER 0xC0001394

typedef struct _NDIS_SPIN_LOCK {
    KSPIN_LOCK SpinLock;
    KIRQL OldIrql;
} NDIS_SPIN_LOCK, *PNDIS_SPIN_LOCK;

typedef struct _NDIS_EVENT {
    KEVENT Event;
} NDIS_EVENT, *PNDIS_EVENT;

/* Readers-writer lock. Its size is part of drivers' memory: one reader count per possible processor. */
#if defined(_WIN64)
#define NDIS_RW_LOCK_PROCESSORS 64
#else
#define NDIS_RW_LOCK_PROCESSORS 32
#endif
typedef union _NDIS_RW_LOCK_REFCOUNT {
    UINT RefCount;
    UCHAR cacheLine[16];
} NDIS_RW_LOCK_REFCOUNT;

typedef struct _NDIS_RW_LOCK {
    union {
        struct {
            KSPIN_LOCK SpinLock;
            PVOID Context;
        };
        UCHAR Reserved[16];
    };
    NDIS_RW_LOCK_REFCOUNT RefCount[NDIS_RW_LOCK_PROCESSORS];
} NDIS_RW_LOCK, *PNDIS_RW_LOCK;

typedef struct _LOCK_STATE {
    USHORT LockState;
    KIRQL OldIrql;
} LOCK_STATE, *PLOCK_STATE;

typedef VOID(NTAPI *PNDIS_TIMER_FUNCTION)(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
                                          PVOID SystemSpecific3);

typedef struct _NDIS_TIMER {
    KTIMER Timer;
    KDPC Dpc;
} NDIS_TIMER, *PNDIS_TIMER;

typedef struct _NDIS_MINIPORT_TIMER {
    KTIMER Timer;
    KDPC Dpc;
    PNDIS_TIMER_FUNCTION MiniportTimerFunction;
    PVOID MiniportTimerContext;
    struct _NDIS_MINIPORT_BLOCK *Miniport;
    struct _NDIS_MINIPORT_TIMER *NextDeferredTimer;
} NDIS_MINIPORT_TIMER, *PNDIS_MINIPORT_TIMER;

struct _NDIS_WORK_ITEM;
typedef VOID(NTAPI *NDIS_PROC)(struct _NDIS_WORK_ITEM *WorkItem, PVOID Context);

typedef struct _NDIS_WORK_ITEM {
    PVOID Context;
    NDIS_PROC Routine;
    UCHAR WrapperReserved[8 * sizeof(PVOID)];
} NDIS_WORK_ITEM, *PNDIS_WORK_ITEM;

typedef enum _NDIS_INTERFACE_TYPE {
    NdisInterfaceInternal = Internal,
    NdisInterfaceIsa = Isa,
    NdisInterfaceEisa = Eisa,
    NdisInterfaceMca = MicroChannel,
    NdisInterfaceTurboChannel = TurboChannel,
    NdisInterfacePci = PCIBus,
    NdisInterfacePcMcia = PCMCIABus
} NDIS_INTERFACE_TYPE, *PNDIS_INTERFACE_TYPE;

typedef enum _NDIS_PARAMETER_TYPE {
    NdisParameterInteger,
    NdisParameterHexInteger,
    NdisParameterString,
    NdisParameterMultiString,
    NdisParameterBinary
} NDIS_PARAMETER_TYPE, *PNDIS_PARAMETER_TYPE;

typedef struct _BINARY_DATA {
    USHORT Length;
    PVOID Buffer;
} BINARY_DATA;

typedef struct _NDIS_CONFIGURATION_PARAMETER {
    NDIS_PARAMETER_TYPE ParameterType;
    union {
        ULONG IntegerData;
        NDIS_STRING StringData;
        BINARY_DATA BinaryData;
    } ParameterData;
} NDIS_CONFIGURATION_PARAMETER, *PNDIS_CONFIGURATION_PARAMETER;

/* What NdisReadConfiguration answers to the keywords "Environment" and "ProcessorType". */
typedef enum _NDIS_ENVIRONMENT_TYPE {
    NdisEnvironmentWindows,
    NdisEnvironmentWindowsNt
} NDIS_ENVIRONMENT_TYPE;

typedef enum _NDIS_PROCESSOR_TYPE {
    NdisProcessorX86,
    NdisProcessorMips,
    NdisProcessorAlpha,
    NdisProcessorPpc,
    NdisProcessorAmd64,
    NdisProcessorIA64
} NDIS_PROCESSOR_TYPE;

/* NdisAllocateMemory's flags. */
#define NDIS_MEMORY_CONTIGUOUS 0x00000001
#define NDIS_MEMORY_NONCACHED 0x00000002

/* A piece of a buffer, as NdisMStartBufferPhysicalMapping fills it in. */
typedef struct _NDIS_PHYSICAL_ADDRESS_UNIT {
    NDIS_PHYSICAL_ADDRESS PhysicalAddress;
    UINT Length;
} NDIS_PHYSICAL_ADDRESS_UNIT, *PNDIS_PHYSICAL_ADDRESS_UNIT;

typedef enum _NDIS_DMA_SIZE {
    NDIS_DMA_24BITS,
    NDIS_DMA_32BITS,
    NDIS_DMA_64BITS
} NDIS_DMA_SIZE;

typedef KINTERRUPT_MODE NDIS_INTERRUPT_MODE;
#define NdisInterruptLatched Latched
#define NdisInterruptLevelSensitive LevelSensitive

/* ----------------------------------------------------------------------------------------- packets and requests */

typedef struct _NDIS_PACKET_POOL NDIS_PACKET_POOL, *PNDIS_PACKET_POOL;

typedef struct _NDIS_PACKET_PRIVATE {
    UINT PhysicalCount;
    UINT TotalLength;
    PNDIS_BUFFER Head;
    PNDIS_BUFFER Tail;
    PNDIS_PACKET_POOL Pool;
    UINT Count;
    ULONG Flags;
    BOOLEAN ValidCounts;
    UCHAR NdisPacketFlags;
    USHORT NdisPacketOobOffset;
} NDIS_PACKET_PRIVATE, *PNDIS_PACKET_PRIVATE;

typedef struct _NDIS_PACKET {
    NDIS_PACKET_PRIVATE Private;
    union {
        struct {
            UCHAR MiniportReserved[2 * sizeof(PVOID)];
            UCHAR WrapperReserved[2 * sizeof(PVOID)];
        };
        struct {
            UCHAR MiniportReservedEx[3 * sizeof(PVOID)];
            UCHAR WrapperReservedEx[sizeof(PVOID)];
        };
        struct {
            UCHAR MacReserved[4 * sizeof(PVOID)];
        };
    };
    ULONG_PTR Reserved[2];
    UCHAR ProtocolReserved[1];
} NDIS_PACKET, *PNDIS_PACKET, **PPNDIS_PACKET;

typedef struct _NDIS_PACKET_OOB_DATA {
    union {
        ULONGLONG TimeToSend;
        ULONGLONG TimeSent;
    };
    ULONGLONG TimeReceived;
    UINT HeaderSize;
    UINT SizeMediaSpecificInfo;
    PVOID MediaSpecificInformation;
    NDIS_STATUS Status;
} NDIS_PACKET_OOB_DATA, *PNDIS_PACKET_OOB_DATA;

typedef enum _NDIS_PER_PACKET_INFO {
    TcpIpChecksumPacketInfo,
    IpSecPacketInfo,
    TcpLargeSendPacketInfo,
    ClassificationHandlePacketInfo,
    NdisReserved,
    ScatterGatherListPacketInfo,
    Ieee8021QInfo,
    OriginalPacketInfo,
    PacketCancelId,
    MaxPerPacketInfo
} NDIS_PER_PACKET_INFO, *PNDIS_PER_PACKET_INFO;

typedef struct _NDIS_PACKET_EXTENSION {
    PVOID NdisPacketInfo[MaxPerPacketInfo];
} NDIS_PACKET_EXTENSION, *PNDIS_PACKET_EXTENSION;

/* Least room a protocol has in a packet (MinimumProtocolReserved of a miniport's receive pool). */
#define PROTOCOL_RESERVED_SIZE_IN_PACKET (4 * sizeof(PVOID))

/* NDIS_PACKET_PRIVATE.NdisPacketFlags */
#define fPACKET_WRAPPER_RESERVED 0x3F
#define fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO 0x40
#define fPACKET_ALLOCATED_BY_NDIS 0x80
/* NDIS_PACKET_PRIVATE.Flags */
#define NDIS_FLAGS_PROTOCOL_ID_MASK 0x0000000F
#define NDIS_FLAGS_MULTICAST_PACKET 0x00000010
#define NDIS_FLAGS_DONT_LOOPBACK 0x00000080
#define NDIS_FLAGS_IS_LOOPBACK_PACKET 0x00000100
#define NDIS_FLAGS_LOOPBACK_ONLY 0x00000200

#define NDIS_OOB_DATA_FROM_PACKET(p) \
    ((PNDIS_PACKET_OOB_DATA)((PUCHAR)(p) + (p)->Private.NdisPacketOobOffset))
#define NDIS_PACKET_EXTENSION_FROM_PACKET(p) \
    ((PNDIS_PACKET_EXTENSION)((PUCHAR)(p) + (p)->Private.NdisPacketOobOffset + sizeof(NDIS_PACKET_OOB_DATA)))
#define NDIS_PER_PACKET_INFO_FROM_PACKET(p, id) (NDIS_PACKET_EXTENSION_FROM_PACKET(p)->NdisPacketInfo[(id)])
#define NDIS_GET_PACKET_STATUS(p) (NDIS_OOB_DATA_FROM_PACKET(p)->Status)
#define NDIS_SET_PACKET_STATUS(p, s) (NDIS_OOB_DATA_FROM_PACKET(p)->Status = (s))
#define NDIS_GET_PACKET_HEADER_SIZE(p) (NDIS_OOB_DATA_FROM_PACKET(p)->HeaderSize)
#define NDIS_SET_PACKET_HEADER_SIZE(p, n) (NDIS_OOB_DATA_FROM_PACKET(p)->HeaderSize = (n))
#define NDIS_GET_PACKET_TIME_RECEIVED(p) (NDIS_OOB_DATA_FROM_PACKET(p)->TimeReceived)
#define NDIS_SET_PACKET_TIME_RECEIVED(p, t) (NDIS_OOB_DATA_FROM_PACKET(p)->TimeReceived = (t))
#define NDIS_GET_PACKET_CANCEL_ID(p) NDIS_PER_PACKET_INFO_FROM_PACKET(p, PacketCancelId)
#define NDIS_SET_PACKET_CANCEL_ID(p, id) (NDIS_PER_PACKET_INFO_FROM_PACKET(p, PacketCancelId) = (id))
#define NDIS_GET_ORIGINAL_PACKET(p) ((PNDIS_PACKET)NDIS_PER_PACKET_INFO_FROM_PACKET(p, OriginalPacketInfo))
#define NDIS_SET_ORIGINAL_PACKET(p, o) (NDIS_PER_PACKET_INFO_FROM_PACKET(p, OriginalPacketInfo) = (o))
#define NdisGetPacketFlags(p) ((p)->Private.Flags)
#define NdisSetPacketFlags(p, f) ((p)->Private.Flags |= (f))
#define NdisClearPacketFlags(p, f) ((p)->Private.Flags &= ~(f))
#define NDIS_PACKET_FIRST_NDIS_BUFFER(p) ((p)->Private.Head)
#define NDIS_PACKET_LAST_NDIS_BUFFER(p) ((p)->Private.Tail)

typedef struct _NDIS_REQUEST {
    UCHAR MacReserved[4 * sizeof(PVOID)];
    NDIS_REQUEST_TYPE RequestType;
    union {
        struct {
            NDIS_OID Oid;
            PVOID InformationBuffer;
            UINT InformationBufferLength;
            UINT BytesWritten;
            UINT BytesNeeded;
        } QUERY_INFORMATION;
        struct {
            NDIS_OID Oid;
            PVOID InformationBuffer;
            UINT InformationBufferLength;
            UINT BytesRead;
            UINT BytesNeeded;
        } SET_INFORMATION;
    } DATA;
    UCHAR NdisReserved[9 * sizeof(PVOID)];
    union {
        UCHAR CallMgrReserved[2 * sizeof(PVOID)];
        UCHAR ProtocolReserved[2 * sizeof(PVOID)];
    };
    UCHAR MiniportReserved[2 * sizeof(PVOID)];
} NDIS_REQUEST, *PNDIS_REQUEST;

/* ---------------------------------------------------------------------------------------------- protocol drivers */

typedef VOID(NTAPI *OPEN_ADAPTER_COMPLETE_HANDLER)(NDIS_HANDLE, NDIS_STATUS Status, NDIS_STATUS OpenErrorStatus);
typedef VOID(NTAPI *CLOSE_ADAPTER_COMPLETE_HANDLER)(NDIS_HANDLE, NDIS_STATUS Status);
typedef VOID(NTAPI *RESET_COMPLETE_HANDLER)(NDIS_HANDLE, NDIS_STATUS Status);
typedef VOID(NTAPI *REQUEST_COMPLETE_HANDLER)(NDIS_HANDLE, PNDIS_REQUEST, NDIS_STATUS Status);
typedef VOID(NTAPI *STATUS_HANDLER)(NDIS_HANDLE, NDIS_STATUS GeneralStatus, PVOID Buffer, UINT Bytes);
typedef VOID(NTAPI *STATUS_COMPLETE_HANDLER)(NDIS_HANDLE);
typedef VOID(NTAPI *SEND_COMPLETE_HANDLER)(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS Status);
typedef VOID(NTAPI *TRANSFER_DATA_COMPLETE_HANDLER)(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS, UINT BytesTransferred);
typedef NDIS_STATUS(NTAPI *RECEIVE_HANDLER)(NDIS_HANDLE, NDIS_HANDLE MacReceiveContext, PVOID Header, UINT HeaderSize,
                                            PVOID LookAhead, UINT LookAheadSize, UINT PacketSize);
typedef VOID(NTAPI *RECEIVE_COMPLETE_HANDLER)(NDIS_HANDLE);
typedef INT(NTAPI *RECEIVE_PACKET_HANDLER)(NDIS_HANDLE, PNDIS_PACKET);
typedef VOID(NTAPI *BIND_HANDLER)(PNDIS_STATUS Status, NDIS_HANDLE BindContext, PNDIS_STRING DeviceName,
                                  PVOID SystemSpecific1, PVOID SystemSpecific2);
typedef VOID(NTAPI *UNBIND_HANDLER)(PNDIS_STATUS Status, NDIS_HANDLE ProtocolBindingContext, NDIS_HANDLE UnbindContext);
typedef NDIS_STATUS(NTAPI *PNP_EVENT_HANDLER)(NDIS_HANDLE ProtocolBindingContext, PNET_PNP_EVENT);
typedef VOID(NTAPI *UNLOAD_PROTOCOL_HANDLER)(VOID);
typedef VOID(NTAPI *WAN_UNUSED_HANDLER)(VOID);

typedef struct _NDIS50_PROTOCOL_CHARACTERISTICS {
    UCHAR MajorNdisVersion;
    UCHAR MinorNdisVersion;
    USHORT Filler;
    union {
        UINT Reserved;
        UINT Flags;
    };
    OPEN_ADAPTER_COMPLETE_HANDLER OpenAdapterCompleteHandler;
    CLOSE_ADAPTER_COMPLETE_HANDLER CloseAdapterCompleteHandler;
    SEND_COMPLETE_HANDLER SendCompleteHandler;
    TRANSFER_DATA_COMPLETE_HANDLER TransferDataCompleteHandler;
    RESET_COMPLETE_HANDLER ResetCompleteHandler;
    REQUEST_COMPLETE_HANDLER RequestCompleteHandler;
    RECEIVE_HANDLER ReceiveHandler;
    RECEIVE_COMPLETE_HANDLER ReceiveCompleteHandler;
    STATUS_HANDLER StatusHandler;
    STATUS_COMPLETE_HANDLER StatusCompleteHandler;
    NDIS_STRING Name;
    RECEIVE_PACKET_HANDLER ReceivePacketHandler;
    BIND_HANDLER BindAdapterHandler;
    UNBIND_HANDLER UnbindAdapterHandler;
    PNP_EVENT_HANDLER PnPEventHandler;
    UNLOAD_PROTOCOL_HANDLER UnloadHandler;
    PVOID ReservedHandlers[4];
    PVOID CoSendCompleteHandler;
    PVOID CoStatusHandler;
    PVOID CoReceivePacketHandler;
    PVOID CoAfRegisterNotifyHandler;
} NDIS50_PROTOCOL_CHARACTERISTICS, NDIS_PROTOCOL_CHARACTERISTICS, *PNDIS_PROTOCOL_CHARACTERISTICS;

typedef struct _NDIS_PROTOCOL_BLOCK NDIS_PROTOCOL_BLOCK, *PNDIS_PROTOCOL_BLOCK;
typedef struct _NDIS_MINIPORT_BLOCK NDIS_MINIPORT_BLOCK, *PNDIS_MINIPORT_BLOCK;
typedef struct _NDIS_OPEN_BLOCK NDIS_OPEN_BLOCK, *PNDIS_OPEN_BLOCK;

typedef NDIS_STATUS(NTAPI *SEND_HANDLER)(NDIS_HANDLE BindingHandle, PNDIS_PACKET);
typedef NDIS_STATUS(NTAPI *TRANSFER_DATA_HANDLER)(NDIS_HANDLE BindingHandle, NDIS_HANDLE MacReceiveContext,
                                                  UINT ByteOffset, UINT Bytes, PNDIS_PACKET, PUINT BytesTransferred);
typedef VOID(NTAPI *SEND_PACKETS_HANDLER)(NDIS_HANDLE Open, PPNDIS_PACKET, UINT Count);
typedef NDIS_STATUS(NTAPI *RESET_HANDLER)(NDIS_HANDLE BindingHandle);
typedef NDIS_STATUS(NTAPI *REQUEST_HANDLER)(NDIS_HANDLE BindingHandle, PNDIS_REQUEST);

/* A protocol's binding handle. Drivers built with the WDK call through the handlers below. */
struct _NDIS_OPEN_BLOCK {
    PVOID MacHandle;
    NDIS_HANDLE BindingHandle; /* First argument of SendHandler, TransferDataHandler, ResetHandler, RequestHandler. */
    PNDIS_MINIPORT_BLOCK MiniportHandle;
    PNDIS_PROTOCOL_BLOCK ProtocolHandle;
    NDIS_HANDLE ProtocolBindingContext;
    PNDIS_OPEN_BLOCK MiniportNextOpen;
    PNDIS_OPEN_BLOCK ProtocolNextOpen;
    NDIS_HANDLE MiniportAdapterContext;
    BOOLEAN Reserved1, Reserved2, Reserved3, Reserved4;
    PNDIS_STRING BindDeviceName;
    KSPIN_LOCK Reserved5;
    PNDIS_STRING RootDeviceName;
    SEND_HANDLER SendHandler;
    TRANSFER_DATA_HANDLER TransferDataHandler;
    SEND_COMPLETE_HANDLER SendCompleteHandler;
    TRANSFER_DATA_COMPLETE_HANDLER TransferDataCompleteHandler;
    RECEIVE_HANDLER ReceiveHandler;
    RECEIVE_COMPLETE_HANDLER ReceiveCompleteHandler;
    WAN_UNUSED_HANDLER WanReceiveHandler;
    REQUEST_COMPLETE_HANDLER RequestCompleteHandler;
    RECEIVE_PACKET_HANDLER ReceivePacketHandler;
    SEND_PACKETS_HANDLER SendPacketsHandler;
    RESET_HANDLER ResetHandler;
    REQUEST_HANDLER RequestHandler;
    RESET_COMPLETE_HANDLER ResetCompleteHandler;
    STATUS_HANDLER StatusHandler;
    STATUS_COMPLETE_HANDLER StatusCompleteHandler;
};

/* ---------------------------------------------------------------------------------------------------- miniports */

typedef BOOLEAN(NTAPI *W_CHECK_FOR_HANG_HANDLER)(NDIS_HANDLE MiniportAdapterContext);
typedef VOID(NTAPI *W_DISABLE_INTERRUPT_HANDLER)(NDIS_HANDLE MiniportAdapterContext);
typedef VOID(NTAPI *W_ENABLE_INTERRUPT_HANDLER)(NDIS_HANDLE MiniportAdapterContext);
typedef VOID(NTAPI *W_HALT_HANDLER)(NDIS_HANDLE MiniportAdapterContext);
typedef VOID(NTAPI *W_HANDLE_INTERRUPT_HANDLER)(NDIS_HANDLE MiniportAdapterContext);
typedef NDIS_STATUS(NTAPI *W_INITIALIZE_HANDLER)(PNDIS_STATUS OpenErrorStatus, PUINT SelectedMediumIndex,
                                                 PNDIS_MEDIUM MediumArray, UINT MediumArraySize,
                                                 NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE ConfigurationContext);
typedef VOID(NTAPI *W_ISR_HANDLER)(PBOOLEAN InterruptRecognized, PBOOLEAN QueueMiniportHandleInterrupt,
                                   NDIS_HANDLE MiniportAdapterContext);
typedef NDIS_STATUS(NTAPI *W_QUERY_INFORMATION_HANDLER)(NDIS_HANDLE, NDIS_OID, PVOID Buffer, ULONG Length,
                                                        PULONG BytesWritten, PULONG BytesNeeded);
typedef NDIS_STATUS(NTAPI *W_RECONFIGURE_HANDLER)(PNDIS_STATUS, NDIS_HANDLE, NDIS_HANDLE);
typedef NDIS_STATUS(NTAPI *W_RESET_HANDLER)(PBOOLEAN AddressingReset, NDIS_HANDLE);
typedef NDIS_STATUS(NTAPI *W_SEND_HANDLER)(NDIS_HANDLE, PNDIS_PACKET, UINT Flags);
typedef NDIS_STATUS(NTAPI *W_SET_INFORMATION_HANDLER)(NDIS_HANDLE, NDIS_OID, PVOID Buffer, ULONG Length,
                                                      PULONG BytesRead, PULONG BytesNeeded);
typedef NDIS_STATUS(NTAPI *W_TRANSFER_DATA_HANDLER)(PNDIS_PACKET, PUINT BytesTransferred, NDIS_HANDLE,
                                                    NDIS_HANDLE MiniportReceiveContext, UINT ByteOffset, UINT Bytes);
typedef VOID(NTAPI *W_RETURN_PACKET_HANDLER)(NDIS_HANDLE, PNDIS_PACKET);
typedef VOID(NTAPI *W_SEND_PACKETS_HANDLER)(NDIS_HANDLE, PPNDIS_PACKET, UINT Count);
typedef VOID(NTAPI *W_ALLOCATE_COMPLETE_HANDLER)(NDIS_HANDLE, PVOID, PNDIS_PHYSICAL_ADDRESS, ULONG, PVOID);
typedef VOID(NTAPI *W_CANCEL_SEND_PACKETS_HANDLER)(NDIS_HANDLE, PVOID CancelId);
typedef VOID(NTAPI *W_PNP_EVENT_NOTIFY_HANDLER)(NDIS_HANDLE, NDIS_DEVICE_PNP_EVENT, PVOID InformationBuffer, ULONG);
typedef VOID(NTAPI *W_MINIPORT_SHUTDOWN_HANDLER)(NDIS_HANDLE);
typedef VOID(NTAPI *ADAPTER_SHUTDOWN_HANDLER)(PVOID ShutdownContext);

typedef struct _NDIS51_MINIPORT_CHARACTERISTICS {
    UCHAR MajorNdisVersion;
    UCHAR MinorNdisVersion;
    USHORT Filler;
    UINT Reserved;
    W_CHECK_FOR_HANG_HANDLER CheckForHangHandler;
    W_DISABLE_INTERRUPT_HANDLER DisableInterruptHandler;
    W_ENABLE_INTERRUPT_HANDLER EnableInterruptHandler;
    W_HALT_HANDLER HaltHandler;
    W_HANDLE_INTERRUPT_HANDLER HandleInterruptHandler;
    W_INITIALIZE_HANDLER InitializeHandler;
    W_ISR_HANDLER ISRHandler;
    W_QUERY_INFORMATION_HANDLER QueryInformationHandler;
    W_RECONFIGURE_HANDLER ReconfigureHandler;
    W_RESET_HANDLER ResetHandler;
    W_SEND_HANDLER SendHandler;
    W_SET_INFORMATION_HANDLER SetInformationHandler;
    W_TRANSFER_DATA_HANDLER TransferDataHandler;
    W_RETURN_PACKET_HANDLER ReturnPacketHandler;
    W_SEND_PACKETS_HANDLER SendPacketsHandler;
    W_ALLOCATE_COMPLETE_HANDLER AllocateCompleteHandler;
    PVOID CoCreateVcHandler;
    PVOID CoDeleteVcHandler;
    PVOID CoActivateVcHandler;
    PVOID CoDeactivateVcHandler;
    PVOID CoSendPacketsHandler;
    PVOID CoRequestHandler;
    W_CANCEL_SEND_PACKETS_HANDLER CancelSendPacketsHandler;
    W_PNP_EVENT_NOTIFY_HANDLER PnPEventNotifyHandler;
    W_MINIPORT_SHUTDOWN_HANDLER AdapterShutdownHandler;
    PVOID Reserved1, Reserved2, Reserved3, Reserved4;
} NDIS51_MINIPORT_CHARACTERISTICS, NDIS_MINIPORT_CHARACTERISTICS, *PNDIS_MINIPORT_CHARACTERISTICS;

/* NdisMSetAttributesEx */
#define NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT 0x00000001
#define NDIS_ATTRIBUTE_IGNORE_REQUEST_TIMEOUT 0x00000002
#define NDIS_ATTRIBUTE_IGNORE_TOKEN_RING_ERRORS 0x00000004
#define NDIS_ATTRIBUTE_BUS_MASTER 0x00000008
#define NDIS_ATTRIBUTE_INTERMEDIATE_DRIVER 0x00000010
#define NDIS_ATTRIBUTE_DESERIALIZE 0x00000020
#define NDIS_ATTRIBUTE_NO_HALT_ON_SUSPEND 0x00000040
#define NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK 0x00000080
#define NDIS_ATTRIBUTE_NOT_CO_NDIS 0x00000100
#define NDIS_ATTRIBUTE_USES_SAFE_BUFFER_APIS 0x00000200

typedef struct _NDIS_MINIPORT_INTERRUPT {
    PKINTERRUPT InterruptObject;
    KSPIN_LOCK DpcCountLock;
    PVOID MiniportIdField;
    W_ISR_HANDLER MiniportIsr;
    W_HANDLE_INTERRUPT_HANDLER MiniportDpc;
    KDPC InterruptDpc;
    PNDIS_MINIPORT_BLOCK Miniport;
    UCHAR DpcCount;
    BOOLEAN Filler1;
    KEVENT DpcsCompletedEvent;
    BOOLEAN SharedInterrupt;
    BOOLEAN IsrRequested;
} NDIS_MINIPORT_INTERRUPT, *PNDIS_MINIPORT_INTERRUPT;

typedef VOID(NTAPI *ETH_RCV_INDICATE_HANDLER)(PVOID Filter, NDIS_HANDLE MacReceiveContext, PCHAR Address, PVOID Header,
                                              UINT HeaderSize, PVOID LookAhead, UINT LookAheadSize, UINT PacketSize);
typedef VOID(NTAPI *ETH_RCV_COMPLETE_HANDLER)(PVOID Filter);
typedef VOID(NTAPI *NDIS_M_PACKET_INDICATE_HANDLER)(NDIS_HANDLE Miniport, PPNDIS_PACKET, UINT Count);
typedef VOID(NTAPI *NDIS_M_SEND_COMPLETE_HANDLER)(NDIS_HANDLE Miniport, PNDIS_PACKET, NDIS_STATUS);
typedef VOID(NTAPI *NDIS_M_SEND_RESOURCES_HANDLER)(NDIS_HANDLE Miniport);
typedef VOID(NTAPI *NDIS_M_RESET_COMPLETE_HANDLER)(NDIS_HANDLE Miniport, NDIS_STATUS, BOOLEAN AddressingReset);
typedef VOID(NTAPI *NDIS_M_STATUS_HANDLER)(NDIS_HANDLE Miniport, NDIS_STATUS, PVOID, UINT);
typedef VOID(NTAPI *NDIS_M_STS_COMPLETE_HANDLER)(NDIS_HANDLE Miniport);
typedef VOID(NTAPI *NDIS_M_TD_COMPLETE_HANDLER)(NDIS_HANDLE Miniport, PNDIS_PACKET, NDIS_STATUS, UINT);
typedef VOID(NTAPI *NDIS_M_REQ_COMPLETE_HANDLER)(NDIS_HANDLE Miniport, NDIS_STATUS);

/* What inlined code of miniports and intermediate drivers reads of a miniport's handle; the rest is NDIS's own, and not the
 * same number of pointers on both architectures. */
#ifdef _WIN64
#define RD_NDIS_ETH_DB 0x190
#define RD_NDIS_ETH_INDICATE 0x280
#else
#define RD_NDIS_ETH_DB 0xD8
#define RD_NDIS_ETH_INDICATE 0x164
#endif
struct _NDIS_MINIPORT_BLOCK {
    PVOID Signature;
    PNDIS_MINIPORT_BLOCK NextMiniport;
    PVOID DriverHandle;
    NDIS_HANDLE MiniportAdapterContext;
    UNICODE_STRING MiniportName;
    UCHAR NdisPrivate1[RD_NDIS_ETH_DB - 4 * sizeof(PVOID) - sizeof(UNICODE_STRING)];
    PVOID EthDB;
    PVOID TrDB;
    PVOID FddiDB;
    PVOID ArcDB;
    NDIS_M_PACKET_INDICATE_HANDLER PacketIndicateHandler;
    NDIS_M_SEND_COMPLETE_HANDLER SendCompleteHandler;
    NDIS_M_SEND_RESOURCES_HANDLER SendResourcesHandler;
    NDIS_M_RESET_COMPLETE_HANDLER ResetCompleteHandler;
    NDIS_MEDIUM MediaType;
    ULONG BusNumber;
    UCHAR NdisPrivate2[RD_NDIS_ETH_INDICATE - (RD_NDIS_ETH_DB + 8 * sizeof(PVOID)) - 2 * sizeof(ULONG)];
    ETH_RCV_INDICATE_HANDLER EthRxIndicateHandler;
    PVOID TrRxIndicateHandler;
    PVOID FddiRxIndicateHandler;
    ETH_RCV_COMPLETE_HANDLER EthRxCompleteHandler;
    PVOID TrRxCompleteHandler;
    PVOID FddiRxCompleteHandler;
    NDIS_M_STATUS_HANDLER StatusHandler;
    NDIS_M_STS_COMPLETE_HANDLER StatusCompleteHandler;
    NDIS_M_TD_COMPLETE_HANDLER TDCompleteHandler;
    NDIS_M_REQ_COMPLETE_HANDLER QueryCompleteHandler;
    NDIS_M_REQ_COMPLETE_HANDLER SetCompleteHandler;
    PVOID WanSendCompleteHandler;
    PVOID WanRcvHandler;
    PVOID WanRcvCompleteHandler;
};

#ifdef __cplusplus
}
#endif
