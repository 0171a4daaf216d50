// SPDX-License-Identifier: MIT
// defects/deregisters_twice.cpp
//
// Hands NDIS a protocol handle that it has already given up.
#include "protocol5/ndis_calls.hpp"

extern "C" NDIS_STATUS __real_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    __real_P5NdisDeregisterProtocol(Protocol);
    return __real_P5NdisDeregisterProtocol(Protocol);
}
