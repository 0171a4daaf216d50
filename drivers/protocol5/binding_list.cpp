// SPDX-License-Identifier: MIT
// protocol5/binding_list.cpp
//
// The bindings that exist: made, found, counted, freed. A binding is on the list from before
// NdisOpenAdapter until its close has completed, so its name cannot be opened twice.
#include "protocol5/ndis_calls.hpp"

namespace
{

/// Ignoring case, as device names are compared. IRQL <= DISPATCH_LEVEL: no upcase tables, the names
/// are ASCII.
bool
SameName(PCUNICODE_STRING left, PCUNICODE_STRING right)
{
    const auto upper = [](WCHAR c) {
        return c >= L'a' && c <= L'z' ? static_cast<WCHAR>(c - 32) : c;
    };

    if (left->Length != right->Length) {
        return false;
    }
    for (USHORT i = 0; i < left->Length / sizeof(WCHAR); ++i) {
        if (upper(left->Buffer[i]) != upper(right->Buffer[i])) {
            return false;
        }
    }
    return true;
}

/// With BindingsLock held.
P5_BINDING *
FindByName(PCUNICODE_STRING name)
{
    for (P5_BINDING *binding = P5.Bindings.First(); binding != nullptr;
         binding = P5.Bindings.Next(binding)) {
        if (SameName(&binding->Name, name)) {
            return binding;
        }
    }
    return nullptr;
}

NDIS_STATUS
AllocateBindingMemory(P5_BINDING *binding)
{
    const P5_WHO who = P5Who(binding);
    NDIS_STATUS status = P5NdisAllocatePacketPool(
        who, &binding->PacketPool, P5SendSlots + P5TransferSlots, 4 * sizeof(PVOID));

    if (status == NDIS_STATUS_SUCCESS) {
        // Two buffers a packet sent, headers and payload; one a packet fetched.
        status =
            P5NdisAllocateBufferPool(who, &binding->BufferPool, 2 * P5SendSlots + P5TransferSlots);
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = P5InitializeSender(binding);
    }
    if (status == NDIS_STATUS_SUCCESS) {
        status = P5InitializeTransfers(binding);
    }
    return status;
}

void
CopyName(P5_BINDING *binding, PCUNICODE_STRING name)
{
    RtlCopyMemory(binding->NameBuffer, name->Buffer, name->Length);
    binding->Name.Buffer = binding->NameBuffer;
    binding->Name.Length = name->Length;
    binding->Name.MaximumLength = sizeof(binding->NameBuffer);
}

} // namespace

P5_BINDING *
P5CreateBinding(PCUNICODE_STRING Name, NDIS_HANDLE BindContext, PNDIS_STATUS Status)
{
    if (Name->Length > sizeof(P5_BINDING::NameBuffer)) {
        *Status = NDIS_STATUS_INVALID_LENGTH;
        return nullptr;
    }

    P5_BINDING *binding = rundown::AllocateObject<P5_BINDING>(P5Tag);

    if (binding == nullptr) {
        *Status = NDIS_STATUS_RESOURCES;
        return nullptr;
    }
    binding->Number = P5Trace.DrawBindingNumber();
    binding->State = P5Opening;
    binding->BindContext = BindContext;
    binding->Uses.Initialize();
    KeInitializeEvent(&binding->OpenCompleted, NotificationEvent, FALSE);
    CopyName(binding, Name);
    P5Note(P5Who(binding), RD_EV_BINDING_CREATED, binding);

    *Status = AllocateBindingMemory(binding);
    if (*Status == NDIS_STATUS_SUCCESS) {
        const rundown::SpinLockGuard guard(P5.BindingsLock);

        if (FindByName(Name) != nullptr) {
            *Status = NDIS_STATUS_OPEN_FAILED;
        } else {
            P5.Bindings.InsertTail(binding);
        }
    }
    if (*Status != NDIS_STATUS_SUCCESS) {
        P5FreeBinding(binding);
        return nullptr;
    }
    return binding;
}

void
P5FreeBinding(P5_BINDING *Binding)
{
    const P5_WHO who = P5Who(Binding);

    P5FreeTransfers(Binding);
    P5FreeSender(Binding);
    P5NdisFreeBufferPool(who, Binding->BufferPool);
    P5NdisFreePacketPool(who, Binding->PacketPool);
    P5Note(who, RD_EV_BINDING_FREED, Binding);
    rundown::FreePool(Binding, P5Tag);
}

BOOLEAN
P5RemoveBinding(P5_BINDING *Binding, NDIS_HANDLE *UnbindContext)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);

    P5.Bindings.Remove(Binding);
    *UnbindContext = Binding->UnbindContext;
    return P5.Bindings.IsEmpty();
}

P5_WHO
P5WhoIs(const void *Context)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);

    for (P5_BINDING *binding = P5.Bindings.First(); binding != nullptr;
         binding = P5.Bindings.Next(binding)) {
        if (binding == Context) {
            return P5Who(binding);
        }
    }
    return P5Nobody;
}

P5_BINDING *
P5BeginCloseByName(PCUNICODE_STRING Name)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);
    P5_BINDING *binding = FindByName(Name);

    if (binding == nullptr || binding->State != P5Bound) {
        return nullptr;
    }
    binding->State = P5Closing;
    return binding;
}

P5_BINDING *
P5BeginCloseOfAny(void)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);

    for (P5_BINDING *binding = P5.Bindings.First(); binding != nullptr;
         binding = P5.Bindings.Next(binding)) {
        if (binding->State == P5Bound) {
            binding->State = P5Closing;
            return binding;
        }
    }
    return nullptr;
}

ULONG
P5ReferenceBindings(P5_BINDING **Bindings, ULONG Room)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);
    ULONG count = 0;

    for (P5_BINDING *binding = P5.Bindings.First(); binding != nullptr && count < Room;
         binding = P5.Bindings.Next(binding)) {
        if (binding->State == P5Bound && binding->Uses.TryAcquire()) {
            Bindings[count++] = binding;
        }
    }
    return count;
}

void
P5DescribeBindings(rd_p5_bindings *Description)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);

    RtlZeroMemory(Description, sizeof(*Description));
    for (P5_BINDING *binding = P5.Bindings.First();
         binding != nullptr && Description->count < RTL_NUMBER_OF(Description->binding);
         binding = P5.Bindings.Next(binding)) {
        auto &entry = Description->binding[Description->count++];
        const USHORT room = sizeof(entry.name) - sizeof(WCHAR);

        entry.number = binding->Number;
        entry.state = binding->State;
        RtlCopyMemory(
            entry.name,
            binding->NameBuffer,
            binding->Name.Length < room ? binding->Name.Length : room);
    }
}

void
P5SumUpBindings(rd_p5_counters *Counters)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);

    for (P5_BINDING *binding = P5.Bindings.First(); binding != nullptr;
         binding = P5.Bindings.Next(binding)) {
        const rundown::SpinLockGuard sender(binding->Sender.Lock);
        const rundown::SpinLockGuard receiver(binding->Receiver.Lock);

        ++Counters->bindings;
        Counters->sends_in_flight += binding->Sender.InFlight;
        Counters->receives_held += binding->Receiver.Held.Count();
        Counters->requests_in_flight += static_cast<ULONG>(binding->RequestsInFlight);
    }
}
