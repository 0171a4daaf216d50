// SPDX-License-Identifier: MIT
// defects/closes_twice.cpp
//
// Closes a binding once more than it was opened.
#include "protocol5/ndis_calls.hpp"

extern "C" NDIS_STATUS __real_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open);

extern "C" NDIS_STATUS
__wrap_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open)
{
    const NDIS_STATUS status = __real_P5NdisCloseAdapter(Who, Open);

    __real_P5NdisCloseAdapter(Who, Open);
    return status;
}
