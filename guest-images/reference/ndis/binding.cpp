// SPDX-License-Identifier: MIT
// ndis/binding.cpp
//
// Binding and unbinding: BindAdapter and UnbindAdapter called, their ends waited for, and what a driver left open closed.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff562465(v=vs.85) (ProtocolBindAdapter)
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff563260(v=vs.85) (ProtocolUnbindAdapter)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

LIST_ENTRY all_transitions = {&all_transitions, &all_transitions};

Transition* new_transition(bool is_bind, Protocol* protocol, Miniport* miniport) {
    auto* transition = static_cast<Transition*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Transition), kBindingTag));
    if (!transition) return nullptr;
    RtlZeroMemory(transition, sizeof *transition);
    transition->bind = is_bind;
    transition->protocol = protocol;
    transition->miniport = miniport;
    KeInitializeEvent(&transition->done, NotificationEvent, FALSE);
    return transition;
}

/// Off the lists: a completion that comes later finds nothing.
void forget(Transition* transition) {
    const CoreGuard guard;
    RemoveEntryList(&transition->all);
    if (transition->bind) {
        RemoveEntryList(&transition->entry);
        KeSetEvent(&transition->protocol->changed, IO_NO_INCREMENT, FALSE);
    }
}

/// What the driver's completion call does.
void complete(NDIS_HANDLE handle, bool is_bind, NDIS_STATUS status, const char* function) {
    {
        const CoreGuard guard;
        for (PLIST_ENTRY entry = all_transitions.Flink; entry != &all_transitions; entry = entry->Flink) {
            Transition* transition = CONTAINING_RECORD(entry, Transition, all);
            if (transition != handle || transition->bind != is_bind || transition->completed) continue;
            transition->completed = true;
            transition->status = status;
            KeSetEvent(&transition->done, IO_NO_INCREMENT, FALSE);
            return;
        }
    }
    note_bad_call(RD_VIOLATION_BAD_OPEN_HANDLE, handle, 0, function);
}

Open* find_pair(Protocol* protocol, const Miniport* miniport) {
    for (PLIST_ENTRY entry = protocol->opens.Flink; entry != &protocol->opens; entry = entry->Flink) {
        Open* open = CONTAINING_RECORD(entry, Open, protocol_entry);
        if (open->miniport == miniport) return open;
    }
    return nullptr;
}

bool bind_under_way(Protocol* protocol, const Miniport* miniport) {
    for (PLIST_ENTRY entry = protocol->binds.Flink; entry != &protocol->binds; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, Transition, entry)->miniport == miniport) return true;
    return false;
}

BindStep claim_bind(Transition* transition) {
    const CoreGuard guard;
    // A protocol that goes is offered nothing, and bind() finds that there is no binding.
    if (transition->protocol->deregistering) return BindStep::is_bound;
    const BindStep step = bind_step(
        find_pair(transition->protocol, transition->miniport) != nullptr, bind_under_way(transition->protocol, transition->miniport));
    if (step == BindStep::call) {
        InsertTailList(&transition->protocol->binds, &transition->entry);
        InsertTailList(&all_transitions, &transition->all);
    }
    return step;
}

ULONG64 name_hash(const UNICODE_STRING& name) {
    ULONG64 hash = 0xcbf29ce484222325;
    const auto* bytes = reinterpret_cast<const UCHAR*>(name.Buffer);
    for (USHORT i = 0; i < name.Length; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

/// Where a protocol finds its settings for an adapter, as NdisOpenProtocolConfiguration wants it (SystemSpecific1).
void settings_path(const Protocol* protocol, const Miniport* miniport, UNICODE_STRING& path) {
    UNICODE_STRING part;
    path.Length = 0;
    RtlAppendUnicodeToString(&path, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\");
    RtlAppendUnicodeStringToString(&path, const_cast<PUNICODE_STRING>(&protocol->name_string));
    RtlAppendUnicodeToString(&path, L"\\Parameters\\Adapters\\");
    RtlInitUnicodeString(&part, miniport->name + sizeof(L"\\Device\\") / sizeof(WCHAR) - 1);
    RtlAppendUnicodeStringToString(&path, &part);
}

NDIS_STATUS call_bind(Transition* transition) {
    Protocol* protocol = transition->protocol;
    Miniport* miniport = transition->miniport;
    WCHAR path_text[256], name_text[kNameCharacters];
    UNICODE_STRING path = {0, sizeof path_text, path_text}, name = {0, sizeof name_text, name_text};
    settings_path(protocol, miniport, path);
    RtlCopyUnicodeString(&name, &miniport->name_string);
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;  // some drivers never write it
    trace(RD_KIND_CALLBACK, RD_EV_BIND_ADAPTER, 0, 0, transition, name_hash(name));
    protocol->characteristics.BindAdapterHandler(&status, transition, &name, &path, nullptr);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_BIND_ADAPTER, 0, status, transition);
    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&transition->done, Executive, KernelMode, FALSE, nullptr);
        status = transition->status;
    }
    return status;
}

