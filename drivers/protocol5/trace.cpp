// SPDX-License-Identifier: MIT
// protocol5/trace.cpp
#include "protocol5/trace.hpp"

constinit rundown::TraceWriter P5Trace = {};

void
P5AttachTrace(PCUNICODE_STRING RegistryPath)
{
    P5Trace.Attach(rundown::DriverParameters(RegistryPath));
}

void
P5NoteInFlight(P5_BINDING *Binding)
{
    ULONG sends;
    ULONG held;

    {
        const rundown::SpinLockGuard guard(Binding->Sender.Lock);
        sends = Binding->Sender.InFlight;
    }
    {
        const rundown::SpinLockGuard guard(Binding->Receiver.Lock);
        held = Binding->Receiver.Held.Count();
    }
    P5Note(
        P5Who(Binding),
        RD_EV_IN_FLIGHT,
        Binding,
        sends | static_cast<ULONG64>(held) << 32,
        static_cast<ULONG64>(Binding->RequestsInFlight));
}
