// SPDX-License-Identifier: MIT
// defects/deregisters_by_the_wrong_function.cpp
//
// Registers as NDIS 5.1 and deregisters by the function of NDIS 6.
#include "protocol5/trace.hpp"

extern "C" __declspec(dllimport) VOID NTAPI
    NdisDeregisterProtocolDriver(NDIS_HANDLE NdisProtocolHandle);

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    rundown::TraceRecord record = {
        .Kind = RD_KIND_CALL,
        .Event = RD_EV_DEREGISTER_PROTOCOL,
        .Object = rundown::TraceValue(Protocol)};

    P5Trace.Write(record);
    NdisDeregisterProtocolDriver(Protocol);
    record.Kind = RD_KIND_RETURN;
    P5Trace.Write(record);
    return NDIS_STATUS_SUCCESS;
}
