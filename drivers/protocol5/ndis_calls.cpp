// SPDX-License-Identifier: MIT
// protocol5/ndis_calls.cpp
#include "protocol5/ndis_calls.hpp"

#include "protocol5/packet.hpp"

using rundown::TraceValue;

namespace
{

/// The entry of a call now; its return when told. Not a scope: a return has to say what came out.
class CallTrace
{
  public:
    CallTrace(
        P5_WHO who,
        rd_trace_event event,
        const volatile void *object,
        ULONG64 argument0 = 0,
        ULONG64 argument1 = 0,
        ULONG status = 0,
        ULONG64 argument2 = 0)
        : Record_{
              .Kind = RD_KIND_CALL,
              .Event = event,
              .Binding = who.Number,
              .Status = status,
              .Object = TraceValue(object),
              .Arguments = {argument0, argument1, argument2}}
    {
        P5Trace.Write(Record_);
    }

    void Returned(ULONG status)
    {
        Record_.Kind = RD_KIND_RETURN;
        Record_.Status = status;
        P5Trace.Write(Record_);
    }

    /// A call that names its object only when it returns.
    void Returned(ULONG status, const volatile void *object, ULONG64 argument0)
    {
        Record_.Object = TraceValue(object);
        Record_.Arguments[0] = argument0;
        Returned(status);
    }

  private:
    rundown::TraceRecord Record_;
};

/// Of a set: the bytes of its buffer << 32 | the first four of them. So the trace shows which
/// packet filter is asked for, and whether a multicast list is given or taken away.
ULONG64
ContentsOf(PNDIS_REQUEST request)
{
    const auto &set = request->DATA.SET_INFORMATION;
    ULONG first = 0;

    if (request->RequestType != NdisRequestSetInformation) {
        return 0;
    }
    RtlCopyMemory(
        &first,
        set.InformationBuffer,
        set.InformationBufferLength < sizeof(first) ? set.InformationBufferLength : sizeof(first));
    return static_cast<ULONG64>(set.InformationBufferLength) << 32 | first;
}

} // namespace

NDIS_STATUS
P5NdisRegisterProtocol(PNDIS_HANDLE Handle, PNDIS_PROTOCOL_CHARACTERISTICS Characteristics)
{
    const ULONG version =
        Characteristics->MajorNdisVersion << 8 | Characteristics->MinorNdisVersion;
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    CallTrace trace(P5Nobody, RD_EV_REGISTER_PROTOCOL, nullptr, version);

    NdisRegisterProtocol(&status, Handle, Characteristics, sizeof(*Characteristics));
    trace.Returned(status, *Handle, version);
    return status;
}

NDIS_STATUS
P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    // Preset to what NDIS is to overwrite, so that the trace shows whether it did.
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    CallTrace trace(P5Nobody, RD_EV_DEREGISTER_PROTOCOL, Protocol);

    NdisDeregisterProtocol(&status, Protocol);
    trace.Returned(status);
    return status;
}

NDIS_STATUS
P5NdisOpenAdapter(P5_BINDING *Binding)
{
    NDIS_MEDIUM medium = NdisMedium802_3;
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    NDIS_STATUS openError = NDIS_STATUS_SUCCESS;
    UINT selected = 0;
    CallTrace trace(P5Who(Binding), RD_EV_OPEN_ADAPTER, Binding);

    NdisOpenAdapter(
        &status,
        &openError,
        &Binding->Open,
        &selected,
        &medium,
        1,
        P5.ProtocolHandle,
        Binding,
        &Binding->Name,
        0,
        nullptr);
    trace.Returned(
        status, status == NDIS_STATUS_SUCCESS ? Binding->Open : nullptr, TraceValue(Binding));
    return status;
}

NDIS_STATUS
P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    CallTrace trace(Who, RD_EV_CLOSE_ADAPTER, Open, TraceValue(Who.Context));

    NdisCloseAdapter(&status, Open);
    trace.Returned(status);
    return status;
}

