// SPDX-License-Identifier: MIT
// ndis/protocol.cpp
//
// NdisRegisterProtocol and NdisDeregisterProtocol.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff554635(v=vs.85) (NdisDeregisterProtocol)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// Length of the characteristics of a version; 0: not one for protocols that register here.
UINT characteristics_bytes(UCHAR major, UCHAR minor) {
    if (major == 4) return __builtin_offsetof(NDIS_PROTOCOL_CHARACTERISTICS, ReservedHandlers);
    if (major == 5 && minor <= 1) return sizeof(NDIS_PROTOCOL_CHARACTERISTICS);
    return 0;
}

/// NDIS 5.0 drivers give the structure without the connection-oriented handlers too.
bool long_enough(const NDIS_PROTOCOL_CHARACTERISTICS& given, UINT length) {
    constexpr UINT without_connections = __builtin_offsetof(NDIS_PROTOCOL_CHARACTERISTICS, ReservedHandlers);
    return length >= without_connections && characteristics_bytes(given.MajorNdisVersion, given.MinorNdisVersion) != 0;
}

NDIS_STATUS check(const NDIS_PROTOCOL_CHARACTERISTICS* given, UINT length) {
    if (length < __builtin_offsetof(NDIS_PROTOCOL_CHARACTERISTICS, ReceivePacketHandler)) return NDIS_STATUS_BAD_CHARACTERISTICS;
    if (!characteristics_bytes(given->MajorNdisVersion, given->MinorNdisVersion)) return NDIS_STATUS_BAD_VERSION;
    if (!long_enough(*given, length)) return NDIS_STATUS_BAD_CHARACTERISTICS;
    // The mandatory handlers of a connectionless protocol.
    if (!given->OpenAdapterCompleteHandler || !given->CloseAdapterCompleteHandler || !given->SendCompleteHandler ||
        !given->RequestCompleteHandler || !given->ReceiveHandler || !given->ReceiveCompleteHandler || !given->StatusHandler ||
        !given->StatusCompleteHandler || !given->BindAdapterHandler || !given->UnbindAdapterHandler)
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    if (!given->Name.Buffer || !given->Name.Length || given->Name.Length >= kNameCharacters * sizeof(WCHAR))
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    return NDIS_STATUS_SUCCESS;
}

Protocol* create(const NDIS_PROTOCOL_CHARACTERISTICS* given, UINT length) {
    auto* protocol = static_cast<Protocol*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Protocol), kProtocolTag));
    if (!protocol) return nullptr;
    RtlZeroMemory(protocol, sizeof *protocol);
    RtlCopyMemory(&protocol->characteristics, given, smaller(static_cast<SIZE_T>(length), sizeof protocol->characteristics));
    RtlCopyMemory(protocol->name, given->Name.Buffer, given->Name.Length);
    protocol->name_string = {given->Name.Length, sizeof protocol->name, protocol->name};
    protocol->characteristics.Name = protocol->name_string;
    InitializeListHead(&protocol->opens);
    InitializeListHead(&protocol->binds);
    KeInitializeEvent(&protocol->changed, SynchronizationEvent, FALSE);
    return protocol;
}

/// Claims the deregistration for the caller; null when the handle is no registered protocol's, or somebody else is at it.
Protocol* begin_deregistration(NDIS_HANDLE handle, ULONG* opens) {
    const CoreGuard guard;
    Protocol* protocol = find_protocol(handle);
    if (!protocol || protocol->deregistering) return nullptr;
    protocol->deregistering = true;
    *opens = open_count(protocol);
    return protocol;
}

void remove(Protocol* protocol) {
    {
        const CoreGuard guard;
        RemoveEntryList(&protocol->entry);
    }
    trace(RD_KIND_NOTE, RD_EV_PROTOCOL_FREED, 0, 0, protocol);
    ExFreePoolWithTag(protocol, kProtocolTag);
}

/// What both functions that deregister do. Not one of a registered protocol, or somebody else is at it: a violation, and
/// NDIS_STATUS_FAILURE.
NDIS_STATUS deregister(NDIS_HANDLE handle, const char* function) {
    ULONG opens = 0;
    Protocol* protocol = begin_deregistration(handle, &opens);
    trace(RD_KIND_CALL, RD_EV_DEREGISTER_PROTOCOL, 0, 0, handle, opens);
    NDIS_STATUS status = RdFaultWanted(RD_FAULT_DEREGISTER_FAILS) ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
    if (protocol) {
        unbind_all_of_protocol(protocol);
        remove(protocol);
    } else {
        note_bad_call(RD_VIOLATION_BAD_PROTOCOL_HANDLE, handle, 0, function);
        status = NDIS_STATUS_FAILURE;
    }
    trace(RD_KIND_RETURN, RD_EV_DEREGISTER_PROTOCOL, 0, status, handle);
    return status;
}

}  // namespace

}  // namespace ndis

