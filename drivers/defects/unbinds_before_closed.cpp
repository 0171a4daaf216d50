// SPDX-License-Identifier: MIT
// defects/unbinds_before_closed.cpp
//
// Takes a close that pends for one that is over: completes the unbind at once, and keeps the
// binding's memory for the callback that comes later.
#include "protocol5/ndis_calls.hpp"

extern "C" void __real_P5FinishClose(P5_BINDING *Binding, BOOLEAN InsideUnbind);
extern "C" NDIS_STATUS __real_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open);

extern "C" NDIS_STATUS
__wrap_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(const_cast<void *>(Who.Context));
    const NDIS_HANDLE unbindContext = binding->UnbindContext;
    const NDIS_STATUS status = __real_P5NdisCloseAdapter(Who, Open);

    if (status == NDIS_STATUS_PENDING && unbindContext != nullptr) {
        binding->UnbindContext = nullptr;
        P5NdisCompleteUnbindAdapter(Who, unbindContext, NDIS_STATUS_SUCCESS);
    }
    return status;
}
