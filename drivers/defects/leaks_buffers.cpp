// SPDX-License-Identifier: MIT
// defects/leaks_buffers.cpp
//
// Frees the packets it has sent and forgets their buffers.
#include "protocol5/packet.hpp"

extern "C" P5_SEND_SLOT *__real_P5FreePacket(PNDIS_PACKET Packet);

extern "C" P5_SEND_SLOT *
__wrap_P5FreePacket(PNDIS_PACKET Packet)
{
    NdisReinitializePacket(Packet);
    return __real_P5FreePacket(Packet);
}
