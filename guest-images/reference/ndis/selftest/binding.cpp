// SPDX-License-Identifier: MIT
// ndis/selftest/binding.cpp: see binding.hpp.
#include "ndis/selftest/binding.hpp"

namespace ndistest {

Told told;
bool PendBinds;
UCHAR TransferredBytes[kFrameBytes];

namespace {

constexpr const WCHAR* kProtocolName = L"NdisSelfTest";
constexpr const WCHAR* kLinkage = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\NdisSelfTest\\Linkage";
constexpr const WCHAR* kService = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\NdisSelfTest";

NDIS_HANDLE protocol;       // for BindAdapter, which may run inside NdisRegisterProtocol's engine
OnePacket* transfer_packet;

void prepare(NDIS_EVENT& event) { NdisInitializeEvent(&event); }

void forget_all() {
    RtlZeroMemory(&told, sizeof told);
    prepare(told.opened), prepare(told.closed), prepare(told.bound), prepare(told.sent), prepare(told.requested);
    prepare(told.reset), prepare(told.received), prepare(told.transferred), prepare(told.indicated);
}

VOID NTAPI open_complete(NDIS_HANDLE, NDIS_STATUS status, NDIS_STATUS) {
    told.open = status;
    NdisSetEvent(&told.opened);
}

VOID NTAPI close_complete(NDIS_HANDLE, NDIS_STATUS status) {
    told.close = status;
    ++told.closes;
    NdisSetEvent(&told.closed);
}

VOID NTAPI send_complete(NDIS_HANDLE, PNDIS_PACKET packet, NDIS_STATUS status) {
    told.send = status;
    told.sent_packet = packet;
    ++told.sends;
    NdisSetEvent(&told.sent);
}

VOID NTAPI request_complete(NDIS_HANDLE, PNDIS_REQUEST, NDIS_STATUS status) {
    told.request = status;
    NdisSetEvent(&told.requested);
}

VOID NTAPI reset_complete(NDIS_HANDLE, NDIS_STATUS status) {
    told.reset_status = status;
    NdisSetEvent(&told.reset);
}

VOID NTAPI transfer_complete(NDIS_HANDLE, PNDIS_PACKET, NDIS_STATUS status, UINT bytes) {
    told.transfer_status = status;
    told.transfer_bytes = bytes;
    NdisSetEvent(&told.transferred);
}

NDIS_STATUS NTAPI
receive(NDIS_HANDLE, NDIS_HANDLE context, PVOID header, UINT header_bytes, PVOID, UINT lookahead, UINT packet_bytes) {
    ++told.receives;
    told.lookahead = lookahead;
    told.packet_bytes = packet_bytes;
    told.from_packet = NdisGetReceivedPacket(told.handle, context) != nullptr;
    if (header_bytes == kHeaderBytes) NdisMoveMemory(told.header, header, kHeaderBytes);
    if (told.transfer) {
        NDIS_STATUS status;
        UINT bytes = 0;
        NdisTransferData(&status, told.handle, context, 0, packet_bytes, transfer_packet->packet, &bytes);
        if (status != NDIS_STATUS_PENDING) transfer_complete(nullptr, transfer_packet->packet, status, bytes);
    }
    NdisSetEvent(&told.received);
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI receive_complete(NDIS_HANDLE) { ++told.receive_completes; }

INT NTAPI receive_packet(NDIS_HANDLE, PNDIS_PACKET packet) {
    ++told.packets;
    if (told.keep) told.kept = packet;
    NdisSetEvent(&told.received);
    return told.keep ? 1 : 0;
}

VOID NTAPI status_indicated(NDIS_HANDLE, NDIS_STATUS status, PVOID, UINT) {
    ++told.status_starts;
    told.reset_starts += status == NDIS_STATUS_RESET_START;
    told.reset_ends += status == NDIS_STATUS_RESET_END;
    told.disconnects += status == NDIS_STATUS_MEDIA_DISCONNECT;
    told.connects += status == NDIS_STATUS_MEDIA_CONNECT;
}

VOID NTAPI status_complete(NDIS_HANDLE) {
    ++told.status_completes;
    NdisSetEvent(&told.indicated);
}

NDIS_STATUS open(PNDIS_STRING name, NDIS_MEDIUM medium, NDIS_HANDLE& handle) {
    NDIS_STATUS status, error;
    UINT selected;
    NdisResetEvent(&told.opened);
    NdisOpenAdapter(&status, &error, &handle, &selected, &medium, 1, protocol, &told, name, 0, nullptr);
    if (status != NDIS_STATUS_PENDING) return status;
    return NdisWaitEvent(&told.opened, kPatience) ? told.open : NDIS_STATUS_FAILURE;
}

/// What a pending handler goes on with, in a work item of NDIS's.
struct Later {
    NDIS_WORK_ITEM item;
    NDIS_HANDLE context;
    PNET_PNP_EVENT event;
    WCHAR name[64];
};
Later later;

template <class Routine>
void do_later(Routine routine) {
    NdisInitializeWorkItem(&later.item, routine, &later);
    NdisScheduleWorkItem(&later.item);
}

NDIS_STATUS bind_to(PNDIS_STRING name, NDIS_HANDLE context) {
    NDIS_HANDLE none;
    NDIS_STRING nobody, instance;
    NdisInitUnicodeString(&nobody, L"\\Device\\NoSuchAdapter");
    told.unsupported_medium = open(name, NdisMedium802_5, none);
    told.unknown_adapter = open(&nobody, NdisMedium802_3, none);
    told.instance_name = NdisQueryBindInstanceName(&instance, context);
    if (told.instance_name == NDIS_STATUS_SUCCESS) NdisFreeString(instance);
    return open(name, NdisMedium802_3, told.handle);
}

VOID NTAPI bind_later(PNDIS_WORK_ITEM, PVOID) {
    NDIS_STRING name;
    NdisInitUnicodeString(&name, later.name);
    const NDIS_STATUS status = bind_to(&name, later.context);
    NdisCompleteBindAdapter(later.context, status, status);
    NdisSetEvent(&told.bound);
}

VOID NTAPI bind(PNDIS_STATUS status, NDIS_HANDLE context, PNDIS_STRING name, PVOID, PVOID) {
    ++told.binds;
    if (!PendBinds) {
        *status = bind_to(name, context);
        NdisSetEvent(&told.bound);
        return;
    }
    later.context = context;
    for (USHORT i = 0; i < 63; ++i) later.name[i] = i < name->Length / sizeof(WCHAR) ? name->Buffer[i] : L'\0';
    do_later(bind_later);
    *status = NDIS_STATUS_PENDING;
}

NDIS_STATUS close() {
    NDIS_STATUS status;
    NdisCloseAdapter(&status, told.handle);
    if (status == NDIS_STATUS_PENDING) {
        NdisWaitEvent(&told.closed, 0);
        status = told.close;
    }
    told.handle = nullptr;
    return status;
}

VOID NTAPI unbind_later(PNDIS_WORK_ITEM, PVOID) { NdisCompleteUnbindAdapter(later.context, close()); }

VOID NTAPI unbind(PNDIS_STATUS status, NDIS_HANDLE, NDIS_HANDLE context) {
    ++told.unbinds;
    if (!PendBinds) {
        *status = close();
        return;
    }
    later.context = context;
    do_later(unbind_later);
    *status = NDIS_STATUS_PENDING;
}

VOID NTAPI answer_later(PNDIS_WORK_ITEM, PVOID) { NdisCompletePnPEvent(told.event_answer, told.handle, later.event); }

NDIS_STATUS NTAPI pnp_event(NDIS_HANDLE, PNET_PNP_EVENT event) {
    told.removal_queries += event->NetEvent == NetEventQueryRemoveDevice;
    if (!PendBinds || event->NetEvent != NetEventQueryRemoveDevice) return NDIS_STATUS_SUCCESS;
    later.event = event;
    do_later(answer_later);
    return NDIS_STATUS_PENDING;
}

HANDLE create_key(const WCHAR* path) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    return NT_SUCCESS(ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, nullptr, 0, nullptr)) ? key : nullptr;
}

/// Which adapters the engine offers it.
bool write_linkage() {
    WCHAR bind_list[64] = {};
    SIZE_T length = 0;
    while (kAdapterName[length]) bind_list[length] = kAdapterName[length], ++length;
    UNICODE_STRING value;
    RtlInitUnicodeString(&value, L"Bind");
    const HANDLE service = create_key(kService), key = create_key(kLinkage);
    bool written = false;
    if (key)
        written = NT_SUCCESS(ZwSetValueKey(
            key, &value, 0, REG_MULTI_SZ, bind_list, static_cast<ULONG>((length + 2) * sizeof(WCHAR))));
    if (key) ZwClose(key);
    if (service) ZwClose(service);
    return written;
}

}  // namespace

