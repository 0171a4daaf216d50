// SPDX-License-Identifier: MIT
// defects/touches_after_deregister.cpp
//
// Remembers a binding beyond its end and uses it once the protocol has been deregistered, as a
// timer or a thread would that nobody stopped. The note in the trace comes before the use, which
// may be the guest's last act.
#include "protocol5/ndis_calls.hpp"

extern "C" void __real_P5FreeBinding(P5_BINDING *Binding);
extern "C" NDIS_STATUS __real_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

namespace
{

P5_BINDING *Remembered;
P5_WHO RememberedAs;

} // namespace

extern "C" void
__wrap_P5FreeBinding(P5_BINDING *Binding)
{
    Remembered = Binding;
    RememberedAs = P5Who(Binding);
    __real_P5FreeBinding(Binding);
}

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    const NDIS_STATUS status = __real_P5NdisDeregisterProtocol(Protocol);

    if (Remembered != nullptr) {
        P5Note(RememberedAs, RD_EV_BINDING_TOUCHED, Remembered);
        InterlockedIncrement(&Remembered->RequestsInFlight);
    }
    return status;
}