void call_unbind(Open* open) {
    Transition* transition = new_transition(false, open->protocol, open->miniport);
    // An unbind cannot be given up for want of memory; the next try comes when somebody has freed some.
    for (LARGE_INTEGER pause = {.QuadPart = -10 * 10000}; !transition; transition = new_transition(false, open->protocol, open->miniport))
        KeDelayExecutionThread(KernelMode, FALSE, &pause);
    {
        const CoreGuard guard;
        InsertTailList(&all_transitions, &transition->all);
    }
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    const USHORT binding = open->number;
    trace(RD_KIND_CALLBACK, RD_EV_UNBIND_ADAPTER, binding, 0, open->context, number(transition));
    open->protocol->characteristics.UnbindAdapterHandler(&status, open->context, transition);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_UNBIND_ADAPTER, binding, status, open->context, number(transition));
    if (status == NDIS_STATUS_PENDING) KeWaitForSingleObject(&transition->done, Executive, KernelMode, FALSE, nullptr);
    forget(transition);
    ExFreePoolWithTag(transition, kBindingTag);
}

/// The unbind is over. An open the driver has not closed is closed here, so that the system goes on and the host judges.
void close_what_was_left(Open* open) {
    if (!claim_close(open)) return;
    note_bad_call(RD_VIOLATION_UNBIND_LEFT_OPEN, open, open->number, "ProtocolUnbindAdapter");
    close_open(open, false);
}

UnbindStep step_of(const Open* open) {
    return unbind_step(open->state, open->unbind_called, open->complete_open || bind_under_way(open->protocol, open->miniport));
}

/// With CoreLock held: the caller will wait for the open to be gone. True: it is also the one to call UnbindAdapter.
bool claim_unbind(Open* open) {
    ++open->waiters;
    if (step_of(open) != UnbindStep::call) return false;
    open->unbind_called = true;
    open->state = OpenState::unbinding;
    ++open->protocol->users;  // UnbindAdapter may still run when the open is gone
    return true;
}

void finish_unbind(Open* open, bool mine) {
    Protocol* protocol = open->protocol;
    if (mine) {
        if (!RdFaultWanted(RD_FAULT_FORGETS_UNBINDS)) call_unbind(open);
        close_what_was_left(open);
    }
    wait_until_gone(open);
    if (mine) leave_protocol(protocol);
}

/// Unbinds one open that `chosen` names; false when it names none.
template <class Choose>
bool unbind_one(Choose choose) {
    Open* open;
    bool mine = false;
    {
        const CoreGuard guard;
        open = choose();
        if (open) mine = claim_unbind(open);
    }
    if (open) finish_unbind(open, mine);
    return open != nullptr;
}

/// The first open of a list that can be unbound or waited for now. One on its way up cannot: BindAdapter's end comes first.
Open* first_to_unbind(LIST_ENTRY& list, bool by_protocol) {
    for (PLIST_ENTRY entry = list.Flink; entry != &list; entry = entry->Flink) {
        Open* open = by_protocol ? CONTAINING_RECORD(entry, Open, protocol_entry) : CONTAINING_RECORD(entry, Open, miniport_entry);
        if (step_of(open) != UnbindStep::wait_for_bind) return open;
    }
    return nullptr;
}

/// BindAdapter and its end, for the transition's pair.
NDIS_STATUS offer(Transition* transition) {
    const NDIS_STATUS status = call_bind(transition);
    forget(transition);
    return status;
}

enum class Pair { none, on_its_way, unbindable };
Pair look_at_pair(PCUNICODE_STRING protocol_name, PCUNICODE_STRING miniport_name) {
    const CoreGuard guard;
    Protocol* protocol = find_protocol_by_name(protocol_name);
    const Miniport* miniport = find_miniport_by_name(miniport_name);
    if (!protocol || !miniport) return Pair::none;
    const Open* open = find_pair(protocol, miniport);
    if (open && step_of(open) != UnbindStep::wait_for_bind) return Pair::unbindable;
    return open || bind_under_way(protocol, miniport) ? Pair::on_its_way : Pair::none;
}

}  // namespace