NDIS_PROTOCOL_CHARACTERISTICS characteristics() {
    NDIS_PROTOCOL_CHARACTERISTICS own = {};
    own.MajorNdisVersion = 5;
    own.OpenAdapterCompleteHandler = open_complete;
    own.CloseAdapterCompleteHandler = close_complete;
    own.SendCompleteHandler = send_complete;
    own.TransferDataCompleteHandler = transfer_complete;
    own.ResetCompleteHandler = reset_complete;
    own.RequestCompleteHandler = request_complete;
    own.ReceiveHandler = receive;
    own.ReceiveCompleteHandler = receive_complete;
    own.StatusHandler = status_indicated;
    own.StatusCompleteHandler = status_complete;
    own.ReceivePacketHandler = receive_packet;
    own.BindAdapterHandler = bind;
    own.UnbindAdapterHandler = unbind;
    own.PnPEventHandler = pnp_event;
    NdisInitUnicodeString(&own.Name, kProtocolName);
    return own;
}

Binding::Binding() {
    forget_all();
    transfer_packet = &transfer_;
    if (!transfer_.packet || !write_linkage()) {
        wrong_ = "no memory for the test";
        return;
    }
    NDIS_PROTOCOL_CHARACTERISTICS own = characteristics();
    NDIS_STATUS status;
    NdisRegisterProtocol(&status, &protocol, &own, sizeof own);
    if (status != NDIS_STATUS_SUCCESS) {
        wrong_ = "NdisRegisterProtocol failed";
        return;
    }
    protocol_ = protocol;
    if (!NdisWaitEvent(&told.bound, kPatience)) wrong_ = "BindAdapter was not called";
    if (!wrong_ && !told.handle) wrong_ = "NdisOpenAdapter gave no handle";
}