using namespace ndis;

/// Status: NDIS_STATUS_BAD_VERSION, BAD_CHARACTERISTICS, RESOURCES, or SUCCESS; a name that is registered already:
/// NDIS_STATUS_FAILURE. The characteristics are copied. Adapters are offered from another thread, after the return.
/// PASSIVE_LEVEL.
extern "C" VOID NTAPI
NdisRegisterProtocol(PNDIS_STATUS Status, PNDIS_HANDLE ProtocolHandle, PNDIS_PROTOCOL_CHARACTERISTICS Characteristics, UINT Length) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisRegisterProtocol", NDIS_CALLER);
    trace(RD_KIND_CALL, RD_EV_REGISTER_PROTOCOL, 0, 0, nullptr);
    *ProtocolHandle = nullptr;
    *Status = check(Characteristics, Length);
    Protocol* protocol = nullptr;
    if (*Status == NDIS_STATUS_SUCCESS && !(protocol = create(Characteristics, Length))) *Status = NDIS_STATUS_RESOURCES;
    if (protocol) {
        const CoreGuard guard;
        if (find_protocol_by_name(&protocol->name_string)) {
            *Status = NDIS_STATUS_FAILURE;
        } else {
            InsertTailList(&Protocols, &protocol->entry);
        }
    }
    const ULONG version = Characteristics->MajorNdisVersion << 8 | Characteristics->MinorNdisVersion;
    trace(RD_KIND_RETURN, RD_EV_REGISTER_PROTOCOL, 0, *Status, *Status == NDIS_STATUS_SUCCESS ? protocol : nullptr, version);
    if (*Status == NDIS_STATUS_SUCCESS) {
        *ProtocolHandle = protocol;
        protocol_came(protocol);
    } else if (protocol) {
        ExFreePoolWithTag(protocol, kProtocolTag);
    }
}

/// S1 to S10: Status is NDIS_STATUS_SUCCESS on return for every protocol that was registered. Open bindings make NDIS call
/// ProtocolUnbindAdapter once for each, here; what NDIS allocated for protocol, bindings and filters is free on return.
/// PASSIVE_LEVEL. A handle that is not registered (any more), or that is being deregistered: a violation in the trace, and
/// NDIS_STATUS_FAILURE.
extern "C" VOID NTAPI NdisDeregisterProtocol(PNDIS_STATUS Status, NDIS_HANDLE ProtocolHandle) {
    if (KeGetCurrentIrql() != PASSIVE_LEVEL) {
        note_bad_call(RD_VIOLATION_WRONG_IRQL, ProtocolHandle, KeGetCurrentIrql(), "NdisDeregisterProtocol");
        require_irql_exactly(PASSIVE_LEVEL, "NdisDeregisterProtocol", NDIS_CALLER);
    }
    *Status = deregister(ProtocolHandle, "NdisDeregisterProtocol");
}

/// The NDIS 6 function. Protocols register here as NDIS 5 or 4, so it is the wrong one for every handle: a violation
/// (RD_VIOLATION_WRONG_CALL), then it deregisters all the same, so that the system goes on and the host judges. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/nf-ndis-ndisderegisterprotocoldriver
extern "C" VOID NTAPI NdisDeregisterProtocolDriver(NDIS_HANDLE NdisProtocolHandle) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisDeregisterProtocolDriver", NDIS_CALLER);
    ULONG version = 0;
    {
        const CoreGuard guard;
        if (const Protocol* protocol = find_protocol(NdisProtocolHandle))
            version = protocol->characteristics.MajorNdisVersion << 8 | protocol->characteristics.MinorNdisVersion;
    }
    if (version) note_bad_call(RD_VIOLATION_WRONG_CALL, NdisProtocolHandle, version, "NdisDeregisterProtocolDriver");
    deregister(NdisProtocolHandle, "NdisDeregisterProtocolDriver");
}

/// Offers the adapters that the protocol's Linkage\Bind lists and that it is not bound to, from another thread, as at its
/// registration. A handle that is not registered: a violation. PASSIVE_LEVEL.
extern "C" VOID NTAPI NdisReEnumerateProtocolBindings(NDIS_HANDLE NdisProtocolHandle) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisReEnumerateProtocolBindings", NDIS_CALLER);
    WCHAR name[kNameCharacters] = {};
    {
        const CoreGuard guard;
        const Protocol* protocol = find_protocol(NdisProtocolHandle);
        if (protocol && !protocol->deregistering) RtlCopyMemory(name, protocol->name, sizeof name);
    }
    if (name[0])
        protocol_wants_more(name);
    else
        note_bad_call(RD_VIOLATION_BAD_PROTOCOL_HANDLE, NdisProtocolHandle, 0, "NdisReEnumerateProtocolBindings");
}
