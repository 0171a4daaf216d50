// SPDX-License-Identifier: MIT
// defects/sends_after_deregister.cpp
//
// Has a second protocol nobody knows of, which sends one more frame of a binding when that, and the
// protocol it belonged to, are gone. None of it is in the driver's trace: only the wire tells.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5FreeBinding(P5_BINDING *Binding);
extern "C" NDIS_STATUS __real_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

namespace
{

/// What the second protocol needs of the last binding that was freed.
struct Remembered {
    WCHAR Name[P5NameCharacters];
    rundown::FrameIdentity Frame;
} Last;

NDIS_HANDLE Ghost;
NDIS_HANDLE GhostOpen;
NDIS_STATUS Status; // Of what pended.
KEVENT Completed;
UCHAR Frame[RD_FRAME_MIN];

void
Complete(NDIS_STATUS status)
{
    Status = status;
    KeSetEvent(&Completed, IO_NO_INCREMENT, FALSE);
}

NDIS_STATUS
Finish(NDIS_STATUS status)
{
    if (status != NDIS_STATUS_PENDING) {
        return status;
    }
    KeWaitForSingleObject(&Completed, Executive, KernelMode, FALSE, nullptr);
    return Status;
}

VOID NTAPI
Opened(NDIS_HANDLE, NDIS_STATUS status, NDIS_STATUS)
{
    Complete(status);
}

VOID NTAPI
ClosedOrReset(NDIS_HANDLE, NDIS_STATUS status)
{
    Complete(status);
}

VOID NTAPI
Sent(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS status)
{
    Complete(status);
}

VOID NTAPI
Transferred(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS, UINT)
{
}

VOID NTAPI
Requested(NDIS_HANDLE, PNDIS_REQUEST, NDIS_STATUS)
{
}

NDIS_STATUS NTAPI
Receive(NDIS_HANDLE, NDIS_HANDLE, PVOID, UINT, PVOID, UINT, UINT)
{
    return NDIS_STATUS_NOT_ACCEPTED;
}

VOID NTAPI
Nothing(NDIS_HANDLE)
{
}

VOID NTAPI
Indicated(NDIS_HANDLE, NDIS_STATUS, PVOID, UINT)
{
}

VOID NTAPI
Bind(PNDIS_STATUS status, NDIS_HANDLE, PNDIS_STRING, PVOID, PVOID)
{
    *status = NDIS_STATUS_NOT_ACCEPTED;
}

VOID NTAPI
Unbind(PNDIS_STATUS status, NDIS_HANDLE, NDIS_HANDLE)
{
    *status = NDIS_STATUS_SUCCESS;
}

bool
RegisterGhost()
{
    NDIS_PROTOCOL_CHARACTERISTICS characteristics = {};
    NDIS_STATUS status;

    characteristics.MajorNdisVersion = 5;
    characteristics.MinorNdisVersion = 1;
    NdisInitUnicodeString(&characteristics.Name, L"RundownGhost");
    characteristics.OpenAdapterCompleteHandler = Opened;
    characteristics.CloseAdapterCompleteHandler = ClosedOrReset;
    characteristics.SendCompleteHandler = Sent;
    characteristics.TransferDataCompleteHandler = Transferred;
    characteristics.ResetCompleteHandler = ClosedOrReset;
    characteristics.RequestCompleteHandler = Requested;
    characteristics.ReceiveHandler = Receive;
    characteristics.ReceiveCompleteHandler = Nothing;
    characteristics.StatusHandler = Indicated;
    characteristics.StatusCompleteHandler = Nothing;
    characteristics.BindAdapterHandler = Bind;
    characteristics.UnbindAdapterHandler = Unbind;
    NdisRegisterProtocol(&status, &Ghost, &characteristics, sizeof(characteristics));
    return status == NDIS_STATUS_SUCCESS;
}

bool
OpenGhost()
{
    NDIS_MEDIUM medium = NdisMedium802_3;
    NDIS_STRING name;
    NDIS_STATUS status;
    NDIS_STATUS error;
    UINT selected;

    NdisInitUnicodeString(&name, Last.Name);
    NdisOpenAdapter(
        &status, &error, &GhostOpen, &selected, &medium, 1, Ghost, &Last, &name, 0, nullptr);
    return Finish(status) == NDIS_STATUS_SUCCESS;
}

void
SendFrame()
{
    NDIS_HANDLE packets = nullptr;
    NDIS_HANDLE buffers = nullptr;
    PNDIS_PACKET packet = nullptr;
    PNDIS_BUFFER buffer = nullptr;
    NDIS_STATUS status;

    rundown::BuildFrameHeaders(Frame, Last.Frame);
    rundown::BuildFramePayload(Frame + rundown::FrameHeadersLength, Last.Frame);
    NdisAllocatePacketPool(&status, &packets, 1, 0);
    NdisAllocateBufferPool(&status, &buffers, 1);
    NdisAllocatePacket(&status, &packet, packets);
    NdisAllocateBuffer(&status, &buffer, buffers, Frame, sizeof(Frame));
    NdisChainBufferAtFront(packet, buffer);
    NdisSend(&status, GhostOpen, packet);
    Finish(status);
    NdisFreeBuffer(buffer);
    NdisFreePacket(packet);
    NdisFreeBufferPool(buffers);
    NdisFreePacketPool(packets);
}

} // namespace

extern "C" void
__wrap_P5FreeBinding(P5_BINDING *Binding)
{
    RtlCopyMemory(Last.Name, Binding->NameBuffer, sizeof(Last.Name));
    Last.Frame = {
        .Destination = {{0x02, 0x52, 0x44, 0x00, 0x00, 0x01}},
        .Source = Binding->Address,
        .Direction = RD_FRAME_FROM_GUEST,
        .Length = RD_FRAME_MIN,
        .Stream = Binding->Number,
        .Sequence = Binding->Sender.NextSequence};
    __real_P5FreeBinding(Binding);
}

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    const NDIS_STATUS deregistered = __real_P5NdisDeregisterProtocol(Protocol);
    NDIS_STATUS status;

    KeInitializeEvent(&Completed, SynchronizationEvent, FALSE);
    if (Last.Name[0] == 0 || !RegisterGhost()) {
        return deregistered;
    }
    if (OpenGhost()) {
        SendFrame();
        NdisCloseAdapter(&status, GhostOpen);
        Finish(status);
    }
    NdisDeregisterProtocol(&status, Ghost);
    return deregistered;
}