NTSTATUS bind(Protocol* protocol, Miniport* miniport) {
    Transition* transition = new_transition(true, protocol, miniport);
    if (!transition) return STATUS_INSUFFICIENT_RESOURCES;
    BindStep step;
    while ((step = claim_bind(transition)) == BindStep::wait) wait_for_change(protocol->changed);
    const NDIS_STATUS status = step == BindStep::call ? offer(transition) : NDIS_STATUS_SUCCESS;
    ExFreePoolWithTag(transition, kBindingTag);
    const CoreGuard guard;
    // A bind that reports success but opened nothing is not a binding.
    if (status == NDIS_STATUS_SUCCESS && !find_pair(protocol, miniport)) return STATUS_UNSUCCESSFUL;
    return static_cast<NTSTATUS>(status);
}

NTSTATUS unbind_pair(PCUNICODE_STRING protocol_name, PCUNICODE_STRING miniport_name) {
    bool any = false;
    for (;;) {
        const Pair pair = look_at_pair(protocol_name, miniport_name);
        if (pair == Pair::none) return any ? STATUS_SUCCESS : STATUS_NOT_FOUND;
        if (pair == Pair::on_its_way) {
            LARGE_INTEGER moment = {.QuadPart = -1 * 10000};
            KeDelayExecutionThread(KernelMode, FALSE, &moment);
            continue;
        }
        any |= unbind_one([&]() -> Open* {
            Protocol* protocol = find_protocol_by_name(protocol_name);
            Miniport* miniport = find_miniport_by_name(miniport_name);
            Open* open = protocol && miniport ? find_pair(protocol, miniport) : nullptr;
            return open && step_of(open) != UnbindStep::wait_for_bind ? open : nullptr;
        });
    }
}

void unbind_all_of_miniport(Miniport* miniport) {
    for (;;) {
        while (unbind_one([&] { return first_to_unbind(miniport->opens, false); })) {
        }
        {
            const CoreGuard guard;
            if (IsListEmpty(&miniport->opens) && miniport->users == 0) return;
        }
        wait_for_change(miniport->changed);
    }
}

void unbind_all_of_protocol(Protocol* protocol) {
    for (;;) {
        while (unbind_one([&] { return first_to_unbind(protocol->opens, true); })) {
        }
        {
            const CoreGuard guard;
            if (IsListEmpty(&protocol->opens) && IsListEmpty(&protocol->binds) && protocol->users == 0) return;
        }
        wait_for_change(protocol->changed);
    }
}

}  // namespace ndis

using namespace ndis;

/// The end of a bind for which BindAdapter returned NDIS_STATUS_PENDING. A context that is not (any more) one of a bind: a
/// violation in the trace. PASSIVE_LEVEL.
extern "C" VOID NTAPI NdisCompleteBindAdapter(NDIS_HANDLE BindContext, NDIS_STATUS Status, NDIS_STATUS) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisCompleteBindAdapter", NDIS_CALLER);
    trace(RD_KIND_CALL, RD_EV_COMPLETE_BIND, 0, Status, BindContext);
    complete(BindContext, true, Status, "NdisCompleteBindAdapter");
    trace(RD_KIND_RETURN, RD_EV_COMPLETE_BIND, 0, Status, BindContext);
}

/// The end of an unbind for which UnbindAdapter returned NDIS_STATUS_PENDING; once. PASSIVE_LEVEL.
extern "C" VOID NTAPI NdisCompleteUnbindAdapter(NDIS_HANDLE UnbindContext, NDIS_STATUS Status) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisCompleteUnbindAdapter", NDIS_CALLER);
    trace(RD_KIND_CALL, RD_EV_COMPLETE_UNBIND, 0, Status, UnbindContext);
    complete(UnbindContext, false, Status, "NdisCompleteUnbindAdapter");
    trace(RD_KIND_RETURN, RD_EV_COMPLETE_UNBIND, 0, Status, UnbindContext);
}

/// The name for people of the adapter a bind under way is for, to be freed with NdisFreeString. PASSIVE_LEVEL, between the call of
/// BindAdapter and the bind's end.
extern "C" NDIS_STATUS NTAPI NdisQueryBindInstanceName(PNDIS_STRING AdapterInstanceName, NDIS_HANDLE BindingContext) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisQueryBindInstanceName", NDIS_CALLER);
    Miniport* miniport = nullptr;
    {
        const CoreGuard guard;
        for (PLIST_ENTRY entry = all_transitions.Flink; entry != &all_transitions; entry = entry->Flink) {
            Transition* transition = CONTAINING_RECORD(entry, Transition, all);
            if (transition == BindingContext && transition->bind && !transition->completed) miniport = transition->miniport;
        }
    }
    if (!miniport) {
        note_bad_call(RD_VIOLATION_BAD_OPEN_HANDLE, BindingContext, 0, "NdisQueryBindInstanceName");
        return NDIS_STATUS_FAILURE;
    }
    return adapter_instance_name(miniport->resources, NDIS_CALLER, AdapterInstanceName);
}
