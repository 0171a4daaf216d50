// SPDX-License-Identifier: MIT
// defects/leaks_packet_pool.cpp
//
// Never frees a binding's packet pool: NDIS's memory on the driver's behalf stays for ever.
#include "protocol5/ndis_calls.hpp"

extern "C" void
__wrap_P5NdisFreePacketPool(P5_WHO Who, NDIS_HANDLE Pool)
{
    UNREFERENCED_PARAMETER(Who);
    UNREFERENCED_PARAMETER(Pool);
}
