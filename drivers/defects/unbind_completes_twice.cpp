// SPDX-License-Identifier: MIT
// defects/unbind_completes_twice.cpp
//
// Completes every unbind once more than NDIS asked for: after the status that ProtocolUnbindAdapter
// returns, or after the NdisCompleteUnbindAdapter that it owes.
#include "protocol5/ndis_calls.hpp"

extern "C" void __real_P5FinishClose(P5_BINDING *Binding, BOOLEAN InsideUnbind);

extern "C" void
__wrap_P5FinishClose(P5_BINDING *Binding, BOOLEAN InsideUnbind)
{
    const P5_WHO who = P5Who(Binding);
    const NDIS_HANDLE unbindContext = Binding->UnbindContext;

    __real_P5FinishClose(Binding, InsideUnbind);
    if (unbindContext != nullptr) {
        P5NdisCompleteUnbindAdapter(who, unbindContext, NDIS_STATUS_SUCCESS);
    }
}
