// SPDX-License-Identifier: MIT
// defects/never_closes.cpp
//
// Unbinds without NdisCloseAdapter: reports an unbind as complete whose open is still NDIS's.
#include "protocol5/ndis_calls.hpp"

extern "C" NDIS_STATUS
__wrap_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open)
{
    UNREFERENCED_PARAMETER(Who);
    UNREFERENCED_PARAMETER(Open);

    return NDIS_STATUS_SUCCESS;
}
