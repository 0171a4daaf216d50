// SPDX-License-Identifier: MIT
// protocol5/counters.cpp
#include "protocol5/protocol5.hpp"

void
P5Count(ULONG64 *Counter, ULONG64 Amount)
{
    __atomic_fetch_add(Counter, Amount, __ATOMIC_RELAXED);
}

/// Each number is right by itself; traffic goes on between them. IRQL <= DISPATCH_LEVEL.
void
P5GetCounters(rd_p5_counters *Counters)
{
    RtlZeroMemory(Counters, sizeof(*Counters));
    P5SumUpBindings(Counters);
    Counters->sent = __atomic_load_n(&P5.Counters.Sent, __ATOMIC_RELAXED);
    Counters->send_failures = __atomic_load_n(&P5.Counters.SendFailures, __ATOMIC_RELAXED);
    Counters->received = __atomic_load_n(&P5.Counters.Received, __ATOMIC_RELAXED);
    Counters->receive_bytes = __atomic_load_n(&P5.Counters.ReceiveBytes, __ATOMIC_RELAXED);
    Counters->receive_bad = __atomic_load_n(&P5.Counters.ReceiveBad, __ATOMIC_RELAXED);
    Counters->requests = __atomic_load_n(&P5.Counters.Requests, __ATOMIC_RELAXED);
}
