// SPDX-License-Identifier: MIT
// defects/corrupts_a_frame.cpp
//
// Writes into a frame's memory after it has been made: every 64th goes out with a wrong byte.
#include "protocol5/packet.hpp"

extern "C" PNDIS_PACKET
__real_P5BuildPacket(P5_BINDING *Binding, P5_SEND_SLOT *Slot, ULONG Sequence);

extern "C" PNDIS_PACKET
__wrap_P5BuildPacket(P5_BINDING *Binding, P5_SEND_SLOT *Slot, ULONG Sequence)
{
    constexpr ULONG every = 64;
    const PNDIS_PACKET packet = __real_P5BuildPacket(Binding, Slot, Sequence);

    if (packet != nullptr && Sequence % every == 0) {
        Slot->Frame[RD_FRAME_MIN - 1] ^= 0xFF;
    }
    return packet;
}
