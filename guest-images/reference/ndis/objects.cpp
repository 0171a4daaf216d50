// SPDX-License-Identifier: MIT
// ndis/objects.cpp
//
// Handles are addresses that drivers give back, so each is looked up in NDIS's own lists before it is believed; and the
// references that decide when an open is gone.
#include "ndis/ndisp.hpp"

namespace ndis {

KSPIN_LOCK CoreLock;
LIST_ENTRY Protocols, Miniports, MiniportDrivers;

namespace {

volatile LONG binding_numbers;

template <class T>
T* find(LIST_ENTRY& list, const void* handle) {
    for (PLIST_ENTRY entry = list.Flink; entry != &list; entry = entry->Flink) {
        T* object = CONTAINING_RECORD(entry, T, entry);
        if (object == handle) return object;
    }
    return nullptr;
}

template <class T>
T* find_by_name(LIST_ENTRY& list, PCUNICODE_STRING name) {
    for (PLIST_ENTRY entry = list.Flink; entry != &list; entry = entry->Flink) {
        T* object = CONTAINING_RECORD(entry, T, entry);
        // The names are ASCII; RtlEqualUnicodeString is for PASSIVE_LEVEL.
        const UNICODE_STRING& own = object->name_string;
        bool same = own.Length == name->Length;
        for (USHORT i = 0; same && i < own.Length / sizeof(WCHAR); ++i) {
            const auto upper = [](WCHAR c) { return c >= L'a' && c <= L'z' ? static_cast<WCHAR>(c - 32) : c; };
            same = upper(own.Buffer[i]) == upper(name->Buffer[i]);
        }
        if (same) return object;
    }
    return nullptr;
}

Open* find_open(NDIS_HANDLE handle) {
    for (PLIST_ENTRY entry = Miniports.Flink; entry != &Miniports; entry = entry->Flink) {
        Miniport* miniport = CONTAINING_RECORD(entry, Miniport, entry);
        for (PLIST_ENTRY one = miniport->opens.Flink; one != &miniport->opens; one = one->Flink) {
            Open* open = CONTAINING_RECORD(one, Open, miniport_entry);
            if (open == handle) return open;
        }
    }
    return nullptr;
}

}  // namespace

Protocol* find_protocol(NDIS_HANDLE handle) { return find<Protocol>(Protocols, handle); }
Protocol* find_protocol_by_name(PCUNICODE_STRING name) { return find_by_name<Protocol>(Protocols, name); }
Miniport* find_miniport(NDIS_HANDLE handle) { return find<Miniport>(Miniports, handle); }
Miniport* find_miniport_by_name(PCUNICODE_STRING name) { return find_by_name<Miniport>(Miniports, name); }

USHORT next_binding_number() { return static_cast<USHORT>(InterlockedIncrement(&binding_numbers)); }

void reference(Open* open) { InterlockedIncrement(&open->references); }

void dereference(Open* open) {
    if (InterlockedDecrement(&open->references) == 0) last_reference_gone(open);
}

Open* reference_open(NDIS_HANDLE handle, const char* function) {
    {
        const CoreGuard guard;
        Open* open = find_open(handle);
        // A binding may be used from the moment its handle was handed out, and not once NdisCloseAdapter was called.
        if (open && handle_is_valid(open->state)) {
            reference(open);
            return open;
        }
    }
    note_bad_call(RD_VIOLATION_BAD_OPEN_HANDLE, handle, 0, function);
    return nullptr;
}

void leave_protocol(Protocol* protocol) {
    const CoreGuard guard;
    --protocol->users;
    KeSetEvent(&protocol->changed, IO_NO_INCREMENT, FALSE);
}

bool hold_miniport(Miniport* miniport) {
    const CoreGuard guard;
    if (miniport->state != MiniportState::running) return false;
    ++miniport->users;
    return true;
}

void keep_miniport(Miniport* miniport) {
    const CoreGuard guard;
    ++miniport->users;
}

void release_miniport(Miniport* miniport) {
    const CoreGuard guard;
    --miniport->users;
    KeSetEvent(&miniport->changed, IO_NO_INCREMENT, FALSE);
}

ULONG reference_opens(Miniport* miniport, Open** opens) {
    const CoreGuard guard;
    ULONG count = 0;
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens && count < kOpensMax; entry = entry->Flink) {
        Open* open = CONTAINING_RECORD(entry, Open, miniport_entry);
        if (!gets_indications(open->state)) continue;
        reference(open);
        opens[count++] = open;
    }
    return count;
}

ULONG open_count(const Protocol* protocol) {
    ULONG count = 0;
    for (PLIST_ENTRY entry = protocol->opens.Flink; entry != &protocol->opens; entry = entry->Flink) ++count;
    return count;
}

PDRIVER_OBJECT driver_object_of(NDIS_HANDLE wrapper) {
    const CoreGuard guard;
    MiniportDriver* driver = find<MiniportDriver>(MiniportDrivers, wrapper);
    if (!driver) RdBugCheckText("ndis.sys: not a handle of NdisInitializeWrapper", 0xC4, 0x52440200, number(wrapper), 0, 0);
    return driver->driver;
}

namespace {

/// A miniport handle is used at every interrupt, so it is checked by what lies behind it instead of by the list.
Miniport* checked_miniport(NDIS_HANDLE handle) {
    auto* miniport = static_cast<Miniport*>(handle);
    if (!MmIsAddressValid(miniport) || miniport->block.Signature != miniport)
        RdBugCheckText("ndis.sys: not a miniport's handle", 0xC4, 0x52440201, number(handle), 0, 0);
    return miniport;
}

}  // namespace

AdapterResources* resources_of(NDIS_HANDLE adapter) { return &checked_miniport(adapter)->resources; }

const NDIS_MINIPORT_CHARACTERISTICS& characteristics_of(NDIS_HANDLE adapter) {
    return checked_miniport(adapter)->owner->characteristics;
}

void note_bad_call(rd_trace_violation what, PVOID object, ULONG64 detail, const char* function) {
    char text[96];
    SIZE_T at = 0;
    const char* const parts[] = {"ndis.sys: ", function, ": breaks the contract, see the trace\n"};
    for (const char* part : parts)
        for (; *part && at + 1 < sizeof text; ++part) text[at++] = *part;
    text[at] = 0;
    note_violation(what, object, detail, text);
}

void queue_own_work(PWORK_QUEUE_ITEM item, PWORKER_THREAD_ROUTINE routine, PVOID context) {
    ExInitializeWorkItem(item, routine, context);
    ExQueueWorkItem(item, CriticalWorkQueue);
}

void wait_for_change(KEVENT& changed) {
    LARGE_INTEGER timeout = {.QuadPart = -20 * 10000};
    KeWaitForSingleObject(&changed, Executive, KernelMode, FALSE, &timeout);
}

}  // namespace ndis
