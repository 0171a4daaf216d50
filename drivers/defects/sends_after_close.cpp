// SPDX-License-Identifier: MIT
// defects/sends_after_close.cpp
//
// Sends one more packet through a binding handle after NdisCloseAdapter has taken it.
#include "protocol5/packet.hpp"

extern "C" NDIS_STATUS __real_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open);

extern "C" NDIS_STATUS
__wrap_P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open)
{
    static P5_SEND_SLOT slot;
    P5_BINDING *binding = static_cast<P5_BINDING *>(const_cast<void *>(Who.Context));
    const PNDIS_PACKET packet = P5BuildPacket(binding, &slot, binding->Sender.NextSequence);
    const NDIS_STATUS status = __real_P5NdisCloseAdapter(Who, Open);

    if (packet != nullptr && P5NdisSend(Who, Open, packet) != NDIS_STATUS_PENDING) {
        P5FreePacket(packet);
    }
    return status;
}
