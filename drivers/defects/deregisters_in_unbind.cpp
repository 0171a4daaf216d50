// SPDX-License-Identifier: MIT
// defects/deregisters_in_unbind.cpp
//
// Deregisters from inside ProtocolUnbindAdapter: the deregistration waits for the unbind that waits
// for it.
#include "protocol5/protocol5.hpp"

extern "C" void
__wrap_P5DeregisterSoon(void)
{
    P5Deregister();
}
