// SPDX-License-Identifier: MIT
// defects/deregisters_a_wrong_handle.cpp
//
// Hands NDIS a handle that it has never given out, then the right one.
#include "protocol5/ndis_calls.hpp"

extern "C" NDIS_STATUS __real_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    static ULONG notAProtocol;

    __real_P5NdisDeregisterProtocol(&notAProtocol);
    return __real_P5NdisDeregisterProtocol(Protocol);
}