NDIS_STATUS Binding::deregister() {
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    if (protocol_) NdisDeregisterProtocol(&status, protocol_);
    protocol_ = nullptr;
    return status;
}

Binding::~Binding() { deregister(); }

NDIS_STATUS begin_request(NDIS_REQUEST& request, NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, UINT bytes) {
    RtlZeroMemory(&request, sizeof request);
    request.RequestType = type;
    if (type == NdisRequestSetInformation) {
        request.DATA.SET_INFORMATION.Oid = oid;
        request.DATA.SET_INFORMATION.InformationBuffer = buffer;
        request.DATA.SET_INFORMATION.InformationBufferLength = bytes;
    } else {
        request.DATA.QUERY_INFORMATION.Oid = oid;
        request.DATA.QUERY_INFORMATION.InformationBuffer = buffer;
        request.DATA.QUERY_INFORMATION.InformationBufferLength = bytes;
    }
    NdisResetEvent(&told.requested);
    NDIS_STATUS status;
    NdisRequest(&status, told.handle, &request);
    return status;
}

NDIS_STATUS ask(NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, UINT bytes, PUINT done, PUINT needed) {
    static NDIS_REQUEST request;
    NDIS_STATUS status = begin_request(request, type, oid, buffer, bytes);
    if (status == NDIS_STATUS_PENDING) status = NdisWaitEvent(&told.requested, kPatience) ? told.request : NDIS_STATUS_FAILURE;
    const bool set = type == NdisRequestSetInformation;
    if (done) *done = set ? request.DATA.SET_INFORMATION.BytesRead : request.DATA.QUERY_INFORMATION.BytesWritten;
    if (needed) *needed = set ? request.DATA.SET_INFORMATION.BytesNeeded : request.DATA.QUERY_INFORMATION.BytesNeeded;
    return status;
}

OnePacket::OnePacket(PVOID data, UINT bytes) {
    NDIS_STATUS status;
    NdisAllocatePacketPool(&status, &packets_, 1, 4 * sizeof(PVOID));
    if (status == NDIS_STATUS_SUCCESS) NdisAllocateBufferPool(&status, &buffers_, 1);
    if (status == NDIS_STATUS_SUCCESS) NdisAllocatePacket(&status, &packet, packets_);
    if (status == NDIS_STATUS_SUCCESS) NdisAllocateBuffer(&status, &buffer_, buffers_, data, bytes);
    if (status == NDIS_STATUS_SUCCESS) NdisChainBufferAtFront(packet, buffer_);
}

OnePacket::~OnePacket() {
    if (buffer_) NdisFreeBuffer(buffer_);
    if (packet) NdisFreePacket(packet);
    if (buffers_) NdisFreeBufferPool(buffers_);
    if (packets_) NdisFreePacketPool(packets_);
}

}  // namespace ndistest