NDIS_STATUS
P5NdisRequest(P5_WHO Who, NDIS_HANDLE Open, PNDIS_REQUEST Request)
{
    const BOOLEAN isSet = Request->RequestType == NdisRequestSetInformation;
    const ULONG64 what = Request->DATA.QUERY_INFORMATION.Oid | static_cast<ULONG64>(isSet ? 1 : 0)
                                                                   << 32;
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    CallTrace trace(Who, RD_EV_REQUEST, Open, TraceValue(Request), what, 0, ContentsOf(Request));

    NdisRequest(&status, Open, Request);
    trace.Returned(status);
    return status;
}

NDIS_STATUS
P5NdisSend(P5_WHO Who, NDIS_HANDLE Open, PNDIS_PACKET Packet)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    CallTrace trace(Who, RD_EV_SEND, Open, TraceValue(Packet), P5FrameIdOf(Packet));

    NdisSend(&status, Open, Packet);
    trace.Returned(status);
    return status;
}

void
P5NdisSendPackets(P5_WHO Who, NDIS_HANDLE Open, PPNDIS_PACKET Packets, ULONG Count)
{
    for (ULONG i = 0; i < Count; ++i) {
        UINT bytes;

        NdisQueryPacket(Packets[i], nullptr, nullptr, nullptr, &bytes);
        P5Trace.Write(
            {.Kind = RD_KIND_NOTE,
             .Event = RD_EV_PACKET_SENT,
             .Binding = Who.Number,
             .Object = TraceValue(Open),
             .Arguments = {TraceValue(Packets[i]), bytes, P5FrameIdOf(Packets[i])}});
    }

    CallTrace trace(Who, RD_EV_SEND_PACKETS, Open, TraceValue(Packets), Count);

    NdisSendPackets(Open, Packets, Count);
    trace.Returned(NDIS_STATUS_SUCCESS);
}

NDIS_STATUS
P5NdisTransferData(
    P5_WHO Who,
    NDIS_HANDLE Open,
    NDIS_HANDLE MacReceiveContext,
    ULONG Bytes,
    PNDIS_PACKET Packet,
    PUINT Transferred)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    CallTrace trace(Who, RD_EV_TRANSFER_DATA, Open, TraceValue(Packet));

    NdisTransferData(&status, Open, MacReceiveContext, 0, Bytes, Packet, Transferred);
    trace.Returned(status);
    return status;
}

void
P5NdisReturnPackets(P5_WHO Who, PNDIS_PACKET *Packets, ULONG Count)
{
    for (ULONG i = 0; i < Count; ++i) {
        const CallTrace entry(Who, RD_EV_RETURN_PACKETS, Packets[i]);
    }
    NdisReturnPackets(Packets, Count);
    for (ULONG i = 0; i < Count; ++i) {
        P5Trace.Write(
            {.Kind = RD_KIND_RETURN,
             .Event = RD_EV_RETURN_PACKETS,
             .Binding = Who.Number,
             .Object = TraceValue(Packets[i])});
    }
}

void
P5NdisCompleteBindAdapter(P5_WHO Who, NDIS_HANDLE BindContext, NDIS_STATUS Status)
{
    CallTrace trace(Who, RD_EV_COMPLETE_BIND, BindContext, 0, 0, Status);

    NdisCompleteBindAdapter(BindContext, Status, NDIS_STATUS_SUCCESS);
    trace.Returned(Status);
}

void
P5NdisCompleteUnbindAdapter(P5_WHO Who, NDIS_HANDLE UnbindContext, NDIS_STATUS Status)
{
    CallTrace trace(Who, RD_EV_COMPLETE_UNBIND, UnbindContext, 0, 0, Status);

    NdisCompleteUnbindAdapter(UnbindContext, Status);
    trace.Returned(Status);
}
