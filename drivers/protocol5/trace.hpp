// SPDX-License-Identifier: MIT
// protocol5/trace.hpp
//
// How the driver's code writes its trace: one object per callback, and one note per fact. The calls
// into NDIS are traced in ndis_calls.cpp. Any IRQL.
#pragma once
#include "lib/trace_writer.hpp"
#include "protocol5/protocol5.hpp"

extern rundown::TraceWriter P5Trace;

/// Which binding a record is about, by value: after some calls the binding may be gone. Number 0,
/// context null: none.
struct P5_WHO {
    USHORT Number;
    const void *Context;
};

inline P5_WHO
P5Who(const P5_BINDING *binding)
{
    return {binding->Number, binding};
}

constexpr P5_WHO P5Nobody = {0, nullptr};

/// Writes the entry of a callback now and its return when the scope ends.
class P5CallbackTrace
{
  public:
    P5CallbackTrace(
        P5_WHO who,
        rd_trace_event event,
        const volatile void *object,
        ULONG64 argument0 = 0,
        ULONG64 argument1 = 0,
        ULONG status = 0)
        : Record_{
              .Kind = RD_KIND_CALLBACK,
              .Event = event,
              .Binding = who.Number,
              .Status = status,
              .Object = rundown::TraceValue(object),
              .Arguments = {argument0, argument1, 0}}
    {
        P5Trace.Write(Record_);
        Record_.Kind = RD_KIND_CALLBACK_RETURN;
    }
    ~P5CallbackTrace()
    {
        P5Trace.Write(Record_);
    }
    P5CallbackTrace(const P5CallbackTrace &) = delete;
    P5CallbackTrace &operator=(const P5CallbackTrace &) = delete;

    /// The status the callback returns.
    void Returns(ULONG status)
    {
        Record_.Status = status;
    }

    /// The binding turned out to be this one (BindAdapter makes its own).
    void Concerns(P5_WHO who)
    {
        Record_.Binding = who.Number;
    }

    /// What the return record says in its second argument.
    void Tells(ULONG64 argument1)
    {
        Record_.Arguments[1] = argument1;
    }

  private:
    rundown::TraceRecord Record_;
};

/// A fact. `status` where the event has one.
inline void
P5Note(
    P5_WHO who,
    rd_trace_event event,
    const volatile void *object,
    ULONG64 argument0 = 0,
    ULONG64 argument1 = 0)
{
    P5Trace.Write(
        {.Kind = RD_KIND_NOTE,
         .Event = event,
         .Binding = who.Number,
         .Object = rundown::TraceValue(object),
         .Arguments = {argument0, argument1, 0}});
}

extern "C" {

/// The binding with that context, looked up without touching it: nobody when there is none. IRQL <=
/// DISPATCH_LEVEL.
P5_WHO P5WhoIs(const void *Context);

/// What the binding has in flight now, as a record. IRQL <= DISPATCH_LEVEL.
void P5NoteInFlight(P5_BINDING *Binding);

/// Attaches the trace to the window that the service's parameters name. PASSIVE_LEVEL,
/// DriverEntry's first act.
void P5AttachTrace(PCUNICODE_STRING RegistryPath);
}
