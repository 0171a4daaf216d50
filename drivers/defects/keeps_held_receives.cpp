// SPDX-License-Identifier: MIT
// defects/keeps_held_receives.cpp
//
// Forgets the receives it keeps when a binding closes: the books are balanced, the packets are
// never returned.
#include "protocol5/ndis_calls.hpp"

extern "C" void __real_P5ReturnHeldReceives(P5_BINDING *Binding, ULONG Keep);

extern "C" void
__wrap_P5ReturnHeldReceives(P5_BINDING *Binding, ULONG Keep)
{
    PNDIS_PACKET packet;

    if (!Binding->Uses.IsRunningDown()) {
        __real_P5ReturnHeldReceives(Binding, Keep);
        return;
    }

    const rundown::SpinLockGuard guard(Binding->Receiver.Lock);

    while (Binding->Receiver.Held.Pop(&packet)) {
        Binding->Uses.Release();
    }
}
