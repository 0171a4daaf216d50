// SPDX-License-Identifier: MIT
// defects/deregisters_at_dispatch.cpp
//
// Deregisters while holding a spin lock.
#include "protocol5/ndis_calls.hpp"

extern "C" NDIS_STATUS __real_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    static rundown::SpinLock lock;
    const rundown::SpinLockGuard guard(lock);

    return __real_P5NdisDeregisterProtocol(Protocol);
}
