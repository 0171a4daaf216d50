// SPDX-License-Identifier: MIT
// defects/unload_without_deregister.cpp
//
// Unloads with the protocol registered and its bindings open: NDIS keeps calling into an image that
// is gone.
#include "protocol5/protocol5.hpp"

extern "C" NTSTATUS
__wrap_P5Deregister(void)
{
    return STATUS_SUCCESS;
}
