// SPDX-License-Identifier: MIT
// ndis/engine.cpp
//
// The binding engine: a thread that binds protocols to adapters as the registry's Services\<protocol>\Linkage\Bind lists them.
// It works when a protocol has registered and when an adapter has started, never inside the call that made it so: drivers
// store their protocol handle only when NdisRegisterProtocol has returned.
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// Something that came. Names, not pointers: it may have gone again when its turn comes.
struct Arrival {
    Arrival* next;
    WCHAR protocol[kNameCharacters];  ///< Empty: an adapter came, every protocol is looked at.
    bool registered;                  ///< The protocol has just registered, and is told when all its binds are complete.
};

Arrival* first_arrival;  // CoreLock
Arrival* last_arrival;
ULONG arrivals;          // queued or being worked on; CoreLock
KEVENT work, idle;

void queue_arrival(const WCHAR* protocol, bool registered) {
    auto* arrival = static_cast<Arrival*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Arrival), kWorkTag));
    if (!arrival) {
        RdPutString("ndis.sys: no memory to queue a bind\n");
        return;
    }
    RtlZeroMemory(arrival, sizeof *arrival);
    for (ULONG i = 0; protocol[i] && i + 1 < kNameCharacters; ++i) arrival->protocol[i] = protocol[i];
    arrival->registered = registered;
    const CoreGuard guard;
    last_arrival = (last_arrival ? last_arrival->next : first_arrival) = arrival;
    ++arrivals;
    KeClearEvent(&idle);
    KeSetEvent(&work, IO_NO_INCREMENT, FALSE);
}

Arrival* take_arrival() {
    const CoreGuard guard;
    Arrival* arrival = first_arrival;
    if (arrival && !(first_arrival = arrival->next)) last_arrival = nullptr;
    return arrival;
}

void arrival_done(Arrival* arrival) {
    ExFreePoolWithTag(arrival, kWorkTag);
    const CoreGuard guard;
    if (--arrivals == 0) KeSetEvent(&idle, IO_NO_INCREMENT, FALSE);
}

/// The adapters a protocol is to be bound to: REG_MULTI_SZ, in pool; null when it has none.
PKEY_VALUE_PARTIAL_INFORMATION read_bind_list(const WCHAR* protocol) {
    WCHAR text[200];
    UNICODE_STRING path = {0, sizeof text, text}, value;
    RtlAppendUnicodeToString(&path, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\");
    RtlAppendUnicodeToString(&path, protocol);
    RtlAppendUnicodeToString(&path, L"\\Linkage");
    RtlInitUnicodeString(&value, L"Bind");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE key;
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return nullptr;
    ULONG bytes = 0;
    PKEY_VALUE_PARTIAL_INFORMATION information = nullptr;
    ZwQueryValueKey(key, &value, KeyValuePartialInformation, nullptr, 0, &bytes);
    if (bytes) {
        // Two characters of zeros behind it, whatever the value was.
        information = static_cast<PKEY_VALUE_PARTIAL_INFORMATION>(ExAllocatePoolWithTag(PagedPool, bytes + 4, kWorkTag));
        if (information) RtlZeroMemory(information, bytes + 4);
        if (information && (!NT_SUCCESS(ZwQueryValueKey(key, &value, KeyValuePartialInformation, information, bytes, &bytes)) ||
                            information->Type != REG_MULTI_SZ)) {
            ExFreePoolWithTag(information, kWorkTag);
            information = nullptr;
        }
    }
    ZwClose(key);
    return information;
}

/// Looks both up again, and keeps both for the bind.
void bind_by_name(const WCHAR* protocol_name, const WCHAR* adapter_name) {
    UNICODE_STRING protocol_string, adapter_string;
    RtlInitUnicodeString(&protocol_string, protocol_name);
    RtlInitUnicodeString(&adapter_string, adapter_name);
    Protocol* protocol;
    Miniport* miniport;
    {
        const CoreGuard guard;
        protocol = find_protocol_by_name(&protocol_string);
        miniport = find_miniport_by_name(&adapter_string);
        if (!protocol || protocol->deregistering || !miniport || miniport->state != MiniportState::running) return;
        ++protocol->users;
        ++miniport->users;
    }
    const NTSTATUS status = bind(protocol, miniport);
    if (!NT_SUCCESS(status)) DbgPrint("ndis.sys: %ws was not bound to %ws: %08x\n", protocol_name, adapter_name, status);
    release_miniport(miniport);
    leave_protocol(protocol);
}

void bind_listed(const WCHAR* protocol) {
    const PKEY_VALUE_PARTIAL_INFORMATION list = read_bind_list(protocol);
    if (!list) return;
    for (auto* name = reinterpret_cast<const WCHAR*>(list->Data); *name;) {
        bind_by_name(protocol, name);
        while (*name++) {
        }
    }
    ExFreePoolWithTag(list, kWorkTag);
}

/// Every binding there is to be has been tried: the protocol is told once, after its registration.
void tell_binds_complete(const WCHAR* protocol_name) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, protocol_name);
    Protocol* protocol;
    {
        const CoreGuard guard;
        protocol = find_protocol_by_name(&name);
        if (!protocol || protocol->deregistering) return;
        ++protocol->users;
    }
    send_pnp_event(protocol, nullptr, NetEventBindsComplete, nullptr, 0);
    leave_protocol(protocol);
}

/// Name of a protocol that has not been looked at for this arrival yet; false: all have.
bool next_protocol(ULONG arrival, WCHAR (&name)[kNameCharacters]) {
    const CoreGuard guard;
    for (PLIST_ENTRY entry = Protocols.Flink; entry != &Protocols; entry = entry->Flink) {
        Protocol* protocol = CONTAINING_RECORD(entry, Protocol, entry);
        if (protocol->offered == arrival) continue;
        protocol->offered = arrival;
        RtlCopyMemory(name, protocol->name, sizeof name);
        return true;
    }
    return false;
}

/// NdisRegisterProtocol is still on its way back, in another thread, to a driver that stores its handle then.
void let_the_driver_return() {
    LARGE_INTEGER moment = {.QuadPart = -1 * 10000};
    KeDelayExecutionThread(KernelMode, FALSE, &moment);
}

void handle(const Arrival& arrival) {
    static ULONG adapter_arrivals;  // of the engine's thread alone
    if (arrival.protocol[0]) {
        if (arrival.registered) let_the_driver_return();
        bind_listed(arrival.protocol);
        if (arrival.registered) tell_binds_complete(arrival.protocol);
        return;
    }
    ++adapter_arrivals;
    WCHAR name[kNameCharacters];
    while (next_protocol(adapter_arrivals, name)) bind_listed(name);
}

VOID NTAPI engine_thread(PVOID) {
    RdNameThread("ndis binding engine");
    for (;;) {
        KeWaitForSingleObject(&work, Executive, KernelMode, FALSE, nullptr);
        while (Arrival* arrival = take_arrival()) {
            handle(*arrival);
            arrival_done(arrival);
        }
    }
}

}  // namespace

NTSTATUS start_engine() {
    KeInitializeEvent(&work, SynchronizationEvent, FALSE);
    KeInitializeEvent(&idle, NotificationEvent, TRUE);
    HANDLE thread;
    const NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, engine_thread, nullptr);
    if (NT_SUCCESS(status)) ZwClose(thread);
    return status;
}

void protocol_came(const Protocol* protocol) { queue_arrival(protocol->name, true); }
void protocol_wants_more(const WCHAR* name) { queue_arrival(name, false); }
void miniport_came() { queue_arrival(L"", false); }
void wait_for_engine() { KeWaitForSingleObject(&idle, Executive, KernelMode, FALSE, nullptr); }

}  // namespace ndis
